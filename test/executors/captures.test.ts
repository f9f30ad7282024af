// Tasks made inside functions, on threads: with what they capture.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import * as captures from '../fixtures/captures.ts';

const cluster = new LocalCluster({ workers: 1 });
before(() => cluster.start());
after(() => cluster[Symbol.asyncDispose]());

const run = <Plan>(flow: Flow<Plan>) => flow.run({ executor: new DistributedExecutor(() => cluster), onLog: () => {} });

test('a task made inside a function runs with what it captures, and with the names of its module', async () => {
  const scaling = captures.scaling(100);
  const state = await run(new Flow('f', () => ({ scaled: scaling.map([1, 2]) })));

  assert.deepEqual(state.output.scaled, [106, 112]);
});

test('what a task throws that was made inside a function has the lines of its file', async () => {
  const failing = captures.failingInside('no');
  const state = await run(new Flow('f', () => failing(1)));

  const { error } = state.of('failing-inside');
  assert.equal(error?.message, 'no 1');
  assert.match(error?.stack ?? '', /captures\.ts:29:11\)/);
});
