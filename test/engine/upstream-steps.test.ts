import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadedTask } from '../../src/engine/loaded-task.ts';
import { endedByUpstream } from '../../src/engine/task-run/upstream-steps.ts';
import { RETRY, type Signal } from '../../src/flow/signals.ts';

test('a trigger that throws RETRY keeps when it is to be asked again', () => {
  const startTime = Date.UTC(2100);

  assert.equal(endedByTrigger(new RETRY('too early', { startTime }))?.startTime, startTime);
});

function endedByTrigger(signal: Signal) {
  const trigger = () => {
    throw signal;
  };
  const loaded = { trigger, plan: { name: 'load', skipOnUpstreamSkip: true } } as unknown as LoadedTask;
  return endedByUpstream({ loaded, upstream: [] });
}
