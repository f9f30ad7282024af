import { installedProject } from '../lib/installed.ts';
import type { Contender, Goal, Measurement } from '../lib/measurement.ts';
import { startModule } from '../lib/processes.ts';

const atMost = (milliseconds: number): Goal => ({ atMost: milliseconds });

export const start: Measurement = {
  name: 'start',
  title:
    'the import in a fresh process of a project that has the package installed, as npm run build makes it; and, when ' +
    'everything is imported, the time from nothing to the result of a task: a LocalCluster of two workers and a flow ' +
    'run on it, a pool of two threads and a call.',
  unit: 'ms',
  contenders: [
    { name: 'import heddle', goal: atMost(50) },
    { name: 'import piscina' },
    { name: 'first result, heddle', goal: atMost(150) },
    { name: 'first result, piscina' },
  ].map(({ name, ...rest }): Contender => ({ name, ...rest, open: (resources) => openProject(resources, name) })),
  ratios: [
    ['import heddle', 'import piscina'],
    ['first result, heddle', 'first result, piscina'],
  ],
};

async function openProject(resources: AsyncDisposableStack, name: string) {
  const project = await installedProject(resources);
  return async () => {
    await using round = new AsyncDisposableStack();
    return Number(await startModule(round, new URL('start.js', project), [name]));
  };
}
