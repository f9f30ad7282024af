import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadedTask } from '../../src/engine/task-run/loaded-task.ts';
import { endedByUpstream } from '../../src/engine/task-run/upstream-steps.ts';
import { LOOP, RETRY } from '../../src/flow/signals.ts';

test('a trigger that throws RETRY keeps when it is to be asked again', () => {
  const startTime = Date.UTC(2100);

  assert.equal(endedByTrigger(new RETRY('too early', { startTime }))?.startTime, startTime);
});

test('a trigger that throws LOOP, with which it would be asked for ever, fails with what to throw instead', () => {
  const state = endedByTrigger(new LOOP('not yet'));

  assert.equal(state?.type, 'TriggerFailed');
  assert.match(state.message, /checking task trigger: LOOP: not yet\. .* throws signals\.RETRY with a delay$/);
});

test('a trigger that throws what has no text fails its run like any other', () => {
  const textless = {
    toString: () => {
      throw new Error('no text');
    },
  };

  for (const thrown of [Object.create(null), textless]) {
    assert.match(endedByTrigger(thrown)!.message, /checking task trigger: something that has no text$/);
  }
});

function endedByTrigger(thrown: unknown) {
  const trigger = () => {
    throw thrown;
  };
  const loaded = { trigger, plan: { name: 'load', skipOnUpstreamSkip: true } } as unknown as LoadedTask;
  return endedByUpstream({ loaded, upstream: [] });
}
