// A program that makes and runs a flow again and again on its own thread, and gets Ctrl-C as a task of a later run
// begins.

import { setImmediate as turn } from 'node:timers/promises';
import { context, Flow, resourceManager, task } from 'heddle';

const client = resourceManager('client', { setup: () => ({ turns: 2 }) });

function flowOf(number: number): Flow {
  const day = task('day', async (least: { readonly turns: number }) => {
    if (number === 2) process.kill(process.pid, 'SIGINT');
    const waits = () => (number === 1 ? process.listenerCount('SIGINT') === 0 : !context.signal.aborted);
    for (let turns = 0; turns < least.turns || waits(); turns += 1) await turn();
  });
  return new Flow('days', () => day(client()));
}

for (const number of [1, 2]) await flowOf(number).run();
