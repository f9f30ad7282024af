// The thread of `by-hand.ts`: adds one.

import { AsyncLocalStorage } from 'node:async_hooks';
import { parentPort } from 'node:worker_threads';
import { Vigil } from '../../src/lib/vigil.ts';
import { numberIn, textOf, type Answer, type Line, type Order } from './by-hand.ts';

interface Plan {
  readonly name: string;
  readonly reference: { readonly name: string };
}

const tasks = new Map([['inc', (value: number) => value + 1]]);
const runs = new AsyncLocalStorage<{ readonly plan: Plan; readonly lines: Line[] }>();
const vigil = new Vigil();

parentPort!.on('message', (order: Order) => {
  vigil.end();
  void run(order);
});

async function run([text, value]: Order): Promise<void> {
  const plan = JSON.parse(text) as Plan;
  const lines: Line[] = [lineOf(plan, 'started')];
  const startedAt = performance.now();
  const result = runs.run({ plan, lines }, () => tasks.get(plan.reference.name)!(numberIn(value)));
  lines.push(lineOf(plan, `finished in ${(performance.now() - startedAt).toFixed(1)} ms: Success`));
  // Promises that failed and that nobody awaits end the thread after this turn.
  await new Promise((resolve) => setImmediate(resolve));
  parentPort!.postMessage([textOf(result), ...lines] satisfies Answer);
  vigil.begin();
}

function lineOf({ name: task }: Plan, message: string): Line {
  return { time: Date.now(), level: 'info', message, task };
}
