// Who closes a cluster: its author, if he has started it, else the last of the flow runs that use it.

import type { FlowRunFacts } from '../engine/flow-run/executor.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { Cluster } from './cluster.ts';

/** How many runs use a cluster that only runs have started. */
const users = new WeakMap<Cluster, number>();
/** Set while a run starts one. */
let isForRun = false;

/**
 * What a run is to dispose of: nothing if the cluster's author started it, else the cluster, once it is the last run
 * and its author has not started it meanwhile. A cluster that cannot be closed changes nothing of how the run ended.
 */
export function leaseOf(cluster: Cluster, { logger }: FlowRunFacts): AsyncDisposable[] {
  if (cluster.isStarted && !users.has(cluster)) return [];
  users.set(cluster, (users.get(cluster) ?? 0) + 1);
  const release = async () => {
    const count = users.get(cluster);
    if (count === undefined) return;
    users.set(cluster, count - 1);
    if (count > 1) return;
    users.delete(cluster);
    try {
      await cluster[Symbol.asyncDispose]();
    } catch (error) {
      logger.warn(`the cluster of this run could not be closed: ${messageIn(error)}`);
    }
  };
  return [{ [Symbol.asyncDispose]: release }];
}

export async function startForRun(cluster: Cluster): Promise<void> {
  let starting: Promise<void>;
  isForRun = true;
  try {
    starting = cluster.start();
  } finally {
    isForRun = false;
  }
  await starting;
}

/** To be called when a cluster is asked to start: if its author asks, he closes it, and no run does. */
export function noteStart(cluster: Cluster): void {
  if (!isForRun) users.delete(cluster);
}
