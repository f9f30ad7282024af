// Queued indices, one of which may have ended a whole worker. It is not known which one ran then, so they run again in
// smaller and smaller chunks until only one can be to blame. An index that was charged runs alone.

import type { Range } from '../lib/range.ts';
import { Ranges } from '../lib/ranges.ts';

export class Suspects {
  /** At position n: those that may run in chunks of at most 2ⁿ indices. */
  readonly #byExponent: Ranges[] = [];

  get size(): number {
    let size = 0;
    for (const ranges of this.#byExponent) size += ranges.size;
    return size;
  }

  has(index: number): boolean {
    return this.#byExponent.some((ranges) => ranges.has(index));
  }

  /** `limit` is rounded down to a power of two, so that the classes are few. */
  add(range: Range, limit: number): void {
    const exponent = 31 - Math.clz32(limit);
    while (this.#byExponent.length <= exponent) this.#byExponent.push(new Ranges());
    this.#byExponent[exponent]!.add(range);
  }

  /**
   * Removes and returns up to `count` of the suspects with the smallest chunks, all less than `span` behind the first
   * of them; and the largest chunk in which they may run, which stays when they are put back.
   */
  take(count: number, span: number): { readonly indices: Ranges; readonly limit: number } | undefined {
    for (const [exponent, ranges] of this.#byExponent.entries()) {
      const limit = 2 ** exponent;
      const indices = ranges.takeWithin(Math.min(limit, count), span);
      if (indices !== undefined) return { indices, limit };
    }
    return undefined;
  }

  clear(): void {
    this.#byExponent.length = 0;
  }

  *[Symbol.iterator](): Generator<Range, void> {
    for (const ranges of this.#byExponent) yield* ranges;
  }
}
