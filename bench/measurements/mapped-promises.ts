import type { Task } from 'heddle';
import { mappedIncrements, onThreads } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { inc, incLogged, incRetried, incWatched } from '../tasks/inc.ts';

const threads = 2;
const count = 100_000;

const plain: Contender = mapped('nothing else', inc);
const others = [
  mapped('1 % tried again', incRetried),
  mapped('a state handler', incWatched),
  { ...mapped('a log line each', incLogged), open: openLogged },
].map((contender): Contender => ({ ...contender, goal: { atLeast: 200_000 } }));

export const mappedPromises: Measurement = {
  name: 'mapped-promises',
  title:
    `add one to each of ${count.toLocaleString('en')} numbers on ${threads} warm threads, where every hundredth run ` +
    'fails the first time and is tried again; where a state handler sees each change; where each run writes a line ' +
    'into the log, and onLog gets it.',
  unit: 'runs/s',
  contenders: [plain, ...others],
  ratios: others.map(({ name }) => [name, plain.name]),
};

function mapped(name: string, task: Task<[value: number], number>): Contender {
  return {
    name,
    open: async (resources) => mappedIncrements({ executor: await onThreads(resources, threads), count, task }),
  };
}

async function openLogged(resources: AsyncDisposableStack) {
  let lines = 0;
  const onLog = ({ mapIndex }: { mapIndex?: number }) => {
    if (mapIndex !== undefined) lines += 1;
  };
  const executor = await onThreads(resources, threads);
  const round = mappedIncrements({ executor, count, task: incLogged, onLog });
  return async () => {
    lines = 0;
    const rate = await round();
    if (lines !== count) throw new Error(`expected ${count} lines of the log, got ${lines}`);
    return rate;
  };
}
