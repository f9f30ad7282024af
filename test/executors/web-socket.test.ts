import { after, before } from 'node:test';
import { DistributedExecutor, WebSocketCluster } from 'heddle/executors';
import { describeContract } from './contract.ts';
import { joinedWorker, type CommandProcess } from './worker-process.ts';

const token = 'contract';
const cluster = new WebSocketCluster({ port: 0, token });
let workers: CommandProcess[] = [];

before(async () => {
  await cluster.start();
  const url = cluster.url!;
  workers = await Promise.all(['ada', 'bob'].map((name) => joinedWorker({ url, token, name })));
});

after(async () => {
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  await cluster[Symbol.asyncDispose]();
});

describeContract('WebSocket workers', () => new DistributedExecutor(() => cluster), { sharesMemory: false });
describeContract('WebSocket client and workers', () => new DistributedExecutor(cluster.url, { token }), {
  sharesMemory: false,
});
