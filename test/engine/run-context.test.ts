import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { RunContext } from '../../src/engine/task-run/run-context.ts';
import { controlOrders, controlWords } from '../../src/lib/control.ts';

test('who asks for the signal when the run is cancelled already, and listens then, is told all the same', async () => {
  const { run } = cancelledRun();

  const { signal } = run;
  assert.equal(signal.aborted, false);

  await once(signal, 'abort');
  assert.equal((signal.reason as Error).message, 'the flow run was cancelled');
});

test('a loop that never yields finds the signal aborted when it looks again', () => {
  const { run } = cancelledRun();

  assert.equal(run.signal.aborted, false);
  assert.equal(run.signal.aborted, true);
});

function cancelledRun() {
  const control = new Int32Array(new SharedArrayBuffer(4 * controlWords.length));
  Atomics.store(control, controlWords.order, controlOrders.cancel);
  const progress = { runCount: 1, retriesUsed: 0, loopCount: 1, loopResult: undefined };
  const facts = { plan: {} as never, progress, mapIndex: undefined, taskRunName: undefined, control, write: () => {} };
  return { run: new RunContext(facts) };
}
