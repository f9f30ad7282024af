// Starts a cluster of so many workers, or a pool of so many threads, waits until that is over, and tells what it takes
// while it has nothing to do.

import { setTimeout } from 'node:timers/promises';

const [who, size, seconds] = process.argv.slice(2);
const longestStartMs = 180_000;

const start = {
  heddle: async (workers) => {
    const { LocalCluster } = await import('heddle/executors');
    await new LocalCluster({ workers }).start();
  },
  piscina: async (threads) => {
    const { Piscina } = await import('piscina');
    const filename = new URL('function.js', import.meta.url).href;
    return new Piscina({ filename, minThreads: threads, maxThreads: threads });
  },
};

await start[who](Number(size));
// Each thread imports what it needs after its start, and then V8 makes its heap smaller, twice within 20 s.
while ((await percentOfCore(20_000)) > 1 && performance.now() < longestStartMs);
// What was started is not closed: the process ends with it.
process.send(await percentOfCore(Number(seconds) * 1_000), () => process.exit());

async function percentOfCore(milliseconds) {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await setTimeout(milliseconds);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - startedAt);
}
