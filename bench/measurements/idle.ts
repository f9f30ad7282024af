import { setTimeout } from 'node:timers/promises';
import { LocalCluster } from 'heddle/executors';
import { startCluster } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';

const workers = 100;
const watchedMs = 15_000;

const heddle: Contender = {
  name: 'heddle',
  goal: { atMost: 0.2 },
  open: async (resources) => {
    await startCluster(resources, new LocalCluster({ workers }));
    return async () => {
      const before = process.cpuUsage();
      const startedAt = performance.now();
      await setTimeout(watchedMs);
      const { user, system } = process.cpuUsage(before);
      return (100 * (user + system)) / 1_000 / (performance.now() - startedAt);
    };
  },
};

export const idle: Measurement = {
  name: 'idle',
  title:
    `a LocalCluster with ${workers} workers that have nothing to do, watched for ${watchedMs / 1_000} s: the processor ` +
    'time of its process, all of its threads, and of what watches it.',
  unit: '% of a core',
  mostRounds: 1,
  warmUpRounds: 0,
  contenders: [heddle],
  ratios: [],
};
