import { setTimeout } from 'node:timers/promises';
import { LocalCluster } from 'heddle/executors';
import { startCluster } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';

const workers = 100;
const watchedMs = 10_000;
/** Each thread imports what it needs after its start, which from sources takes half a second of a core or more. */
const longestSettlingMs = 180_000;

const heddle: Contender = {
  name: 'heddle',
  goal: { atMost: 0.2 },
  open: async (resources) => {
    await startCluster(resources, new LocalCluster({ workers }));
    const until = performance.now() + longestSettlingMs;
    while ((await shareOfCore(watchedMs / 4)) > 1 && performance.now() < until);
    return () => shareOfCore(watchedMs);
  },
};

async function shareOfCore(milliseconds: number): Promise<number> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await setTimeout(milliseconds);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - startedAt);
}

export const idle: Measurement = {
  name: 'idle',
  title:
    `a LocalCluster with ${workers} workers that have nothing to do, watched for ${watchedMs / 1_000} s: the processor ` +
    'time of its process and all of its threads, once all of them have started.',
  unit: '% of a core',
  mostRounds: 1,
  warmUpRounds: 0,
  contenders: [heddle],
  ratios: [],
};
