/** The whole numbers from `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export function lengthOf(range: Range): number {
  return range.end - range.start;
}

/** So many numbers from `start` on. */
export function rangeOf({ start, count }: { readonly start: number; readonly count: number }): Range {
  return { start, end: start + count };
}
