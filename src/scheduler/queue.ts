// The arrays that need the same of a worker, and the workers that can give it now. Most flows need nothing, so there is
// one queue; each further queue makes every event cost more.

import { Heap } from '../lib/heap.ts';
import { noTraits, type Traits } from '../lib/placing.ts';
import { runsBefore, type ArrayRecord } from './array-record.ts';
import type { WorkerId } from './events.ts';
import type { WorkerRecord } from './fleet.ts';
import { placesIn, Turns } from './turns.ts';

/** Amounts are counted as whole ten-thousandths, so that taking and giving back fractions leaves no remainder. */
const unitsOfOne = 10_000;

export function unitsOf(amount: number): number {
  return Math.max(1, Math.round(amount * unitsOfOne));
}

export class Queue {
  readonly key: string;
  readonly needs: Traits;
  /** Workers that get nothing of it, since they have proved unable to run its arrays. */
  readonly excluded: ReadonlySet<WorkerId>;
  /** Arrays with something queued, each once; and some that have nothing queued any more. */
  readonly listed = new Heap<ArrayRecord>(runsBefore);
  /** The workers that can take a chunk now. They take turns, so that chunks spread before they pile up. */
  readonly open: Turns<WorkerRecord>;
  /** How many chunks of it the workers could run at once, if they had nothing else to do. */
  slots = 0;
  /** How many living arrays belong to it. */
  arrays = 0;
  /** How many chunks that share its needs have passed it since it last started one: see `Keeping`. */
  passes = 0;
  /** Since when only such workers are there for it as are excluded. */
  desertedSince: number | undefined;
  readonly #taken: readonly (readonly [name: string, units: number])[];

  constructor(needs: Traits, excluded: ReadonlySet<WorkerId>) {
    this.key = keyOf(needs, excluded);
    this.needs = needs;
    this.excluded = new Set(excluded);
    // The plain queue is mostly the only one: its places stand in the workers themselves.
    this.open = new Turns<WorkerRecord>(this.isPlain ? placesIn('openPlace') : undefined);
    this.#taken = needs.resources.map(({ name, amount }) => [name, unitsOf(amount)] as const);
  }

  /** Its arrays need nothing, and any worker may run them. */
  get isPlain(): boolean {
    return this.needs === noTraits && this.excluded.size === 0;
  }

  /** No worker here can ever run its arrays. */
  get isStranded(): boolean {
    return this.slots === 0;
  }

  /** How many chunks of it the worker could run at once, with all that it has. */
  slotsOf(worker: WorkerRecord): number {
    if (!this.#isFor(worker)) return 0;
    return Math.min(worker.threads, this.#timesIn(worker.units));
  }

  /** Whether the worker has what it needs, be it excluded or not. */
  fits(worker: WorkerRecord): boolean {
    return this.#hasLabels(worker) && this.#timesIn(worker.units) > 0;
  }

  /** How many of its indices the worker could begin now, beside what it runs. */
  roomOn(worker: WorkerRecord): number {
    return worker.chunks.size >= worker.threads ? 0 : this.roomWithThread(worker);
  }

  /** The same, if the worker had a free thread. */
  roomWithThread(worker: WorkerRecord): number {
    return this.#isServedBy(worker) ? this.#timesIn(worker.free) : 0;
  }

  /** Whether the thread of a chunk of `other`, or what that has of the worker, could serve it next. */
  couldFollow(other: Queue, worker: WorkerRecord): boolean {
    if (this.sharesWith(other)) return this.#isServedBy(worker) && this.#timesIn(worker.units) > 0;
    return this.roomWithThread(worker) > 0;
  }

  /** Whether the worker begins chunks of it, as soon as it has a thread and what they need for them. */
  #isServedBy(worker: WorkerRecord): boolean {
    const { isDraining, isPaused, lone, keptFor } = worker;
    if (isDraining || isPaused || lone !== undefined) return false;
    if (keptFor !== undefined && keptFor !== this && this.sharesWith(keptFor)) return false;
    return this.#isFor(worker);
  }

  #isFor(worker: WorkerRecord): boolean {
    // Mostly nobody is excluded, and to ask an empty set takes time as well.
    return (this.excluded.size === 0 || !this.excluded.has(worker.id)) && this.#hasLabels(worker);
  }

  #hasLabels({ has }: WorkerRecord): boolean {
    return this.needs.labels.every((label) => has.labels.includes(label));
  }

  /** Whether both need some resource of the same name. */
  sharesWith({ needs }: Queue): boolean {
    return this.#taken.some(([name]) => needs.resources.some((resource) => resource.name === name));
  }

  /** How much of what one index needs is free on the worker: 1 is all of it. */
  shareOn({ free }: WorkerRecord): number {
    return Math.min(1, ...this.#taken.map(([name, units]) => (free.get(name) ?? 0) / units));
  }

  /** Takes what `count` indices need; gives it back if `count` is negative. */
  take({ free }: WorkerRecord, count: number): void {
    for (const [name, units] of this.#taken) free.set(name, free.get(name)! - count * units);
  }

  #timesIn(amounts: ReadonlyMap<string, number>): number {
    let times = Infinity;
    for (const [name, units] of this.#taken) times = Math.min(times, Math.floor((amounts.get(name) ?? 0) / units));
    return times;
  }
}

export function keyOf({ resources, labels }: Traits, excluded: ReadonlySet<WorkerId>): string {
  const amounts = resources.map(({ name, amount }) => [name, unitsOf(amount)] as const);
  return JSON.stringify([amounts.toSorted(([a], [b]) => (a < b ? -1 : 1)), labels.toSorted(), [...excluded].sort()]);
}
