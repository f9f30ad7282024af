// What the model keeps of each array, attempt and worker.

import type { Traits } from '../../src/lib/placing.ts';
import type { Range } from '../../src/lib/range.ts';
import type { ArraySpec } from '../../src/scheduler/core.ts';

export interface ArrayModel {
  readonly spec: ArraySpec;
  /** Counts submissions. */
  readonly order: number;
  readonly depth: number;
  readonly dependents: ArrayModel[];
  readonly upstreams: { readonly elementwise: readonly ArrayModel[]; readonly whole: readonly ArrayModel[] };
  /** For each index: 0, or settled, or crashed, or not run as nobody was able to. */
  readonly outcomes: Uint8Array;
  /** For each index: the attempt that it is assigned to, or 0. */
  readonly owners: Int32Array;
  readonly losses: Map<number, number>;
  /** The time before which an index must not run, for those that asked for one. */
  readonly due: Map<number, number>;
  /** The largest chunk that an index may run in, for those that are not above suspicion. */
  readonly limits: Map<number, number>;
  /** What must run on a worker by itself. */
  readonly loners: Set<number>;
  /** Workers that were unable to run it, and how often in a row each was. */
  readonly unable: Set<string>;
  readonly strikes: Map<string, number>;
  isHopeless: boolean;
  /** Something of it was run. */
  hasRun: boolean;
  missing: number;
  isReleased: boolean;
  isForgotten: boolean;
}

export function newArray(spec: ArraySpec, order: number, upstreams: ArrayModel['upstreams']): ArrayModel {
  const { length } = spec;
  const depths = [...upstreams.elementwise, ...upstreams.whole].map(({ depth }) => depth + 1);
  return {
    spec,
    order,
    depth: Math.max(0, ...depths),
    dependents: [],
    upstreams,
    outcomes: new Uint8Array(length),
    owners: new Int32Array(length),
    losses: new Map(),
    due: new Map(),
    limits: new Map(),
    loners: new Set(),
    unable: new Set(),
    strikes: new Map(),
    isHopeless: false,
    hasRun: false,
    missing: spec.given.reduce((missing, { start, end }) => missing - (end - start), length),
    isReleased: false,
    isForgotten: false,
  };
}

export function comesFirst(a: ArrayModel, b: ArrayModel): boolean {
  const [of, from] = [a, b].map(({ spec, depth, order }) => [spec.priority, depth, -order]) as [number[], number[]];
  const differs = of.findIndex((rank, place) => rank !== from[place]);
  return differs >= 0 && of[differs]! > from[differs]!;
}

/** Why nobody may have the index now, whatever it needs. */
export function whyNot({ outcomes, owners, due }: ArrayModel, index: number, now: number): string | undefined {
  if (outcomes[index] !== 0) return 'while settled';
  if (owners[index] !== 0) return 'while assigned elsewhere';
  return due.get(index)! > now ? 'before its time' : undefined;
}

/** Whether anything of it could begin now, if there were a place for it. */
function isReady(array: ArrayModel, now: number): boolean {
  const { elementwise, whole } = array.upstreams;
  if (array.isForgotten || whole.some(({ missing }) => missing > 0)) return false;
  const isThere = (index: number) => elementwise.every(({ outcomes }) => outcomes[index] !== 0);
  return array.owners.some((_, index) => whyNot(array, index, now) === undefined && isThere(index));
}

/** Whether the other could be overtaken by the array, or take a place in a limit. To see what is ready takes long. */
export function mayCount(other: ArrayModel, array: ArrayModel, now: number): boolean {
  const { loners, spec } = other;
  const isLimited = loners.size > 0 && spec.limits !== undefined && spec.limits.length > 0;
  return (comesFirst(other, array) || isLimited) && isReady(other, now);
}

export interface AttemptModel {
  readonly attempt: number;
  readonly array: ArrayModel;
  /** What it was given. */
  readonly ranges: readonly Range[];
  readonly lanes: number;
  /** The attempt that it waits for on the same thread. */
  behind: number | undefined;
  /** Something was heard of it. */
  isHeard: boolean;
  isRecalled: boolean;
  isDead: boolean;
  isCancelled: boolean;
}

export interface WorkerModel {
  readonly threads: number;
  readonly has: Traits;
  readonly attempts: Map<number, AttemptModel>;
  isDraining: boolean;
  isPaused: boolean;
  lastSeen: number;
}

/** What is left of it. */
export function owned({ attempt, array, ranges }: AttemptModel): number[] {
  const indices: number[] = [];
  for (const { start, end } of ranges) {
    for (let index = start; index < end; index += 1) if (array.owners[index] === attempt) indices.push(index);
  }
  return indices;
}

/** What is left of it is nobody's. */
export function disown(attempt: AttemptModel): void {
  for (const index of owned(attempt)) attempt.array.owners[index] = 0;
}
