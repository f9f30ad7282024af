// Running chunks that take long. While another thread has nothing to do, or something is to run before such a chunk,
// its worker is asked to give back what it has not begun. What its thread has begun by then it runs.

import type { Chunk } from './array-record.ts';
import type { Asks } from './asks.ts';
import { firstDue, type Moment } from './giving-way.ts';
import { placesIn, Turns } from './turns.ts';

export class Tails {
  /** Chunks that were not recalled, the one that has run longest first. */
  readonly running = new Turns<Chunk>(placesIn('running'));
  readonly #asks: Asks;
  readonly #patienceMs: number;
  /** When the next one will have run for too long. */
  nextDue = Infinity;

  /** A chunk is recalled once it has taken longer than `patienceMs`. */
  constructor(asks: Asks, patienceMs: number) {
    this.#asks = asks;
    this.#patienceMs = patienceMs;
  }

  begun(chunk: Chunk): void {
    const { array, size, lanes, limit, isRecalled } = chunk;
    if (array.isSentAhead && size > lanes && limit === undefined && !isRecalled) this.running.add(chunk);
  }

  ended(chunk: Chunk): void {
    this.running.delete(chunk);
    this.#asks.delete(chunk);
  }

  recallFor(moment: Moment): void {
    const { now } = moment;
    this.nextDue = Infinity;
    const next = () => firstDue(this.running, moment, this.#asks);
    for (let chunk = next(); chunk !== undefined; chunk = next()) {
      const due = chunk.since + this.#patienceMs;
      if (due > now) return void (this.nextDue = due);
      this.running.delete(chunk);
      // No more than its lanes are left: all of that has begun.
      if (chunk.outstanding.size > chunk.lanes) this.#asks.recall(chunk, now);
    }
  }
}
