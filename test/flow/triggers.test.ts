import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAUSE, SKIP, TRIGGERFAIL } from '../../src/flow/signals.ts';
import type { StateType } from '../../src/flow/state.ts';
import * as triggers from '../../src/flow/triggers.ts';
import { triggers as named } from 'heddle';
import { state } from './fixtures.ts';

const S: StateType = 'Success';
const F: StateType = 'Failed';
const K: StateType = 'Skipped';
const R: StateType = 'Running';

const someSucceeded = 'some of the upstream tasks succeeded';
const someFailed = 'some of the upstream tasks failed';
const noneSucceeded = 'none of the upstream tasks succeeded';
const noneFailed = 'none of the upstream tasks failed';

/** The verdict is `runs`, or why it does not. */
type Row = [trigger: triggers.Trigger, name: string, upstream: StateType[], verdict: string, tag?: string];

const { allSuccessful, allFailed, anySuccessful, anyFailed, allFinished, notAllSkipped } = triggers;

const table: Row[] = [
  [allSuccessful, 'allSuccessful', [], 'runs'],
  [allSuccessful, 'allSuccessful', [S, S], 'runs'],
  [allSuccessful, 'allSuccessful', [S, K], 'runs'],
  [allSuccessful, 'allSuccessful', ['Mapped', 'Cached'], 'runs'],
  [allSuccessful, 'allSuccessful', [S, F], someFailed],
  [allSuccessful, 'allSuccessful', [S, 'TimedOut'], someFailed],
  [allSuccessful, 'allSuccessful', [S, 'Cancelled'], someFailed],
  [allFailed, 'allFailed', [], 'runs'],
  [allFailed, 'allFailed', [F, 'Crashed', 'TriggerFailed', 'TimedOut'], 'runs'],
  [allFailed, 'allFailed', [F, S], someSucceeded],
  [allFailed, 'allFailed', [F, K], someSucceeded],
  [anySuccessful, 'anySuccessful', [], 'runs'],
  [anySuccessful, 'anySuccessful', [F, S], 'runs'],
  [anySuccessful, 'anySuccessful', [F, K], 'runs'],
  [anySuccessful, 'anySuccessful', [F, F], noneSucceeded],
  [anyFailed, 'anyFailed', [], 'runs'],
  [anyFailed, 'anyFailed', [S, 'Crashed'], 'runs'],
  [anyFailed, 'anyFailed', [S, K], noneFailed],
  [allFinished, 'allFinished', [], 'runs'],
  [allFinished, 'allFinished', [S, F, K, 'Cancelled'], 'runs'],
  [allFinished, 'allFinished', [S, R], 'some of the upstream tasks were not finished', ' [P215]'],
  [allFinished, 'allFinished', [S, 'Pending'], 'some of the upstream tasks were not finished', ' [P215]'],
  [triggers.alwaysRun, 'allFinished', [F, F], 'runs'],
  [notAllSkipped, 'notAllSkipped', [], 'runs'],
  [notAllSkipped, 'notAllSkipped', [S, K], 'runs'],
  [notAllSkipped, 'notAllSkipped', [S, S], 'runs'],
  [notAllSkipped, 'notAllSkipped', [K, F], someFailed],
  [triggers.someFailed({ atLeast: 2 }), 'someFailed', [], 'runs'],
  [triggers.someFailed({ atLeast: 2 }), 'someFailed', [F, S, F], 'runs'],
  [triggers.someFailed({ atLeast: 2 }), 'someFailed', [F, S, S], notMet('1 of 3', 'failed', 'at least 2')],
  [triggers.someFailed({ atMost: 1 }), 'someFailed', [F, S, S], 'runs'],
  [triggers.someFailed({ atMost: 1 }), 'someFailed', [F, F, S], notMet('2 of 3', 'failed', 'at most 1')],
  [triggers.someFailed({ atLeast: 0.5 }), 'someFailed', [F, S], 'runs'],
  [triggers.someFailed({ atLeast: 0.5 }), 'someFailed', [F, S, S], notMet('1 of 3', 'failed', 'at least 0.5 of them')],
  [triggers.someFailed({ atLeast: 0.1, atMost: 2 }), 'someFailed', mix(18, 2), 'runs', ' [P216]'],
  [
    triggers.someFailed({ atLeast: 0.1, atMost: 2 }),
    'someFailed',
    mix(19, 1),
    notMet('1 of 20', 'failed', 'at least 0.1 of them and at most 2'),
    ' [P216]',
  ],
  [
    triggers.someFailed({ atLeast: 0.1, atMost: 2 }),
    'someFailed',
    mix(17, 3),
    notMet('3 of 20', 'failed', 'at least 0.1 of them and at most 2'),
    ' [P216]',
  ],
  [triggers.someFailed({ atLeast: 2, atMost: 0.1 }), 'someFailed', mix(18, 2), 'runs', ' [P217]'],
  [
    triggers.someFailed({ atLeast: 2, atMost: 0.1 }),
    'someFailed',
    mix(19, 1),
    notMet('1 of 20', 'failed', 'at least 2 and at most 0.1 of them'),
    ' [P217]',
  ],
  [
    triggers.someFailed({ atLeast: 2, atMost: 0.1 }),
    'someFailed',
    mix(17, 3),
    notMet('3 of 20', 'failed', 'at least 2 and at most 0.1 of them'),
    ' [P217]',
  ],
  [triggers.someFailed({ atMost: 0 }), 'someFailed', [S, S], 'runs'],
  [triggers.someFailed({ atMost: 0 }), 'someFailed', [S, F], notMet('1 of 2', 'failed', 'at most 0')],
  [triggers.someSuccessful({ atLeast: 0.6 }), 'someSuccessful', [S, S, F], 'runs'],
  [
    triggers.someSuccessful({ atLeast: 0.7 }),
    'someSuccessful',
    [S, S, F],
    notMet('2 of 3', 'succeeded', 'at least 0.7 of them'),
  ],
  [triggers.someSuccessful({ atLeast: 1, atMost: 2 }), 'someSuccessful', [S, K, F], 'runs'],
  [
    triggers.someSuccessful({ atLeast: 1, atMost: 2 }),
    'someSuccessful',
    [S, S, S],
    notMet('3 of 3', 'succeeded', 'at least 1 and at most 2'),
  ],
  [triggers.someSuccessful({}), 'someSuccessful', [F], 'runs'],
  [
    triggers.someSuccessful({ atLeast: 95 }),
    'someSuccessful',
    mix(5, 0),
    `${notMet('5 of 5', 'succeeded', 'at least 95')}, which is more than there are: only a bound below 1 is a share`,
  ],
];

