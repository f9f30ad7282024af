// All kinds of functions, as tasks of a module: what each comes to on a worker in an empty folder, which gets the module
// in a bundle, is what it comes to here.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, WebSocketCluster } from 'heddle/executors';
import { kindTasks } from '../fixtures/kinds-as-tasks.ts';
import { kinds, outcomeOf } from '../fixtures/kinds-of-functions.ts';
import { joinedWorker } from './worker-process.ts';

const token = 'kinds';
const folder = mkdtempSync(join(tmpdir(), 'heddle-kinds-'));
after(() => rmSync(folder, { recursive: true }));

let outcomes: Readonly<Record<string, string>>;
before(async () => {
  await using cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  await using _worker = await joinedWorker({
    url: cluster.url!,
    token,
    name: 'ada',
    folder,
    codeDirectory: join(folder, 'code'),
  });
  const flow = new Flow('kinds', () =>
    Object.fromEntries(Object.entries(kindTasks).map(([name, each]) => [name, each()])),
  );
  const state = await flow.run({ executor: new DistributedExecutor(() => cluster), onLog: () => {} });
  outcomes = { ...state.output };
});

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name} is the same in a bundle`, async () => {
    assert.equal(outcomes[name], await outcomeOf(kind));
  });
}
