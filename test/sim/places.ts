// Where a chunk may be sent, in the plainest way there is.

import assert from 'node:assert/strict';
import type { ArraySpec, Command } from '../../src/scheduler/core.ts';
import { owned, type ArrayModel, type WorkerModel } from './books.ts';
import { amountOf, canEverRun, needsOf, numbersIn, sumOf } from './facts.ts';

interface Place {
  readonly worker: WorkerModel;
  readonly array: ArrayModel;
  readonly size: number;
  readonly lanes: number;
}

/** It is on a worker that has what it needs beside all else that it runs, and within its limits. */
export function checkPlace(
  workers: ReadonlyMap<string, WorkerModel>,
  { worker, array: { spec }, size, lanes }: Place,
): void {
  const { array, concurrency = 1, crashesWhenLost, limits = [], client } = spec;
  assert(lanes >= 1 && lanes <= Math.min(size, concurrency), `${lanes} of array ${array} run at once`);
  assert(!crashesWhenLost || size === lanes, `something of array ${array} waits in a chunk and must not be lost`);
  assert(canEverRun(worker.has, spec), `a worker has not what array ${array} needs`);
  for (const { name, amount } of worker.has.resources) {
    const taken = sumOf(worker.attempts.values(), (other) => amountOf(needsOf(other.array.spec), name) * other.lanes);
    assert(taken <= amount + 1e-9, `${taken} of ${amount} ${name} are taken`);
  }
  for (const { tag, most } of limits) {
    const running = [...workers.values()].flatMap(({ attempts }) => [...attempts.values()]);
    const tagged = running.filter((other) => {
      return other.array.spec.client === client && other.array.spec.limits?.some((limit) => limit.tag === tag);
    });
    assert(sumOf(tagged, (other) => other.lanes) <= most, `more than ${most} of ${tag} run at once`);
  }
}

/** Some worker that is to stay could run it, without those that are excluded. */
export function isForSomebody(
  spec: ArraySpec,
  excluded: ReadonlySet<string>,
  workers: ReadonlyMap<string, WorkerModel>,
): boolean {
  return workers
    .entries()
    .some(([id, { has, isDraining }]) => !isDraining && !excluded.has(id) && canEverRun(has, spec));
}

/** A worker was unable to run something of an array: whether others are to, as long as there may be some that can. */
export function areOthersToRun(array: ArrayModel, worker: string, workers: ReadonlyMap<string, WorkerModel>): boolean {
  const { declinedBy, isRun, spec } = array;
  declinedBy.add(worker);
  const areThere = isForSomebody(spec, declinedBy, workers) && (isRun || declinedBy.size < 16);
  array.excluded = new Set(areThere ? declinedBy : []);
  return areThere;
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
  const { resources, labels } = needsOf(spec);
  assert((spec.limits ?? []).length + resources.length + labels.length === 0, `attempt ${attempt} waits on a slot`);
  for (const index of numbersIn(ranges)) {
    if (limits.has(index)) assert.fail(`index ${index} of array ${id} is suspected and waits behind attempt ${behind}`);
  }
  const isSuspect = limits.size > 0 && owned(before).some((index) => limits.has(index));
  assert(!isSuspect, `attempt ${attempt} waits behind a suspect`);
}
