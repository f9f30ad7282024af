// Who closes a cluster: its author, if he has started it, else the last of the flow runs that use it.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { FlowRunFacts } from '../engine/flow-run/executor.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { Cluster } from './cluster.ts';

/** The leases of the runs that use a cluster which only runs have started. */
const users = new WeakMap<Cluster, Set<AsyncDisposable>>();
/** Those clusters, until they are closed, and so many that more at once were hardly meant. */
const ofRuns = new Set<Cluster>();
const mostOfRuns = 8;
let isTold = false;
/** Set while a run starts one, also in a class that does something of its own first. */
const startsForRun = new AsyncLocalStorage<true>();

/**
 * What a run is to dispose of: nothing if the cluster's author started it, else the cluster, once it is the last run
 * and its author has not started it meanwhile. A cluster that cannot be closed changes nothing of how the run ended.
 */
export function leaseOf(cluster: Cluster, { logger }: FlowRunFacts): AsyncDisposable[] {
  if (cluster.isStarted && !users.has(cluster)) return [];
  const leases = users.get(cluster) ?? new Set<AsyncDisposable>();
  users.set(cluster, leases);
  const lease: AsyncDisposable = {
    async [Symbol.asyncDispose]() {
      if (!leases.delete(lease) || leases.size > 0) return;
      ofRuns.delete(cluster);
      // Its author may have started it meanwhile, and closed it again for others to start.
      if (users.get(cluster) !== leases) return;
      users.delete(cluster);
      try {
        await cluster[Symbol.asyncDispose]();
      } catch (error) {
        const why = messageIn(error).replace(/\.?$/, '.');
        logger.warn(`the cluster of this run could not be closed: ${why} What it has started may be there still`);
      }
    },
  };
  leases.add(lease);
  ofRuns.add(cluster);
  tellOfMany();
  return [lease];
}

/** Each has threads of its own: they are slow together, and nothing else would tell why. */
function tellOfMany(): void {
  if (isTold || ofRuns.size <= mostOfRuns) return;
  isTold = true;
  const message =
    `more than ${mostOfRuns} flow runs of this program go on at once, each on a cluster that it starts for itself ` +
    'and closes again. Let them share one: await cluster.start() once, and new DistributedExecutor(() => cluster) ' +
    'for all; or let one run map over what they are for.';
  process.emitWarning(message, { code: 'CLUSTER_PER_RUN' });
}

/** Starts it as a run does, which so has to close it. */
export async function startForRun(cluster: Cluster): Promise<void> {
  await startsForRun.run(true, async () => await cluster.start());
}

/** To be called when a cluster is asked to start: if its author asks, he closes it, and no run does. */
export function noteStart(cluster: Cluster): void {
  if (startsForRun.getStore() === undefined) users.delete(cluster);
}
