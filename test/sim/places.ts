// Where a chunk may be sent, in the plainest way there is.

import assert from 'node:assert/strict';
import type { ArraySpec, Command } from '../../src/scheduler/core.ts';
import { comesFirst, owned, type ArrayModel, type AttemptModel, type WorkerModel } from './books.ts';
import { amountOf, canEverRun, needsOf, numbersIn, sumOf } from './facts.ts';

interface Place {
  readonly worker: WorkerModel;
  readonly array: ArrayModel;
  readonly size: number;
  readonly lanes: number;
}

/** It is on a worker that has what it needs beside all else that it runs or will run next, and within its limits. */
export function checkPlace(
  workers: ReadonlyMap<string, WorkerModel>,
  { worker, array: { spec }, size, lanes }: Place,
): void {
  const { array, concurrency = 1, crashesWhenLost, limits = [], client } = spec;
  assert(lanes >= 1 && lanes <= Math.min(size, concurrency), `${lanes} of array ${array} run at once`);
  assert(!crashesWhenLost || size === lanes, `something of array ${array} waits in a chunk and must not be lost`);
  assert(canEverRun(worker.has, spec), `a worker has not what array ${array} needs`);
  for (const { name, amount } of worker.has.resources) {
    const taken = sumOf(placesOn(worker), (other) => amountOf(needsOf(other.array.spec), name) * other.lanes);
    assert(taken <= amount + 1e-9, `${taken} of ${amount} ${name} are taken`);
  }
  for (const { tag, most } of limits) {
    assert(countOf(tag, client, workers) <= most, `more than ${most} of ${tag} run at once`);
  }
}

/** How many of a tag run at once. */
function countOf(tag: string, client: string, workers: ReadonlyMap<string, WorkerModel>): number {
  const tagged = [...workers.values()].flatMap(placesOn).filter(({ array }) => {
    return array.spec.client === client && isTagged(array, tag);
  });
  return sumOf(tagged, ({ lanes }) => lanes);
}

function isTagged({ spec: { limits = [] } }: ArrayModel, tag: string): boolean {
  return limits.some((limit) => limit.tag === tag);
}

/** What has a thread; or what will have that next, where it takes more. */
function placesOn({ attempts }: WorkerModel): AttemptModel[] {
  const [all, firsts] = [[...attempts.values()], [...attempts.values()].filter(({ behind }) => behind === undefined)];
  return firsts.map((first) => {
    const next = all.find(({ behind }) => behind === first.attempt);
    return next !== undefined && next.lanes > first.lanes ? next : first;
  });
}

/** Some worker that is to stay could run it, without those that are excluded. */
function isForSomebody(
  spec: ArraySpec,
  excluded: ReadonlySet<string>,
  workers: ReadonlyMap<string, WorkerModel>,
): boolean {
  return workers
    .entries()
    .some(([id, { has, isDraining }]) => !isDraining && !excluded.has(id) && canEverRun(has, spec));
}

interface KinModel {
  arrays: number;
  readonly unable: Set<string>;
}

/** What is known of arrays that are loaded alike: who was unable to run one of them. */
export class KinModels {
  readonly #kin = new Map<string, KinModel>();
  readonly #workers: ReadonlyMap<string, WorkerModel>;

  constructor(workers: ReadonlyMap<string, WorkerModel>) {
    this.#workers = workers;
  }

  add(array: ArrayModel): void {
    this.#of(array).arrays += 1;
  }

  /** All is forgotten with the last of them. */
  forget(array: ArrayModel): void {
    const kin = this.#of(array);
    kin.arrays -= 1;
    if (kin.arrays === 0) this.#kin.delete(keyOf(array));
  }

  ran(array: ArrayModel, worker: string): void {
    array.hasRun = true;
    array.strikes.delete(worker);
    array.unable.delete(worker);
    this.#of(array).unable.delete(worker);
  }

