import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as signals from '../../src/flow/signals.ts';

const { FAIL, LOOP, PAUSE, RETRY, Signal, SKIP, SUCCESS, TRIGGERFAIL, VALIDATIONFAIL } = signals;

const table = [
  { make: FAIL, name: 'FAIL', type: 'Failed', carriesError: true },
  { make: SUCCESS, name: 'SUCCESS', type: 'Success', carriesError: false },
  { make: SKIP, name: 'SKIP', type: 'Skipped', carriesError: false },
  { make: VALIDATIONFAIL, name: 'VALIDATIONFAIL', type: 'ValidationFailed', carriesError: true },
  { make: TRIGGERFAIL, name: 'TRIGGERFAIL', type: 'TriggerFailed', carriesError: true },
  { make: RETRY, name: 'RETRY', type: 'Retrying', carriesError: false },
  { make: LOOP, name: 'LOOP', type: 'Looped', carriesError: false },
  { make: PAUSE, name: 'PAUSE', type: 'Paused', carriesError: false },
] as const;

for (const { make, name, type, carriesError } of table) {
  test(`${name} is an error that ends the task run as ${type}, with its message [P201]`, () => {
    const signal = new make('no rows');

    assert.ok(signal instanceof Error && signal instanceof Signal);
    assert.equal(signal.name, name);
    assert.equal(signal.message, 'no rows');
    assert.equal(signal.state.type, type);
    assert.equal(signal.state.message, 'no rows');
    assert.equal(signal.state.error, carriesError ? signal : undefined);
    assert.equal(signal.state.result, undefined);
  });

  test(`${name} says what it is when nothing else is said`, () => {
    assert.equal(new make().message, `${name} signal raised.`);
  });
}

test('there is no signal that this table does not make', () => {
  const made = Object.keys(signals).filter((name) => /^[A-Z]+$/.test(name));

  assert.deepEqual(made.toSorted(), table.map(({ name }) => name).toSorted());
});

test('SUCCESS and LOOP carry the result that they are given', () => {
  assert.deepEqual(new SUCCESS('early', { result: [1] }).state.result, [1]);
  assert.deepEqual(new LOOP('more', { result: [2] }).state.result, [2]);
});

test('a signal refuses an option that it does not have, with the one that was meant [P202]', () => {
  assert.throws(() => new SUCCESS('early', { resutl: 1 } as object), {
    name: 'TypeError',
    code: 'UNKNOWN_OPTION',
    message: `signals.SUCCESS has no option 'resutl'. Did you mean 'result'?`,
  });
  assert.throws(() => new RETRY('later', { startTime: 'tomorrow' as never }), {
    code: 'INVALID_OPTION',
    message: `option 'startTime' of RETRY should be a date; got 'tomorrow'`,
  });
});

test('RETRY says exactly when, or after how long, and otherwise at once [P133]', () => {
  const at = new Date('2026-11-21T08:00:00Z');

  assert.equal(new RETRY('later', { startTime: at }).state.startTime, at.getTime());
  assert.equal(new RETRY('later', { startTime: at.getTime() }).state.startTime, at.getTime());
  assert.deepEqual([new RETRY('later', { delay: '5m' }).delayMs, new RETRY('later').delayMs], [300_000, 0]);
  assert.throws(() => new RETRY('later', { startTime: new Date('soon') }), {
    code: 'INVALID_OPTION',
    message: `option 'startTime' of RETRY should be a date; got an Invalid Date`,
  });
});

test('a signal refuses a message that is no text, and keeps an error that was given as one', () => {
  const raise = (Made: unknown, ...given: unknown[]) => Reflect.construct(Made as typeof FAIL, given) as unknown;

  assert.throws(() => raise(RETRY, { delay: '1m' }), {
    name: 'TypeError',
    code: 'INVALID_STATE',
    message:
      `the message of RETRY should be a text; got an object. What else a signal has comes after it: ` +
      `new RETRY('why', { … }).`,
  });
  const cause = new RangeError('no rows');
  assert.throws(() => raise(FAIL, cause), { code: 'INVALID_STATE', message: /; got a RangeError\. /, cause });
});