for (const [trigger, name, upstream, verdict, tag = ''] of table) {
  const bounds = JSON.stringify(triggers.nameOf(trigger)?.bounds ?? '').replaceAll('"', '');
  test(`${name}${bounds} after [${upstream.join(', ')}]: ${verdict}${tag}`, () => {
    const decide = () => trigger(upstream.map((type) => state(type)));

    if (verdict === 'runs') assert.equal(decide(), true);
    else assert.throws(decide, { name: 'TRIGGERFAIL', message: `Trigger was "${name}" but ${verdict}.` });
  });
}

test('what a trigger refuses ends as TriggerFailed', () => {
  const thrown = thrownBy(() => allSuccessful([state('Failed')]));

  assert.ok(thrown instanceof TRIGGERFAIL);
  assert.equal(thrown.state.type, 'TriggerFailed');
});

test('notAllSkipped skips when all were skipped', () => {
  const thrown = thrownBy(() => notAllSkipped([state('Skipped'), state('Skipped')]));

  assert.ok(thrown instanceof SKIP);
  assert.equal(thrown.message, 'All upstreams were skipped');
  assert.equal(thrown.state.type, 'Skipped');
});

test('manualOnly pauses, whatever came before', () => {
  const thrown = thrownBy(() => triggers.manualOnly([]));

  assert.ok(thrown instanceof PAUSE);
  assert.equal(thrown.message, 'Trigger function is "manualOnly"');
  assert.equal(thrown.state.type, 'Paused');
});

for (const [bound, shown] of [
  [-1, '-1'],
  [Number.NaN, 'NaN'],
  ['2', `'2'`],
]) {
  test(`a bound of ${shown} is refused when the trigger is made`, () => {
    assert.throws(() => triggers.someFailed({ atLeast: bound as number }), {
      name: 'TypeError',
      code: 'INVALID_OPTION',
      message: `option 'atLeast' of someFailed should be a number, 0 or more; got ${shown}`,
    });
  });
}

test('a misspelt bound is refused, with the one that was meant', () => {
  assert.throws(() => triggers.someSuccessful({ atleast: 2 } as triggers.Bounds), {
    code: 'UNKNOWN_OPTION',
    message: `someSuccessful has no option 'atleast'. Did you mean 'atLeast'?`,
  });
});

test('every standard trigger is found again by its name, and asks the same', () => {
  const plain = [allSuccessful, allFailed, anySuccessful, anyFailed, allFinished, triggers.manualOnly, notAllSkipped];
  for (const trigger of plain) assert.equal(triggers.triggerOf(triggers.nameOf(trigger)!), trigger);

  const bounded = triggers.triggerOf(triggers.nameOf(triggers.someFailed({ atLeast: 2 }))!);
  assert.deepEqual(triggers.nameOf(bounded), { name: 'someFailed', bounds: { atLeast: 2 } });
  assert.equal(bounded([state('Failed'), state('Failed')]), true);
  assert.throws(() => bounded([state('Failed')]));

  const successful = triggers.triggerOf(triggers.nameOf(triggers.someSuccessful({ atMost: 0 }))!);
  assert.equal(successful([state('Failed')]), true);
});

test(`a user's own trigger has no name`, () => {
  assert.equal(
    triggers.nameOf(() => true),
    undefined,
  );
});

function notMet(count: string, verb: string, wanted: string): string {
  return `thresholds were not met: ${count} upstream runs ${verb}, wanted ${wanted}`;
}

function mix(successes: number, failures: number): StateType[] {
  return [...Array.from({ length: successes }, () => S), ...Array.from({ length: failures }, () => F)];
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}

test('a trigger that there is not, which would be the default, is an error that knows which was meant', () => {
  assert.throws(() => Reflect.get(named, 'all_finished'), {
    name: 'TypeError',
    code: 'UNKNOWN_TRIGGER',
    member: 'all_finished',
    message:
      /^triggers has no 'all_finished'\. Did you mean 'allFinished'\? It has: allSuccessful, .*, someSuccessful\.$/,
  });
  assert.equal(named.allFinished, allFinished);
  assert.equal(named.alwaysRun, allFinished);
});
