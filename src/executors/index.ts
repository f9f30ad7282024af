export type { Executor } from '../engine/executor.ts';
export type { Cluster } from './cluster.ts';
export { DistributedExecutor } from './distributed-executor.ts';
export type { ClusterFactory, DistributedExecutorOptions } from './distributed-executor.ts';
export { LocalCluster } from './local-cluster.ts';
export type { LocalClusterOptions } from './local-cluster.ts';
export { LocalExecutor } from './local-executor.ts';
export { WebSocketCluster } from './web-socket-cluster.ts';
export type { WebSocketClusterOptions } from './web-socket-cluster.ts';
