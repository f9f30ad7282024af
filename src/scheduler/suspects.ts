// Queued indices, one of which may have ended a whole worker. It is not known which one ran then, so they run again in
// smaller and smaller chunks until only one can be to blame. An index that was charged runs alone. One that is allowed
// no more losses, and was last lost with a worker that ran other chunks as well, is given to a worker on which nothing
// else runs: if that is lost too, it is clear which one was to blame.

import type { Range } from '../lib/range.ts';
import { Ranges } from '../lib/ranges.ts';

/** In place of the largest chunk that an index may run in: nothing else may run on its worker. */
export const alone = 0;

export class Suspects {
  /** At first those that run alone; at position n + 1 those that may run in chunks of at most 2ⁿ indices. */
  readonly #classes: Ranges[] = [];

  get size(): number {
    let size = 0;
    for (const ranges of this.#classes) size += ranges.size;
    return size;
  }

  has(index: number): boolean {
    return this.#classes.some((ranges) => ranges.has(index));
  }

  /** Whether the next one to run does so alone. */
  get isNextAlone(): boolean {
    return this.#classes[0]?.isEmpty === false;
  }

  runsAlone(index: number): boolean {
    return this.#classes[0]?.has(index) === true;
  }

  /** `limit` is `alone`, or rounded down to a power of two, so that the classes are few. */
  add(range: Range, limit: number): void {
    const position = 32 - Math.clz32(limit);
    while (this.#classes.length <= position) this.#classes.push(new Ranges());
    this.#classes[position]!.add(range);
  }

  /**
   * Removes and returns up to `count` of the suspects with the smallest chunks, all less than `span` behind the first
   * of them; and the largest chunk in which they may run, which stays when they are put back.
   */
  take(count: number, span: number): { readonly indices: Ranges; readonly limit: number } | undefined {
    for (const [position, ranges] of this.#classes.entries()) {
      const limit = position === 0 ? alone : 2 ** (position - 1);
      const indices = ranges.takeWithin(Math.min(Math.max(1, limit), count), span);
      if (indices !== undefined) return { indices, limit };
    }
    return undefined;
  }

  clear(): void {
    this.#classes.length = 0;
  }

  /** In the order in which they run. */
  *[Symbol.iterator](): Generator<Range, void> {
    for (const ranges of this.#classes) yield* ranges;
  }
}
