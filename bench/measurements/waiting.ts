import PQueue from 'p-queue';
import { mappedIncrements, onThreads } from '../lib/heddle.ts';
import type { Measurement } from '../lib/measurement.ts';
import { assertIsNext } from '../lib/rates.ts';
import { incLater, incTogether, incTriedAgain, waitMs } from '../tasks/waiting.ts';

const count = 1_000;
const concurrency = 100;

export const waiting: Measurement = {
  name: 'waiting',
  title:
    `wait ${waitMs} ms ${count.toLocaleString('en')} times, ${concurrency} at a time: ours on one warm thread, with ` +
    `concurrency ${concurrency}, the peer on its only one. One after the other it is ${(count * waitMs) / 1_000} s, and ` +
    `${(count * waitMs) / 1_000 / concurrency} s is the least.`,
  unit: 's',
  contenders: [
    {
      name: 'heddle',
      open: async (resources) => {
        const round = mappedIncrements({ executor: await onThreads(resources, 1), count, task: incTogether });
        return async () => count / (await round());
      },
      goal: { atMost: 1.5 },
    },
    {
      name: 'heddle, each tenth tried again',
      open: async (resources) => {
        const round = mappedIncrements({ executor: await onThreads(resources, 1), count, task: incTriedAgain });
        return async () => count / (await round());
      },
      goal: { atMost: 1.6 },
    },
    { name: 'p-queue', open: () => throughQueue },
  ],
  ratios: [['heddle', 'p-queue']],
};

async function throughQueue(): Promise<number> {
  const queue = new PQueue({ concurrency });
  const startedAt = performance.now();
  const values = Array.from({ length: count }, (_, value) => value);
  const results = await Promise.all(values.map((value) => queue.add(() => incLater(value))));
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const value of values) assertIsNext(value, results[value]);
  return seconds;
}
