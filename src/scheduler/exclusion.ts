// Which workers get nothing of an array, since they have proved unable to run it: they lack a module or a package, say,
// or cannot keep the code that they are sent. A worker that is unable answers faster than any other, so without this it
// would fail nearly all of the array. As with Spark's `spark.excludeOnFailure`, it holds for these arrays alone.

import type { ArrayRecord } from './array-record.ts';
import type { ArraySpec, WorkerId } from './events.ts';
import type { Fleet, WorkerRecord } from './fleet.ts';
import type { Queue } from './queue.ts';

/** Arrays of one client that are loaded alike: who cannot load one of them is not asked for the others. */
export interface Kin {
  readonly key: string;
  readonly arrays: Set<ArrayRecord>;
  readonly unable: Set<WorkerId>;
}

/** So many workers that are unable say that nobody is able, as long as nobody has run anything or still tries to. */
const mostUnable = 16;

export class Exclusion {
  readonly #fleet: Fleet;
  readonly #move: (array: ArrayRecord, queue: Queue) => void;
  readonly #waitMs: number;
  readonly #kin = new Map<string, Kin>();
  /** Since when nobody is there for a queue but those that are excluded from it. */
  readonly #deserted = new Map<Queue, number>();

  /** `waitMs` is how long arrays wait for somebody who is able, when all that were are gone. */
  constructor(fleet: Fleet, { move, waitMs }: { move: (array: ArrayRecord, queue: Queue) => void; waitMs: number }) {
    this.#fleet = fleet;
    this.#move = move;
    this.#waitMs = waitMs;
  }

  kinOf({ array, client, loadedAs = `#${array}` }: ArraySpec): Kin {
    const key = `${client} ${loadedAs}`;
    let kin = this.#kin.get(key);
    if (kin === undefined) this.#kin.set(key, (kin = { key, arrays: new Set(), unable: new Set() }));
    return kin;
  }

  /** A new array keeps away from those that are known to be unable. */
  add(array: ArrayRecord): void {
    array.kin.arrays.add(array);
    if (array.kin.unable.size > 0) this.#place(array);
  }

  forget(array: ArrayRecord): void {
    const { key, arrays } = array.kin;
    arrays.delete(array);
    if (arrays.size === 0) this.#kin.delete(key);
  }

  /**
   * The worker is unable to run the array, though it has what that needs. Gives whether others are to run it instead.
   * If not, what all of them say becomes the outcome.
   */
  exclude(array: ArrayRecord, worker: WorkerRecord): boolean {
    const { unable, arrays } = array.kin;
    const isNews = !unable.has(worker.id);
    unable.add(worker.id);
    for (const id of unable) if (!this.#fleet.workers.has(id)) unable.delete(id);
    if (!array.isRun && unable.size >= mostUnable && !isTriedBeside(array, unable)) array.isGivenUp = true;
    if (isNews) for (const each of arrays) if (each !== array) this.#place(each);
    return this.#place(array);
  }

  /** To be called from time to time. Ends the waiting of arrays for which nobody has come who is able. */
  giveUp(now: number): void {
    for (const queue of this.#deserted.keys()) if (!isDeserted(queue, this.#fleet)) this.#deserted.delete(queue);
    for (const queue of this.#fleet.queues.values()) {
      if (!isDeserted(queue, this.#fleet)) continue;
      const since = this.#deserted.get(queue) ?? now;
      this.#deserted.set(queue, since);
      if (now - since >= this.#waitMs) this.#giveUpAllIn(queue);
    }
  }

  #giveUpAllIn(queue: Queue): void {
    const waiting = [...this.#kin.values()].flatMap(({ arrays }) => [...arrays].filter((each) => each.queue === queue));
    for (const array of waiting) {
      array.isGivenUp = true;
      this.#place(array);
    }
  }

  /** Gives whether others than the unable are to run it. */
  #place(array: ArrayRecord): boolean {
    const { isRun, isGivenUp, queue } = array;
    const { unable } = array.kin;
    const isOther = (each: WorkerRecord) => !each.isDraining && !unable.has(each.id) && queue.slotsOf(each) > 0;
    const isForOthers = !isGivenUp && (isRun || this.#fleet.workers.values().some(isOther));
    this.#move(array, this.#fleet.queueFor(queue.needs, isForOthers ? unable : undefined));
    return isForOthers;
  }
}

function isTriedBeside({ chunks }: ArrayRecord, unable: ReadonlySet<WorkerId>): boolean {
  for (const { worker } of chunks) if (!unable.has(worker.id)) return true;
  return false;
}

/** Workers are there, and all that have what it needs are unable. */
function isDeserted({ excluded, isStranded }: Queue, { slots }: Fleet): boolean {
  return excluded.size > 0 && isStranded && slots > 0;
}
