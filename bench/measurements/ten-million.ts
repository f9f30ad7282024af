import { Flow, type LogRecord } from 'heddle';
import { onThreads, runQuietly } from '../lib/heddle.ts';
import { MemoryWatch } from '../lib/memory.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { ratePerSecond } from '../lib/rates.ts';
import { nothing } from '../tasks/inc.ts';

const threads = 2;
const count = 10_000_000;

const rate: Contender = {
  name: 'heddle',
  open: async (resources) => {
    const run = await openFlow(resources);
    return async () => {
      const startedAt = performance.now();
      await run();
      return ratePerSecond(count, startedAt);
    };
  },
};

const growth: Contender = {
  name: 'memory, growth while they run',
  unit: 'MB',
  goal: { atMost: 100 },
  open: async (resources) => {
    const run = await openFlow(resources);
    return async () => {
      let atFirst: number | undefined;
      using watch = new MemoryWatch();
      // The list is in bytes by then, and nearly all is still to be run.
      const onRunning = () => (atFirst ??= watch.mostBytes);
      await run(onRunning);
      return (watch.mostBytes - (atFirst ?? Infinity)) / 2 ** 20;
    };
  },
};

export const tenMillion: Measurement = {
  name: 'ten-million',
  title:
    `${count.toLocaleString('en')} children on ${threads} threads, whose results are undefined. Memory is how much more ` +
    'than when the first one ran the heap of the main thread ever held, and what belongs to it outside of it.',
  unit: 'runs/s',
  mostRounds: 1,
  warmUpRounds: 0,
  contenders: [rate, growth],
  ratios: [],
};

async function openFlow(resources: AsyncDisposableStack): Promise<(onRunning?: () => void) => Promise<void>> {
  const executor = await onThreads(resources, threads);
  const numbers = Array.from({ length: count }, (_, number) => number);
  const flow = new Flow('ten-million', { executor }, () => {
    nothing.map(numbers);
  });
  return async (onRunning) => {
    const onLog = ({ mapIndex }: LogRecord) => {
      if (mapIndex === 0) onRunning?.();
    };
    const state = await runQuietly(flow, { onLog });
    const { taskRuns } = state.statistics;
    if (taskRuns !== count) throw new Error(`expected ${count} task runs, got ${taskRuns}`);
  };
}
