import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryObjects } from 'node:v8';
import { Flow, task } from 'heddle';
import { LocalExecutor } from 'heddle/executors';
import { FlowRunner } from '../../src/engine/flow-run/flow-runner.ts';
import { NodeRun } from '../../src/engine/flow-run/node-run.ts';
import { Wiring } from '../../src/engine/flow-run/wiring.ts';
import { FailureLog } from '../../src/engine/task-run/failure-log.ts';
import { RunContext } from '../../src/engine/task-run/run-context.ts';
import { TaskRunner } from '../../src/engine/task-run/task-runner.ts';
import { ArrayRecord } from '../../src/scheduler/array-record.ts';
import { HeldArray } from '../../src/scheduler/peers.ts';

const one = task('one', () => 1);

test('of what comes and goes with task runs, one of each stays when they are over', async () => {
  await runOnes();

  // To count them, V8 collects garbage.
  for (const kind of [FlowRunner, NodeRun, Wiring, ArrayRecord, HeldArray, TaskRunner, RunContext, FailureLog]) {
    assert.equal(queryObjects(kind), 1, kind.name);
  }
});

async function runOnes(): Promise<void> {
  const ones = new Flow('ones', { executor: new LocalExecutor() }, () => [one(), one()]);
  assert.deepEqual((await ones.run({ onLog: () => {} })).output, [1, 1]);
}
