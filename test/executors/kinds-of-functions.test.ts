// All kinds of functions, as tasks that were made inside a function: what each comes to on a thread is what it comes to
// here, or it is refused with a reason. None is silently another.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { kinds, outcomeOf, taskOf } from '../fixtures/kinds-of-functions.ts';

const cluster = new LocalCluster({ workers: 1 });
before(() => cluster.start());
after(() => cluster[Symbol.asyncDispose]());

const refused: Readonly<Record<string, RegExp>> = {
  'an arrow field': /uses the `this` of what is around it/,
  'a Proxy': /is a Proxy, whose code cannot be seen/,
  'a direct eval': /calls eval\(\)/,
};

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name}: ${name in refused ? 'refused' : 'the same on a thread'}`, async () => {
    const kindTask = taskOf(kind);
    const executor = new DistributedExecutor(() => cluster);
    const running = new Flow('f', () => ({ outcome: kindTask() })).run({ executor, onLog: () => {} });

    if (name in refused) {
      await assert.rejects(running, { code: 'FUNCTION_NOT_SERIALIZABLE', message: refused[name] });
      return;
    }
    const state = await running;
    assert.equal(state.of('kind').error, undefined);
    assert.equal(state.output.outcome, await outcomeOf(kind));
  });
}
