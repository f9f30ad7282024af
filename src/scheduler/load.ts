// How much work there is: what an adaptive cluster goes by. It only reads.

import type { ArrayRecord } from './array-record.ts';
import type { Fleet } from './fleet.ts';

export interface Load {
  /** Threads that have something to run. */
  readonly busy: number;
  /** Indices that could run now, if there were threads for them. */
  readonly queued: number;
  /** How long those would take one thread, as far as that is known. */
  readonly queuedMs: number;
  /** Arrays with something queued, of which nothing has run yet: nobody knows how long theirs takes. */
  readonly unknown: number;
}

export function loadOf(core: { arrays: ReadonlyMap<number, ArrayRecord>; fleet: Fleet }, now: number): Load {
  let [busy, queued, queuedMs, unknown] = [0, 0, 0, 0];
  for (const { chunks } of core.fleet.workers.values()) busy += chunks.size;
  for (const array of core.arrays.values()) {
    const count = array.queuedCount + waitingBehind(array);
    if (count === 0) continue;
    queued += count;
    const meanMs = array.pace.meanMs ?? longestRun(array, now);
    if (meanMs === undefined) unknown += 1;
    else queuedMs += count * meanMs;
  }
  return { busy, queued, queuedMs, unknown };
}

/** Sent ahead to a thread that is busy: with more threads, it would be called back. */
function waitingBehind({ chunks }: ArrayRecord): number {
  let count = 0;
  for (const { behind, outstanding } of chunks) if (behind !== undefined) count += outstanding.size;
  return count;
}

/** Of an array of which nothing has settled yet: one index takes this long at least. */
function longestRun({ chunks }: ArrayRecord, now: number): number | undefined {
  let longest: number | undefined;
  for (const { since } of chunks) longest = Math.max(longest ?? 0, now - since);
  return longest;
}
