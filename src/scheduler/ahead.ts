// What is sent ahead: while a chunk runs, the next one of its array may wait for it on its worker, so that the thread
// does not idle between the two. It holds no slot. As long as nothing was heard of it, it can be called back.

import type { Chunk } from './array-record.ts';
import type { Asks } from './asks.ts';
import type { ClientId } from './events.ts';
import { firstDue, type Moment } from './giving-way.ts';
import { placesIn, Turns } from './turns.ts';

export class Ahead {
  /** Nothing was heard of them, and nobody has called them back. */
  readonly #waiting = new Turns<Chunk>(placesIn('waiting'));
  /** They were called back, and have not answered. */
  readonly #recalled = new Set<Chunk>();

  readonly #tell: (chunk: Chunk) => void;
  readonly #asks: Asks;

  /** `tell` is to tell the worker that a chunk is called back. */
  constructor(tell: (chunk: Chunk) => void, asks: Asks) {
    this.#tell = tell;
    this.#asks = asks;
  }

  /** Whether any could be called back. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  add(chunk: Chunk, behind: Chunk): void {
    chunk.behind = behind;
    behind.next = chunk;
    chunk.array.leaders.delete(behind);
    chunk.worker.ahead.add(chunk);
    this.#waiting.add(chunk);
  }

  /** It is over, or that which it waited for is. */
  remove(chunk: Chunk): void {
    chunk.behind!.next = undefined;
    chunk.behind = undefined;
    chunk.worker.ahead.delete(chunk);
    this.begun(chunk);
  }

  /** It may run by now: to call it back would be too late. */
  begun(chunk: Chunk): void {
    this.#waiting.delete(chunk);
    if (this.#recalled.delete(chunk)) this.#asks.delete(chunk);
  }

  /** Whether it may not have begun, for all that was heard of it. */
  isUnheard(chunk: Chunk): boolean {
    return this.#waiting.has(chunk) || this.#recalled.has(chunk);
  }

  /** Calls it back, if that is not too late, for all that is known. */
  recall(chunk: Chunk, now: number): void {
    if (!this.#waiting.has(chunk)) return;
    this.#waiting.delete(chunk);
    this.#recalled.add(chunk);
    this.#asks.add(chunk, now);
    chunk.isRecalled = true;
    this.#tell(chunk);
  }

  recallAllOf(client: ClientId, now: number): void {
    for (const chunk of this.#waiting) if (chunk.array.client === client) this.recall(chunk, now);
  }

  /** First comes what waits behind that which has run longest. */
  recallFor(moment: Moment): void {
    const next = () => firstDue(this.#waiting, moment, this.#asks);
    for (let chunk = next(); chunk !== undefined; chunk = next()) this.recall(chunk, moment.now);
  }

  /** For the invariants: those that can be called back. */
  [Symbol.iterator](): IterableIterator<Chunk> {
    return this.#waiting[Symbol.iterator]();
  }
}
