import type { Contender, Goal, Measurement } from '../lib/measurement.ts';
import { startModule } from '../lib/processes.ts';
import type { Start } from '../peers/start.ts';

const goals: Partial<Record<Start, Goal>> = {
  'import heddle': { atMost: 50 },
  'first result, heddle': { atMost: 150 },
};
const starts: readonly Start[] = ['import heddle', 'import piscina', 'first result, heddle', 'first result, piscina'];

export const start: Measurement = {
  name: 'start',
  title:
    'the import in a fresh process; and, when everything is imported, the time from nothing to the result of a task: ' +
    'a LocalCluster of two workers and a flow run on it, a pool of two threads and a call.',
  unit: 'ms',
  contenders: starts.map(inFreshProcess),
  ratios: [
    ['import heddle', 'import piscina'],
    ['first result, heddle', 'first result, piscina'],
  ],
};

function inFreshProcess(name: Start): Contender {
  const goal = goals[name];
  const open = () => async () => {
    await using resources = new AsyncDisposableStack();
    return Number(await startModule(resources, new URL('../peers/start.ts', import.meta.url), [name]));
  };
  return { name, open, ...(goal && { goal }) };
}
