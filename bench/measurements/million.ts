import { Flow } from 'heddle';
import { onThreads, runQuietly } from '../lib/heddle.ts';
import { heldBytes, MemoryWatch } from '../lib/memory.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { assertIsNext } from '../lib/rates.ts';
import { clockMs, inc, now } from '../tasks/inc.ts';

const threads = 2;
const count = 1_000_000;
const bytesOfNumber = 8;

const firstRunning: Contender = {
  name: 'the first one runs after',
  goal: { atMost: 50 },
  open: async (resources) => {
    const executor = await onThreads(resources, threads);
    const numbers = makeNumbers();
    const flow = new Flow('million', { executor }, () => ({ times: now.map(numbers) }));
    return async () => {
      const calledAt = clockMs();
      const { times } = (await runQuietly(flow)).output;
      return times[0]! - calledAt;
    };
  },
};

const memory: Contender = {
  name: 'memory above that of inputs and results',
  unit: 'MB',
  goal: { atMost: 150 },
  open: async (resources) => {
    const executor = await onThreads(resources, threads);
    const numbers = makeNumbers();
    const flow = new Flow('million', { executor }, () => ({ results: inc.map(numbers) }));
    return async () => {
      const before = heldBytes();
      using watch = new MemoryWatch();
      const { results } = (await runQuietly(flow)).output;
      const above = watch.mostBytes - before - results.length * bytesOfNumber;
      for (const [index, result] of results.entries()) assertIsNext(index, result);
      return above / 2 ** 20;
    };
  },
};

export const million: Measurement = {
  name: 'million',
  title:
    `add one to each of ${count.toLocaleString('en')} numbers on ${threads} warm threads. The first one runs so long ` +
    'after the call of run; memory is the most that the heap of the main thread held, and what belongs to it outside ' +
    'of it, garbage included, up to the list of results in hand.',
  unit: 'ms',
  mostRounds: 5,
  warmUpRounds: 2,
  contenders: [firstRunning, memory],
  ratios: [],
};

function makeNumbers(): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
