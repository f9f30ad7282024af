// Which workers get nothing of an array, since they have proved unable to run it: they lack a module or a package, say,
// cannot keep the code that they are sent, or can start no thread for it. A worker that is unable answers faster than
// any other, so without this it would fail nearly all of the array. As with Spark's `spark.excludeOnFailure`, it holds
// for the arrays of one client that are loaded alike, and is forgotten with them.

import type { ArrayRecord } from './array-record.ts';
import type { ArraySpec, InsteadOf, WorkerId } from './events.ts';
import { nobody, type Fleet, type WorkerRecord } from './fleet.ts';
import type { Queue } from './queue.ts';

/** What is known of arrays of one client that are loaded alike. */
export interface Kin {
  readonly key: string;
  readonly arrays: Set<ArrayRecord>;
  /** Workers that were unable to run one of them: they are not asked for those of which nothing was run yet. */
  readonly unable: Set<WorkerId>;
}

/** So many workers that are unable say that nobody is able, as long as nobody has run anything or still tries to. */
const mostUnable = 16;
/** Of an array that runs, a worker of several threads may give back so many chunks in a row, for others of them. */
const mostStrikes = 8;
/** Of an array that does not run yet, so many of its threads at most are asked one after the other. */
const mostThreads = 3;
/** While others of its threads still try to load such an array, each may try so often. */
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

  [Symbol.iterator](): Iterator<Kin> {
    return this.#kin.values();
  }

  kinOf({ array, client, loadedAs = `#${array}` }: ArraySpec): Kin {
    const key = `${client} ${loadedAs}`;
    let kin = this.#kin.get(key);
    if (kin === undefined) this.#kin.set(key, (kin = { key, arrays: new Set(), unable: new Set() }));
    return kin;
  }

  forget(array: ArrayRecord): void {
    const { key, arrays } = array.kin;
    arrays.delete(array);
    if (arrays.size === 0) this.#kin.delete(key);
  }

  /** The worker has run something of the array. */
  noteRun(array: ArrayRecord, { id }: WorkerRecord): void {
    const { kin, strikes, unable, hasRun, queue } = array;
    array.hasRun = true;
    strikes?.delete(id);
    if (unable?.delete(id) === true || (!hasRun && queue.excluded.size > 0)) this.#place(array);
    // One of its threads was unable, or it has what it lacked by now.
    if (kin.unable.size > 0 && kin.unable.delete(id)) for (const each of kin.arrays) this.#place(each);
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
  exclude(array: ArrayRecord, worker: WorkerRecord): InsteadOf {
    const { id } = worker;
    if (strikeOf(array, id) <= this.#strikesFor(array, worker)) return 'its-others';
    const [own, ofKin] = [(array.unable ??= new Set()), array.kin.unable];
    own.add(id);
    if (!array.hasRun) ofKin.add(id);
    for (const unable of [own, ofKin]) {
      for (const each of unable) if (!this.#fleet.workers.has(each)) unable.delete(each);
    }
    const all = unableOf(array);
    if (!array.hasRun && all.size >= mostUnable && !isTriedBeside(array, all)) array.isHopeless = true;
    return this.#place(array) ? 'others' : 'nobody';
  }

  /** To be called from time to time. Ends the waiting of arrays for which nobody has come who is able. */
  endWaiting(now: number, arrays: Iterable<ArrayRecord>): void {
    const due = new Set<Queue>();
    for (const queue of this.#fleet.queues.values()) {
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
    if (worker.threads === 1) return 0;
    if (array.hasRun) return mostStrikes;
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
export function isUnable({ kin, unable, hasRun }: ArrayRecord, { id }: WorkerRecord): boolean {
  if (unable?.has(id) === true) return true;
  return !hasRun && kin.unable.size > 0 && kin.unable.has(id);
}

/** What others of its kin have met says nothing any more of an array that runs. */
function unableOf({ kin, unable, hasRun }: ArrayRecord): ReadonlySet<WorkerId> {
  if (hasRun) return unable ?? nobody;
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
