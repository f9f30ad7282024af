// What a scheduler has, for people and for programs that watch it: plain data, made when it is asked for.

import type { SchedulerCore } from './core.ts';
import type { ClientPeer, HeldArray, WorkerPeer } from './peers.ts';
import type { ResultMemory } from './result-memory.ts';

export interface ClusterStatus {
  readonly workers: readonly WorkerStatus[];
  /** The flow runs that are connected, each with the arrays that it has here. */
  readonly flowRuns: readonly FlowRunStatus[];
  /** Task runs that settled here, of all time. */
  readonly settled: number;
  /** How often a task run was lost with the thread or worker that it was assigned to, of all time. */
  readonly lost: number;
  /** Results that are held for flow runs, in bytes. */
  readonly heldBytes: number;
  /** Those of them that are on disk, because memory had no room for them. */
  readonly spilledBytes: number;
}

export interface WorkerStatus {
  readonly name: string;
  readonly threads: number;
  /** What tasks may need of it. */
  readonly resources: Readonly<Record<string, number>>;
  readonly labels: readonly string[];
  /** How many of its threads have something to run. */
  readonly busy: number;
  /** Whether it gets no more work, and leaves when it has finished what it has. */
  readonly isDraining: boolean;
  /** Whether it gets no more work for now: it lacks memory, or does not keep up with what it is sent. */
  readonly isPaused: boolean;
  readonly since: Date;
  readonly lastSeen: Date;
  /** What its process takes and may take; absent when it has not said. */
  readonly memoryBytes?: number;
  readonly memoryLimitBytes?: number;
}

export interface FlowRunStatus {
  readonly flowRunName: string;
  readonly since: Date;
  /** Whether nothing more of it is started for now: it does not keep up with what it is sent, or the disk does not. */
  readonly isPaused: boolean;
  readonly arrays: readonly ArrayStatus[];
}

/** The task runs of one task, by the phase that each is in. */
export interface ArrayStatus {
  readonly task: string;
  readonly length: number;
  /** They need something that is not settled. */
  readonly waiting: number;
  /** They could run. */
  readonly queued: number;
  /** They are to be tried again later. */
  readonly delayed: number;
  /** A worker has them. */
  readonly assigned: number;
  readonly settled: number;
  /** Of those that are settled: given up, because they were lost too often. */
  readonly crashed: number;
}

/** Every index of an array is in exactly one of them. */
export const phases = ['waiting', 'queued', 'delayed', 'assigned', 'settled'] as const;

/** All that the scheduler has. */
export interface Holdings {
  readonly core: SchedulerCore;
  readonly workers: ReadonlyMap<string, WorkerPeer>;
  readonly clients: ReadonlyMap<string, ClientPeer>;
  readonly arrays: ReadonlyMap<number, HeldArray>;
  readonly memory: Pick<ResultMemory, 'heldBytes' | 'spilledBytes'>;
}

export function statusOf(holdings: Holdings): ClusterStatus {
  const { core, clients, arrays, memory } = holdings;
  const { heldBytes, spilledBytes } = memory;
  const arraysOf = new Map<ClientPeer, ArrayStatus[]>();
  for (const client of clients.values()) arraysOf.set(client, []);
  for (const array of arrays.values()) arraysOf.get(array.client)?.push(arrayStatus(core, array));
  const flowRuns = [...arraysOf].map(([{ id, name, since }, of]) => {
    const isPaused = core.lineup.pausedClients.has(id);
    return { flowRunName: name, since: new Date(since), isPaused, arrays: of };
  });
  return { workers: workerStatuses(holdings), flowRuns, ...core.totals, heldBytes, spilledBytes };
}

function workerStatuses({ core, workers }: Holdings): WorkerStatus[] {
  return [...workers.values()].flatMap((worker) => {
    const { id, name, threads, since, memoryBytes, memoryLimitBytes } = worker;
    const record = core.fleet.workers.get(id);
    if (record === undefined) return [];
    const { chunks, isDraining, isPaused, has } = record;
    const resources = Object.fromEntries(has.resources.map((each) => [each.name, each.amount]));
    const lastSeen = new Date(performance.timeOrigin + worker.lastSeen);
    const memory = memoryBytes !== undefined && { memoryBytes, ...(memoryLimitBytes && { memoryLimitBytes }) };
    return [
      {
        name,
        threads,
        resources,
        labels: has.labels,
        busy: chunks.size,
        isDraining,
        isPaused,
        since: new Date(since),
        lastSeen,
        ...memory,
      },
    ];
  });
}

export function arrayStatus(core: SchedulerCore, { id, submission }: HeldArray): ArrayStatus {
  const { name: task, length } = submission;
  const record = core.arrays.get(id);
  let assigned = 0;
  for (const { outstanding } of record?.chunks ?? []) assigned += outstanding.size;
  return {
    task,
    length,
    waiting: record?.waiting.size ?? 0,
    queued: record?.queuedCount ?? 0,
    delayed: record?.delayed.size ?? 0,
    assigned,
    settled: record?.settled.size ?? 0,
    crashed: record?.crashed.size ?? 0,
  };
}
