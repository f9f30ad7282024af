// The scheduler of the soak, in a process of its own, so that its memory is nobody else's. Says where it is, then how
// much it holds, after each collection, a line each; and ends with its standard input.

import { once } from 'node:events';
import { WebSocketCluster } from 'heddle/executors';

const sampleMs = 1_000;

const cluster = new WebSocketCluster({
  port: 0,
  // Workers are killed by the dozen, and none of that is the fault of a task.
  allowedFailures: 1_000,
  heartbeatTimeout: '2s',
});
await cluster.start();
console.log(JSON.stringify({ url: cluster.url }));

const sample = async () => {
  globalThis.gc!();
  const { heapUsed, rss } = process.memoryUsage();
  const { settled, lost, workers } = await cluster.status();
  console.log(JSON.stringify({ at: performance.now(), heapUsed, rss, settled, lost, workers: workers.length }));
};
const timer = setInterval(() => void sample(), sampleMs);
process.stdin.resume();
await once(process.stdin, 'end');
clearInterval(timer);
await sample();
await cluster.close();
