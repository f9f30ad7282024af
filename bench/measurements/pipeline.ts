import { Flow } from 'heddle';
import { dask } from '../lib/dask.ts';
import { onThreads, runQuietly } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { ratePerSecond } from '../lib/rates.ts';
import { inc, sum } from '../tasks/inc.ts';

const threads = 2;
const count = 100_000;
const countOfDask = 500;
const expected = (count * (count + 3)) / 2;

const heddle: Contender = {
  name: 'heddle',
  goal: { atLeast: 400_000 },
  open: async (resources) => {
    const executor = await onThreads(resources, threads);
    const numbers = Array.from({ length: count }, (_, number) => number);
    const flow = new Flow('pipeline', { executor }, () => ({ total: sum(inc.map(inc.map(numbers))) }));
    return async () => {
      const startedAt = performance.now();
      const { total } = (await runQuietly(flow)).output;
      const rate = ratePerSecond(2 * count + 1, startedAt);
      if (total !== expected) throw new Error(`expected ${expected}, got ${total}`);
      return rate;
    };
  },
};

export const pipeline: Measurement = {
  name: 'pipeline',
  title:
    `add one to each of ${count.toLocaleString('en')} numbers, one more to each, and sum them up: map, map and reduce ` +
    `on ${threads} warm threads; ${countOfDask} numbers for Dask, on two processes.`,
  unit: 'runs/s',
  contenders: [heddle, dask('pipeline', countOfDask)],
  ratios: [[heddle.name, 'Dask']],
};