  /** A worker was unable to run something of an array: who is to run that instead. */
  exclude(array: ArrayModel, worker: string): 'others' | 'its-others' | 'nobody' {
    const strikes = (array.strikes.get(worker) ?? 0) + 1;
    array.strikes.set(worker, strikes);
    if (strikes <= this.#strikesFor(array, worker)) return 'its-others';
    const { unable } = this.#of(array);
    array.unable.add(worker);
    if (!array.hasRun) unable.add(worker);
    for (const known of [array.unable, unable]) {
      for (const id of known) if (!this.#workers.has(id)) known.delete(id);
    }
    const all = this.#unableFor(array);
    if (!array.hasRun && all.size >= 16 && !this.#isTriedBeside(array, all)) array.isHopeless = true;
    return this.#isForOthers(array) ? 'others' : 'nobody';
  }

  #strikesFor(array: ArrayModel, worker: string): number {
    const { threads, attempts } = this.#workers.get(worker)!;
    if (threads === 1) return 0;
    if (array.hasRun) return 8;
    const tries = [...attempts.values()].filter((each) => each.array === array && each.behind === undefined);
    return tries.length > 1 ? 2 * threads : Math.min(threads, 3) - 1;
  }

  /** Whether the array may be given to the worker. */
  isFor(array: ArrayModel, worker: string): boolean {
    return this.#isAble(array, worker) || !this.#isForOthers(array);
  }

  /** As far as is known. */
  #isAble(array: ArrayModel, worker: string): boolean {
    return !this.#unableFor(array).has(worker);
  }

  /** Nothing is sent ahead that takes over what an array waits for which comes first, and could run with that. */
  checkOvertaken(worker: string, array: ArrayModel, ready: readonly ArrayModel[]): void {
    const { has } = this.#workers.get(worker)!;
    // What must run alone may be kept for a worker, and has its places before that is told.
    const [kept, waiting] = [ready.filter(({ loners }) => loners.size > 0), ready.filter((each) => !each.loners.size)];
    for (const other of waiting) {
      const { client, limits = [] } = other.spec;
      const isTaken = (tag: string) => kept.some((each) => each.spec.client === client && isTagged(each, tag));
      const isCounted = (tag: string) => array.spec.client === client && isTagged(array, tag);
      const isRoom = (tag: string, most: number) => !isTaken(tag) && countOf(tag, client, this.#workers) < most;
      const hasRoom = limits.every(({ tag, most }) => isCounted(tag) || isRoom(tag, most));
      const { resources } = needsOf(other.spec);
      const isShared = resources.every(({ name }) => amountOf(needsOf(array.spec), name) > 0);
      const isForIt = canEverRun(has, other.spec) && this.#isAble(other, worker);
      const isOvertaken = isForIt && isShared && hasRoom && comesFirst(other, array);
      assert(!isOvertaken, `array ${array.spec.array} goes ahead of array ${other.spec.array}, which comes first`);
    }
  }

  /** Some worker that is to stay may be able to run it. */
  isForSomebody(array: ArrayModel): boolean {
    return isForSomebody(array.spec, this.#unableFor(array), this.#workers);
  }

  #isTriedBeside(array: ArrayModel, unable: ReadonlySet<string>): boolean {
    return this.#workers.entries().some(([id, { attempts }]) => {
      return !unable.has(id) && attempts.values().some((attempt) => attempt.array === array);
    });
  }

  #isForOthers(array: ArrayModel): boolean {
    const { spec, hasRun, isHopeless } = array;
    return !isHopeless && (hasRun || isForSomebody(spec, this.#unableFor(array), this.#workers));
  }

  #unableFor(array: ArrayModel): ReadonlySet<string> {
    return new Set([...(array.hasRun ? [] : this.#of(array).unable), ...array.unable]);
  }

  #of(array: ArrayModel): KinModel {
    const key = keyOf(array);
    const kin = this.#kin.get(key) ?? { arrays: 0, unable: new Set() };
    this.#kin.set(key, kin);
    return kin;
  }
}

function keyOf({ spec: { client, array, loadedAs } }: ArrayModel): string {
  return `${client} ${loadedAs ?? array}`;
}

interface Waiting {
  readonly array: ArrayModel;
  readonly command: Extract<Command, { type: 'run-chunk' }>;
  readonly allowedFailures: number;
}

/** Nothing that is suspected, limited, or may be lost but once waits behind something, or has something behind it. */
export function checkBehind(worker: WorkerModel, { array, command, allowedFailures }: Waiting): void {
  const { array: id, ranges, attempt, behind } = command;
  const { spec, limits } = array;
  const before = worker.attempts.get(behind!);
  assert(before?.array === array, `attempt ${attempt} waits behind ${behind}, which is not of its array there`);
  assert(before.behind === undefined, `attempt ${attempt} waits behind ${behind}, which waits itself`);
  const others = [...worker.attempts.values()].filter((other) => other.behind === behind);
  assert(others.length === 0, `attempt ${attempt} waits behind ${behind}, as another one does`);
  const isFinal = spec.crashesWhenLost === true || (spec.allowedFailures ?? allowedFailures) === 0;
  assert(!isFinal, `attempt ${attempt} waits, and must not be lost`);
  for (const index of numbersIn(ranges)) {
    if (limits.has(index)) assert.fail(`index ${index} of array ${id} is suspected and waits behind attempt ${behind}`);
  }
  const isSuspect = limits.size > 0 && owned(before).some((index) => limits.has(index));
  assert(!isSuspect, `attempt ${attempt} waits behind a suspect`);
}
