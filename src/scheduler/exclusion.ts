// Which workers get nothing of an array, since they have proved unable to run it: they lack a module or a package, say,
// or cannot keep the code that they are sent. A worker that is unable answers faster than any other, so without this it
// would fail nearly all of the array. As with Spark's `spark.excludeOnFailure`, it holds for the arrays of one client
// that are loaded alike, and is forgotten with them.

import type { ArrayRecord } from './array-record.ts';
import type { ArraySpec, WorkerId } from './events.ts';
import type { Fleet, WorkerRecord } from './fleet.ts';
import type { Queue } from './queue.ts';

/** What is known of arrays of one client that are loaded alike. */
export interface Kin {
  readonly key: string;
  readonly arrays: Set<ArrayRecord>;
  /** Workers that have run something of one of them. */
  readonly able: Set<WorkerId>;
  /** Workers that were unable to, and have run nothing of the others: they are not asked for those. */
  readonly unable: Set<WorkerId>;
}

/** So many workers that are unable say that nobody is able, as long as nobody has run anything or still tries to. */
const mostUnable = 16;
/** Of a worker that is able, so many chunks in a row may be given back by threads of it that are not. */
const mostStrikes = 8;
/** Of a worker of which that is not known, so many threads at most are asked one after the other. */
const mostThreads = 3;
/** While others of its threads still try, each may try so often. */
const mostTries = 2;

interface Means {
  readonly move: (array: ArrayRecord, queue: Queue) => void;
  /** How long an array waits for somebody who is able, when all that were are gone. */
  readonly waitMs: number;
}

export class Exclusion {
  readonly #fleet: Fleet;
  readonly #means: Means;
  readonly #kin = new Map<string, Kin>();

  constructor(fleet: Fleet, means: Means) {
    this.#fleet = fleet;
    this.#means = means;
  }

  kinOf({ array, client, loadedAs = `#${array}` }: ArraySpec): Kin {
    const key = `${client} ${loadedAs}`;
    let kin = this.#kin.get(key);
    if (kin === undefined) this.#kin.set(key, (kin = { key, arrays: new Set(), able: new Set(), unable: new Set() }));
    return kin;
  }

  forget(array: ArrayRecord): void {
    const { key, arrays } = array.kin;
    arrays.delete(array);
    if (arrays.size === 0) this.#kin.delete(key);
  }

  /** The worker has run something of the array. */
  noteRun(array: ArrayRecord, { id }: WorkerRecord): void {
    const { able, unable, arrays } = array.kin;
    array.hasRun = true;
    array.strikes?.delete(id);
    if (array.unable?.delete(id) === true) this.#place(array);
    if (able.has(id)) return;
    able.add(id);
    // One of its threads was unable, or it has what it lacked by now.
    if (unable.delete(id)) for (const each of arrays) this.#place(each);
  }

  /** Whether the array, which this worker was to get next, now stands in a queue that this worker is excluded from. */
  keepsAway(array: ArrayRecord, worker: WorkerRecord): boolean {
    return isUnable(array, worker) && this.#place(array);
  }

  /**
   * The worker was unable to run something of the array, though it has what that needs. Gives who is to run that
   * instead: other workers, so that this one gets nothing more of the array; other threads of this one, which may be
   * able; or nobody, so that what all workers say becomes the outcome.
   */
  exclude(array: ArrayRecord, worker: WorkerRecord): 'others' | 'its-others' | 'nobody' {
    const { id } = worker;
    const { able, unable } = array.kin;
    if (strikeOf(array, id) <= this.#strikesFor(array, worker)) return 'its-others';
    if (able.has(id)) (array.unable ??= new Set()).add(id);
    else unable.add(id);
    const all = unableOf(array);
    for (const each of all) {
      if (this.#fleet.workers.has(each)) continue;
      unable.delete(each);
      array.unable?.delete(each);
    }
    if (!array.hasRun && all.size >= mostUnable && !isTriedBeside(array, all)) array.isHopeless = true;
    return this.#place(array) ? 'others' : 'nobody';
  }

  /** To be called from time to time. Ends the waiting of arrays for which nobody has come who is able. */
  endWaiting(now: number, arrays: Iterable<ArrayRecord>): void {
    const due = new Set<Queue>();
    for (const queue of this.#fleet.queues.values()) {
      if (queue.excluded.size === 0) continue;
      queue.desertedSince = this.#isDeserted(queue) ? (queue.desertedSince ?? now) : undefined;
      if (now - (queue.desertedSince ?? now) > this.#means.waitMs) due.add(queue);
    }
    if (due.size === 0) return;
    for (const array of arrays) {
      if (!due.has(array.queue) || array.queuedCount === 0) continue;
      array.hasWaited = true;
      this.#place(array);
    }
  }

  /** How many chunks in a row the worker may be unable to run before it is excluded. */
  #strikesFor(array: ArrayRecord, worker: WorkerRecord): number {
    if (array.hasRun && array.kin.able.has(worker.id)) return mostStrikes;
    let tries = 0;
    for (const chunk of worker.chunks) if (chunk.array === array && !this.#fleet.held.has(chunk)) tries += 1;
    return tries > 1 ? mostTries * worker.threads : Math.min(worker.threads, mostThreads) - 1;
  }

  /** Gives whether others than those who are unable are to run it. */
  #place(array: ArrayRecord): boolean {
    const { hasRun, hasWaited, isHopeless, queue } = array;
    const unable = unableOf(array);
    const isOther = (each: WorkerRecord) => !each.isDraining && !unable.has(each.id) && queue.fits(each);
    const areOthers = this.#fleet.workers.values().some(isOther);
    const isForOthers = !isHopeless && (areOthers || (hasRun && !hasWaited));
    this.#means.move(array, this.#fleet.queueFor(queue.needs, isForOthers ? unable : undefined));
    return isForOthers;
  }

  /** Of those who have what it needs, only such are there as are excluded from it. */
  #isDeserted(queue: Queue): boolean {
    const isExcluded = (worker: WorkerRecord) => queue.excluded.has(worker.id) && queue.fits(worker);
    return queue.isStranded && this.#fleet.workers.values().some(isExcluded);
  }
}

/** As far as is known. */
export function isUnable({ kin, unable }: ArrayRecord, { id }: WorkerRecord): boolean {
  return kin.unable.has(id) || unable?.has(id) === true;
}

function unableOf({ kin, unable }: ArrayRecord): ReadonlySet<WorkerId> {
  return unable === undefined ? kin.unable : new Set([...kin.unable, ...unable]);
}

function strikeOf(array: ArrayRecord, worker: WorkerId): number {
  array.strikes ??= new Map();
  const strikes = (array.strikes.get(worker) ?? 0) + 1;
  array.strikes.set(worker, strikes);
  return strikes;
}

function isTriedBeside({ chunks }: ArrayRecord, unable: ReadonlySet<WorkerId>): boolean {
  for (const { worker } of chunks) if (!unable.has(worker.id)) return true;
  return false;
}
