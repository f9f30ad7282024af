// A cluster that was started and never got a flow run, while a flow ran on this thread because nobody gave it an
// executor: that was most likely forgotten, and nothing else would tell.

export interface StartedCluster {
  /** The name of its class. */
  readonly owner: string;
  /** Called when a flow ran elsewhere for want of an executor, and none on this cluster so far. */
  readonly passedOver: () => void;
  /** Whether any task run has ended on it, be it of a program or a flow that came by its address. */
  readonly hasRun: () => boolean;
}

/** Those on which no flow has run yet. */
const unused = new Set<StartedCluster>();
/** Those of them that were started when a flow ran elsewhere for want of an executor. */
const passedOver = new Set<StartedCluster>();

export function clusterStarted(cluster: StartedCluster): void {
  if (unused.size === 0) process.on('beforeExit', tellAll);
  unused.add(cluster);
}

/** A flow runs on it. */
export function clusterUsed(cluster: StartedCluster): void {
  unused.delete(cluster);
  passedOver.delete(cluster);
  if (unused.size === 0) process.off('beforeExit', tellAll);
}

/** A flow runs on this thread because it was given no executor. */
export function ranHere(): void {
  for (const cluster of unused) {
    passedOver.add(cluster);
    cluster.passedOver();
  }
}

/** It is closed, or the program has nothing left to do. */
export function clusterOver(cluster: StartedCluster): void {
  const isForgotten = passedOver.has(cluster) && !cluster.hasRun();
  clusterUsed(cluster);
  if (!isForgotten) return;
  const message =
    `a ${cluster.owner} was started, and no flow of this program ran on it; one that was given no executor ran on ` +
    'this thread instead. Give the flow one: new Flow(name, { executor: new DistributedExecutor(() => cluster) }, …)';
  process.emitWarning(message, { code: 'CLUSTER_NOT_USED' });
}

function tellAll(): void {
  for (const cluster of passedOver) clusterOver(cluster);
}
