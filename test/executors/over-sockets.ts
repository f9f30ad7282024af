// A cluster that workers join over sockets, and how they and flows get there.

import { DistributedExecutor, WebSocketCluster, type WebSocketClusterOptions } from 'heddle/executors';

export const token = 'over-sockets';

export async function started(options: WebSocketClusterOptions = {}): Promise<WebSocketCluster> {
  const cluster = new WebSocketCluster({ port: 0, token, ...options });
  await cluster.start();
  return cluster;
}

/** For a worker of it. */
export function at({ url }: WebSocketCluster): { url: string; token: string } {
  return { url: url!, token };
}

export function on(cluster: WebSocketCluster): DistributedExecutor {
  return new DistributedExecutor(() => cluster);
}
