import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryObjects } from 'node:v8';
import { Flow, task } from 'heddle';
import { LocalExecutor } from 'heddle/executors';
import { TaskRunner } from '../../src/engine/task-run/task-runner.ts';
import { ArrayRecord } from '../../src/scheduler/array-record.ts';
import { HeldArray } from '../../src/scheduler/peers.ts';

const one = task('one', () => 1);

test('of what comes and goes with task runs, one of each stays when they are over', async () => {
  const state = await new Flow('ones', { executor: new LocalExecutor() }, () => [one(), one()]).run({
    onLog: () => {},
  });

  assert.deepEqual(state.output, [1, 1]);
  // To count them, V8 collects garbage.
  for (const kind of [ArrayRecord, HeldArray, TaskRunner]) assert.equal(queryObjects(kind), 1, kind.name);
});
