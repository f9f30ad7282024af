// What a chunk that takes long has not begun: while another thread has nothing to do, or something is to run before it,
// its worker is asked to give that back. What the thread has taken by then it runs.

import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { Asks } from './asks.ts';
import { placesIn, Turns } from './turns.ts';

export interface Moment {
  /** For how many something is wanted back: workers that could take it, or indices of `first`. */
  readonly wanted: number;
  /** All workers are taken, and this waits for one. */
  readonly first: ArrayRecord | undefined;
  readonly now: number;
}

/** Whether there is somebody to whom `chunk` should give what it has not begun. */
export function isDueFor({ first }: Moment, { array }: Chunk): boolean {
  return first === undefined || runsBefore(first, array);
}

export class Tails {
  /** Chunks of which nobody has asked anything back, the one that has run longest first. */
  readonly #running = new Turns<Chunk>(placesIn('running'));
  readonly #asks: Asks;
  readonly #tell: (chunk: Chunk) => void;
  readonly #patienceMs: number;
  /** When the next one will have run for too long. */
  nextDue = Infinity;

  /** `tell` is to tell the worker, once a chunk has taken longer than `patienceMs`. */
  constructor(tell: (chunk: Chunk) => void, { asks, patienceMs }: { asks: Asks; patienceMs: number }) {
    this.#tell = tell;
    this.#asks = asks;
    this.#patienceMs = patienceMs;
  }

  begun(chunk: Chunk): void {
    const { array, size, lanes, limit, isRecalled } = chunk;
    if (array.isSentAhead && size > lanes && limit === undefined && !isRecalled) this.#running.add(chunk);
  }

  ended(chunk: Chunk): void {
    this.#running.delete(chunk);
    this.#asks.delete(chunk);
  }

  answered(chunk: Chunk): void {
    this.#asks.delete(chunk);
  }

  recallFor(moment: Moment): void {
    const { wanted, now } = moment;
    this.nextDue = Infinity;
    for (let { first } = this.#running; first !== undefined && this.#asks.size < wanted; { first } = this.#running) {
      if (!isDueFor(moment, first)) return;
      const due = first.since + this.#patienceMs;
      if (due > now) return void (this.nextDue = due);
      this.#running.delete(first);
      // All that is left runs, or is done.
      if (first.outstanding.size <= first.lanes) continue;
      first.isRecalled = true;
      this.#asks.add(first, now);
      this.#tell(first);
    }
  }

  /** Whether any could be asked. */
  get isEmpty(): boolean {
    return this.#running.size === 0;
  }

  /** For the invariants: those that can still be asked. */
  [Symbol.iterator](): IterableIterator<Chunk> {
    return this.#running[Symbol.iterator]();
  }
}
