// How much work there is, so that a cluster can adapt to it. It only reads.

import type { ArrayRecord } from './array-record.ts';
import type { Fleet } from './fleet.ts';

export interface Load {
  /** Threads that have something to run. */
  readonly busy: number;
  /** One for each array with something queued. */
  readonly arrays: readonly ArrayLoad[];
}

export interface ArrayLoad {
  /** Indices that could run, if there were threads for them. */
  readonly queued: number;
  /** How long one thread would take for those; `undefined` until something of it has run. */
  readonly queuedMs: number | undefined;
  /** How many threads could use it now: its limits let no more start, and several indices overlap in a thread. */
  readonly mostThreads: number;
}

export function loadOf(core: { arrays: ReadonlyMap<number, ArrayRecord>; fleet: Fleet }, now: number): Load {
  let busy = 0;
  for (const { chunks } of core.fleet.workers.values()) busy += chunks.size;
  const arrays = [...core.arrays.values()].map((array) => loadOfArray(array, now));
  return { busy, arrays: arrays.filter(({ queued }) => queued > 0) };
}

function loadOfArray(array: ArrayRecord, now: number): ArrayLoad {
  const { concurrency, room, pace } = array;
  const queued = array.queuedCount + waitingBehind(array);
  const meanMs = pace.meanMs ?? longestRun(array, now);
  const mostThreads = Math.ceil(Math.min(queued, room) / concurrency);
  return { queued, queuedMs: meanMs && queued * meanMs, mostThreads };
}

/** How many indices were sent ahead to busy threads: with more threads, they would be recalled. */
function waitingBehind({ chunks }: ArrayRecord): number {
  let count = 0;
  for (const { behind, outstanding } of chunks) if (behind !== undefined) count += outstanding.size;
  return count;
}

/** How long one index takes at least, for an array of which nothing has settled yet. */
function longestRun({ chunks }: ArrayRecord, now: number): number | undefined {
  let longest: number | undefined;
  for (const { since } of chunks) longest = Math.max(longest ?? 0, now - since);
  return longest;
}
