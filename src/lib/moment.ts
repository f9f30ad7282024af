/** The last moment that a `Date` can hold, in milliseconds. */
export const lastMomentMs = 8.64e15;
