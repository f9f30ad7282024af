// Chunks that are sent ahead: while a chunk runs, the next one of its array may wait for it on the same worker, so that
// the thread does not idle between the two. A chunk that waits so holds no slot, and can be recalled as long as nothing
// was heard of it.

import type { Chunk } from './array-record.ts';
import type { Asks } from './asks.ts';
import type { ClientId } from './events.ts';
import { firstDue, type Moment } from './giving-way.ts';
import { placesIn, Turns } from './turns.ts';

export class Ahead {
  /** Chunks of which nothing was heard and that were not recalled. */
  readonly waiting = new Turns<Chunk>(placesIn('waiting'));
  readonly #asks: Asks;

  constructor(asks: Asks) {
    this.#asks = asks;
  }

  add(chunk: Chunk, behind: Chunk): void {
    chunk.behind = behind;
    behind.next = chunk;
    chunk.array.leaders.delete(behind);
    chunk.worker.ahead.add(chunk);
    chunk.isUnheard = true;
    this.waiting.add(chunk);
  }

  /** The chunk is over, or the one that it waited for is. */
  remove(chunk: Chunk): void {
    chunk.behind!.next = undefined;
    chunk.behind = undefined;
    chunk.worker.ahead.delete(chunk);
    this.begun(chunk);
  }

  /** It may run by now: to recall it would be too late. */
  begun(chunk: Chunk): void {
    if (!chunk.isUnheard) return;
    chunk.isUnheard = false;
    this.waiting.delete(chunk);
    this.#asks.delete(chunk);
  }

  /** Recalls it, unless it is known that this is too late. */
  recall(chunk: Chunk, now: number): void {
    if (!this.waiting.has(chunk)) return;
    this.waiting.delete(chunk);
    this.#asks.recall(chunk, now);
  }

  recallAllOf(client: ClientId, now: number): void {
    for (const chunk of this.waiting) if (chunk.array.client === client) this.recall(chunk, now);
  }

  /** Recalls chunks as long as some are due: first the one that waits behind the chunk that has run longest. */
  recallFor(moment: Moment): void {
    const next = () => firstDue(this.waiting, moment, this.#asks);
    for (let chunk = next(); chunk !== undefined; chunk = next()) this.recall(chunk, moment.now);
  }
}
