// A server that finishes what it has begun when it is told to end.

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Flow, task } from 'heddle';

const serve = task('serve', async () => {
  const told = once(process, 'SIGTERM');
  process.stdout.write('begun\n');
  // Until then, and a little longer.
  await told;
  await delay(20);
  return 'served';
});

const state = await new Flow('request', () => serve()).run({ handleSignals: false });
process.stdout.write(`${state.type}: ${state.output}\n`);
