// Starts a cluster of so many workers, waits until that is over, and tells what it takes while it has nothing to do.

import { LocalCluster } from 'heddle/executors';
import { setTimeout } from 'node:timers/promises';

const [workers, seconds] = process.argv.slice(2).map(Number);
const longestStartMs = 180_000;

await using cluster = new LocalCluster({ workers });
await cluster.start();
// Each thread imports what it needs after its start.
while ((await percentOfCore(5_000)) > 10 && performance.now() < longestStartMs);
process.send(await percentOfCore(seconds * 1_000));

async function percentOfCore(milliseconds) {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await setTimeout(milliseconds);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - startedAt);
}
