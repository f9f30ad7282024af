import { installedProject } from '../lib/installed.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { startModule } from '../lib/processes.ts';

const workers = 100;
const seconds = 60;

const heddle: Contender = {
  name: 'heddle',
  goal: { atMost: 0.2 },
  open: async (resources) => {
    const project = await installedProject(resources);
    return async () => {
      await using round = new AsyncDisposableStack();
      return Number(await startModule(round, new URL('idle.js', project), [workers, seconds].map(String)));
    };
  },
};

export const idle: Measurement = {
  name: 'idle',
  title:
    `a LocalCluster with ${workers} workers that have nothing to do, in a project that has the package installed, ` +
    `watched for ${seconds} s: the processor time of its process and all of its threads, once all of them have started.`,
  unit: '% of a core',
  mostRounds: 1,
  warmUpRounds: 0,
  contenders: [heddle],
  ratios: [],
};
