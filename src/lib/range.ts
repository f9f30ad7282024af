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

/** A number alone. */
export function unit(number: number): Range {
  return { start: number, end: number + 1 };
}

/** How many numbers are in ranges that do not overlap. */
export function countIn(ranges: readonly Range[]): number {
  let count = 0;
  for (const range of ranges) count += lengthOf(range);
  return count;
}

/** Each of the numbers in ranges. */
export function* numbersIn(ranges: Iterable<Range>): Generator<number, void> {
  for (const { start, end } of ranges) for (let number = start; number < end; number += 1) yield number;
}

/** What is left of ranges behind their first so many numbers. */
export function behindFirst(count: number, ranges: readonly Range[]): readonly Range[] {
  let passed = 0;
  return ranges.flatMap(({ start, end }) => {
    const rest = { start: Math.max(start, start + count - passed), end };
    passed += end - start;
    return lengthOf(rest) > 0 ? [rest] : [];
  });
}

/** Where each number of ranges stands, when they are written one behind the other. */
export function positionsIn(ranges: readonly Range[]): (number: number) => number {
  const [{ start }] = ranges as [Range];
  if (ranges.length === 1) return (number) => number - start;
  const positions = new Map<number, number>();
  for (const range of ranges) {
    for (let number = range.start; number < range.end; number += 1) positions.set(number, positions.size);
  }
  return (number) => positions.get(number)!;
}
