import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadedTask } from '../../src/engine/loaded-task.ts';
import { endedByUpstream } from '../../src/engine/task-run/upstream-steps.ts';
import { RETRY, type Signal } from '../../src/flow/signals.ts';

test('a trigger that throws RETRY is asked again when that says', () => {
  const startTime = Date.UTC(2100);

  assert.equal(endedByTrigger(new RETRY('too early', { startTime }))?.startTime, startTime);
  const later = endedByTrigger(new RETRY('too early', { delay: '1h' }))?.startTime;
  assert.ok(later !== undefined && later > Date.now());
});

function endedByTrigger(signal: Signal) {
  const trigger = () => {
    throw signal;
  };
  const loaded = { trigger, plan: { name: 'load', skipOnUpstreamSkip: true } } as unknown as LoadedTask;
  return endedByUpstream({ loaded, upstream: [] });
}
