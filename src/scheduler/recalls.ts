// Which chunks are recalled, to give back what they have not begun: for a thread that has nothing to do, or for work
// that is to run before them. Those that take long can be, and those that were sent ahead: while a chunk runs, the next
// one of its array may wait for it on the same worker, so that the thread does not idle between the two. It holds no
// slot, and can be recalled as long as nothing was heard of it. Of one that runs, its thread runs what it has begun.

import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { ClientId, Command } from './events.ts';
import { placesIn, Turns } from './turns.ts';

interface Moment {
  /** How many workers could take something, if they are able to run it. */
  readonly idle: number;
  /** The arrays that wait for what chunks have: see `Lineup.waiting`. */
  readonly waiting: readonly ArrayRecord[];
  readonly now: number;
}

/** How many chunks are looked at: with thousands, to look at all would take long, and they end by themselves. */
export const mostLooks = 32;
/** How many times `patienceMs` a worker may take to answer a recall. */
const answersTaken = 5;

export class Recalls {
  /** Chunks that were sent ahead, of which nothing was heard, and that were not recalled. */
  readonly waiting = new Turns<Chunk>(placesIn('waiting'));
  /** Chunks that run and were not recalled, the one that has run longest first. */
  readonly running = new Turns<Chunk>(placesIn('running'));
  /** When the next one may have to be recalled, if nothing happens until then. */
  nextDue = Infinity;
  /**
   * Recalled chunks whose workers have not answered, as many as there are free threads, with when each was asked: the
   * earliest first. A worker that takes too long to answer, because it is frozen, far away, or lies, does not keep
   * others from being asked.
   */
  readonly #asked = new Map<Chunk, number>();
  readonly #emit: (command: Command) => void;
  readonly #patienceMs: number;

  /** A chunk that runs is recalled once it has taken longer than `patienceMs`. */
  constructor(emit: (command: Command) => void, patienceMs: number) {
    this.#emit = emit;
    this.#patienceMs = patienceMs;
  }

  /** How many answers we wait for. */
  get asked(): number {
    return this.#asked.size;
  }

  /** Whether there is anything that could be recalled. */
  get areSome(): boolean {
    return this.waiting.size + this.running.size > 0;
  }

  sentAhead(chunk: Chunk): void {
    chunk.busyMs = NaN;
    chunk.isUnheard = true;
    this.waiting.add(chunk);
  }

  /** What was sent ahead may run by now, or is over: to recall it would be too late. */
  begun(chunk: Chunk): void {
    if (!chunk.isUnheard) return;
    chunk.isUnheard = false;
    this.waiting.delete(chunk);
    this.answered(chunk);
  }

  answered(chunk: Chunk): void {
    this.#asked.delete(chunk);
  }

  /** It ran, and is over. */
  ended(chunk: Chunk): void {
    this.running.delete(chunk);
    this.answered(chunk);
  }

  /** Recalls what was sent ahead, unless it is known that this is too late. */
  recall(chunk: Chunk, now: number): void {
    if (!this.waiting.has(chunk)) return;
    this.waiting.delete(chunk);
    this.#ask(chunk, now);
  }

  recallAllOf(client: ClientId, now: number): void {
    for (const chunk of this.waiting) if (chunk.array.client === client) this.recall(chunk, now);
  }

  /** Recalls chunks as long as some are due: first those that were sent ahead, behind the one that has run longest. */
  recallFor(moment: Moment): void {
    this.#expire(moment.now);
    this.#recallFrom(this.waiting, 0, moment);
    const due = this.#recallFrom(this.running, this.#patienceMs, moment);
    const isWanted = moment.idle + moment.waiting.length > 0;
    this.nextDue = Math.min(due, isWanted && this.areSome ? this.#nextExpiry : Infinity);
  }

  /** Gives when the next one of the line will be due. */
  #recallFrom(line: Turns<Chunk>, patienceMs: number, moment: Moment): number {
    for (let chunk = this.#firstWanted(line, moment); chunk; chunk = this.#firstWanted(line, moment)) {
      const due = chunk.since + patienceMs;
      if (due > moment.now) return due;
      line.delete(chunk);
      // When no more than its lanes are left of one that runs, all of that has begun.
      if (chunk.isUnheard || chunk.outstanding.size > chunk.lanes) this.#ask(chunk, moment.now);
    }
    return Infinity;
  }

  #ask(chunk: Chunk, now: number): void {
    this.#asked.set(chunk, now);
    chunk.isRecalled = true;
    this.#emit({ type: 'recall-chunk', worker: chunk.worker.id, attempt: chunk.attempt });
  }

  /** Of the first few chunks of a line, the first whose place somebody wants. */
  #firstWanted(line: Turns<Chunk>, { idle, waiting }: Moment): Chunk | undefined {
    const { asked } = this;
    let chunk = asked >= idle && waiting.length === 0 ? undefined : line.first;
    for (let looks = 0; chunk !== undefined && looks < mostLooks; looks += 1) {
      const { queue, room } = chunk.array;
      const couldRunIt = Math.min(queue.open.size, room);
      if (asked < couldRunIt) return chunk;
      for (const first of waiting) {
        if (asked < couldRunIt + first.queuedCount && wantsPlace(first, chunk)) return chunk;
      }
      chunk = line.behind(chunk);
    }
    return undefined;
  }

  /** When we stop waiting for the next answer. */
  get #nextExpiry(): number {
    for (const since of this.#asked.values()) return since + answersTaken * this.#patienceMs;
    return Infinity;
  }

  #expire(now: number): void {
    for (const chunk of this.#asked.keys()) {
      if (this.#nextExpiry > now) return;
      this.#asked.delete(chunk);
    }
  }
}

/**
 * Whether the waiting array is to run before the chunk, and waits for what that has. Of several limits that are full,
 * it waits for one: once that has room, it makes way there for those behind it, and waits for the next.
 */
export function wantsPlace(waiting: ArrayRecord, { array, worker }: Chunk): boolean {
  const { blockedBy, queue } = waiting;
  const mayStart = blockedBy === undefined || array.limits.includes(blockedBy);
  return runsBefore(waiting, array) && mayStart && (queue.open.size > 0 || queue.couldFollow(array.queue, worker));
}
