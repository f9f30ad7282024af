/** Ends a switch over a union: a case that is missing does not compile, and a value that lies throws. */
export function unreachable(value: never): never {
  throw new TypeError(`unexpected ${JSON.stringify(value)}`);
}
