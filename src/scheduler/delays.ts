// The indices that wait for their time, whatever array they are of.

import { Heap } from '../lib/heap.ts';
import type { ArrayRecord } from './array-record.ts';

export interface Delay {
  readonly array: ArrayRecord;
  readonly index: number;
  readonly until: number;
}

export class Delays {
  /** The next to wake first. Some may be of arrays that were forgotten meanwhile. */
  readonly #heap = new Heap<Delay>((a, b) => a.until < b.until);
  /** How many there are of living arrays. */
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** When the next one wakes. */
  get nextDue(): number {
    return this.#heap.peek()?.until ?? Infinity;
  }

  add(delay: Delay): void {
    delay.array.delayed.set(delay.index, delay.until);
    this.#heap.push(delay);
    this.#count += 1;
  }

  /** Removes and returns the next one whose time has come. */
  take(now: number): Delay | undefined {
    for (let next = this.#heap.peek(); next && next.until <= now; next = this.#heap.peek()) {
      this.#heap.pop();
      if (!next.array.delayed.delete(next.index)) continue;
      this.#count -= 1;
      return next;
    }
    return undefined;
  }

  /** To be called before the array lets go of what it has delayed. */
  forget(array: ArrayRecord): void {
    this.#count -= array.delayed.size;
    // Sweeps when forgotten ones are more than half of the heap.
    if (this.#heap.size > 2 * this.#count) this.#heap.retain(({ array: { isNeeded } }) => isNeeded);
  }

  [Symbol.iterator](): Iterator<Delay> {
    return this.#heap[Symbol.iterator]();
  }
}
