// A script whose tasks hear that they are to end, and do not.

import { context, Flow, Parameter, task } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { note } from '../fixtures/diary.ts';

const spin = task('spin', (x: number, diary: string) => {
  if (diary === '') return x;
  note(diary, `busy ${process.pid}`);
  while (!context.signal.aborted);
  note(diary, `told ${x}`);
  for (;;);
});

const processes = new DistributedExecutor(() => new LocalCluster({ workers: 2, processes: true }));
const flow = new Flow('spin', { executor: processes }, () => {
  const diary = new Parameter('diary', { default: '' });
  return { spun: [spin(0, diary), spin(1, diary)] };
});

await flow.run({ cancelGrace: process.env['GRACE'] === undefined ? '2s' : '1h' });
