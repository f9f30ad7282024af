// What a chunk that takes long has not begun: while another thread has nothing to do, or something is to run before it,
// its worker is asked to give that back. What the thread has taken by then it runs.

import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { Asks } from './asks.ts';
import { placesIn, Turns } from './turns.ts';

export interface Moment {
  /** How many workers could take something. */
  readonly idle: number;
  /** What waits for a thread, each the first of those that need the same. */
  readonly waiting: readonly ArrayRecord[];
  readonly now: number;
}

/** So many chunks are looked at: where there are thousands, to look at all takes long, and they end anyway. */
export const mostLooks = 32;

/** Of the first few of a line, the first that should give what it has not begun. */
export function firstDue(line: Turns<Chunk>, { idle, waiting }: Moment, asks: Asks): Chunk | undefined {
  if (asks.size < idle) return line.first;
  let chunk = waiting.length === 0 ? undefined : line.first;
  for (let looks = 0; chunk !== undefined && looks < mostLooks; looks += 1) {
    for (const first of waiting) {
      if (asks.size < idle + first.queuedCount && wantsThread(first, chunk)) return chunk;
    }
    chunk = line.behind(chunk);
  }
  return undefined;
}

/** Whether it is to run before the chunk, and could on its thread. */
export function wantsThread(waiting: ArrayRecord, { array, worker }: Chunk): boolean {
  return runsBefore(waiting, array) && waiting.queue.roomWithThread(worker) > 0;
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
    const { now } = moment;
    this.nextDue = Infinity;
    const next = () => firstDue(this.#running, moment, this.#asks);
    for (let chunk = next(); chunk !== undefined; chunk = next()) {
      const due = chunk.since + this.#patienceMs;
      if (due > now) return void (this.nextDue = due);
      this.#running.delete(chunk);
      // All that is left runs, or is done.
      if (chunk.outstanding.size <= chunk.lanes) continue;
      chunk.isRecalled = true;
      this.#asks.add(chunk, now);
      this.#tell(chunk);
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
