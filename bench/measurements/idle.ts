import { installedProject } from '../lib/installed.ts';
import type { Contender, Goal, Measurement } from '../lib/measurement.ts';
import { startModule } from '../lib/processes.ts';

const workers = 100;
const seconds = 60;

function contender(name: string, goal?: Goal): Contender {
  return {
    name,
    ...(goal && { goal }),
    open: async (resources) => {
      const project = await installedProject(resources);
      return async () => {
        await using round = new AsyncDisposableStack();
        return Number(await startModule(round, new URL('idle.js', project), [name, ...[workers, seconds].map(String)]));
      };
    },
  };
}

export const idle: Measurement = {
  name: 'idle',
  title:
    `a LocalCluster with ${workers} workers that have nothing to do, in a project that has the package installed, ` +
    `watched for ${seconds} s: the processor time of its process and all of its threads, once all of them have ` +
    'started and V8 has made their heaps smaller, within 20 s. For scale, a pool with as many threads, which import ' +
    'nothing of ours, and send no signs of life.',
  unit: '% of a core',
  mostRounds: 1,
  warmUpRounds: 0,
  contenders: [contender('heddle', { atMost: 0.2 }), contender('piscina')],
  ratios: [['heddle', 'piscina']],
};
