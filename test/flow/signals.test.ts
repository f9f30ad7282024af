import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAIL, PAUSE, Signal, SKIP, TRIGGERFAIL } from '../../src/flow/signals.ts';

const table = [
  { make: FAIL, name: 'FAIL', type: 'Failed', carriesError: true },
  { make: SKIP, name: 'SKIP', type: 'Skipped', carriesError: false },
  { make: TRIGGERFAIL, name: 'TRIGGERFAIL', type: 'TriggerFailed', carriesError: true },
  { make: PAUSE, name: 'PAUSE', type: 'Paused', carriesError: false },
] as const;

for (const { make, name, type, carriesError } of table) {
  test(`${name} is an error that ends the task run as ${type}, with its message`, () => {
    const signal = new make('no rows');

    assert.ok(signal instanceof Error && signal instanceof Signal);
    assert.equal(signal.name, name);
    assert.equal(signal.message, 'no rows');
    assert.equal(signal.state.type, type);
    assert.equal(signal.state.message, 'no rows');
    assert.equal(signal.state.error, carriesError ? signal : undefined);
  });

  test(`${name} says what it is when nothing else is said`, () => {
    assert.equal(new make().message, `${name} signal raised.`);
  });
}
