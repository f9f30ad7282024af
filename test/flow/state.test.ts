import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { State, success, type StateJson, type StateType } from '../../src/flow/state.ts';
import { state } from './fixtures.ts';

const questions = [
  'isPending',
  'isScheduled',
  'isRunning',
  'isFinished',
  'isSuccessful',
  'isFailed',
  'isSkipped',
  'isMapped',
  'isCached',
  'isLooped',
  'isQueued',
  'isSubmitted',
  'isMeta',
  'isRetrying',
  'isPaused',
  'isCancelled',
  'isTimedOut',
  'isCrashed',
] as const;

/** For each type, the questions that it answers with yes. */
const answers: Record<StateType, (typeof questions)[number][]> = {
  Pending: ['isPending'],
  Scheduled: ['isPending', 'isScheduled'],
  Paused: ['isPending', 'isScheduled', 'isPaused'],
  Resume: ['isPending', 'isScheduled'],
  Retrying: ['isPending', 'isScheduled', 'isRetrying'],
  Submitted: ['isSubmitted', 'isMeta'],
  Queued: ['isScheduled', 'isQueued', 'isMeta'],
  Running: ['isRunning'],
  Looped: ['isFinished', 'isLooped'],
  Success: ['isFinished', 'isSuccessful'],
  Mapped: ['isFinished', 'isSuccessful', 'isMapped'],
  Cached: ['isFinished', 'isSuccessful', 'isCached'],
  Skipped: ['isFinished', 'isSuccessful', 'isSkipped'],
  Failed: ['isFinished', 'isFailed'],
  TimedOut: ['isFinished', 'isFailed', 'isTimedOut'],
  TriggerFailed: ['isFinished', 'isFailed'],
  ValidationFailed: ['isFinished', 'isFailed'],
  Crashed: ['isFinished', 'isFailed', 'isCrashed'],
  Cancelled: ['isFinished', 'isCancelled'],
};

for (const [type, yes] of Object.entries(answers) as [StateType, string[]][]) {
  test(`${type} answers yes to ${yes.join(', ')}, and to nothing else`, () => {
    const asked = state(type);

    assert.deepEqual(
      questions.filter((question) => asked[question]()),
      yes,
    );
  });
}

test('there is no question that this table does not ask', () => {
  const methods = Object.getOwnPropertyNames(State.prototype).filter((name) => name.startsWith('is'));

  assert.deepEqual(methods, [...questions]);
});

test('a state is frozen', () => {
  const frozen = success(1);

  assert.ok(Object.isFrozen(frozen));
  assert.throws(() => Object.assign(frozen, { type: 'Failed' }), TypeError);
  assert.throws(() => Object.assign(frozen, { result: 2 }), TypeError);
});

test('a success carries its result, and nothing else', () => {
  const { type, message, result, error, startTime, children } = success([1, 2]);

  assert.deepEqual(
    { type, message, result, error, startTime, children },
    {
      type: 'Success',
      message: 'Task run succeeded.',
      result: [1, 2],
      error: undefined,
      startTime: undefined,
      children: [],
    },
  );
});

test('a result is asked for when it is read, not before', () => {
  let reads = 0;
  const details = {
    get result() {
      reads += 1;
      return 'x';
    },
  };
  const lazy = new State('Success', '', details);
  assert.equal(reads, 0);

  assert.equal(lazy.result, 'x');
  assert.equal(reads, 1);
});

test('a state reads as its type and message', () => {
  assert.equal(String(state('Failed', 'no rows')), 'Failed: no rows');
  assert.equal(String(state('Running')), 'Running');
  assert.equal(inspect(state('Failed', 'no rows')), '<Failed: no rows>');
});

const samples: readonly State[] = [
  new State('Success', 'done', { result: new Map([[-0, new Date(0)]]), runCount: 2 }),
  new State('Success', 'nothing', { result: undefined }),
  new State('Retrying', 'soon', { startTime: 1_700_000_000_000, runCount: 3 }),
  new State('Looped', 'again', { loopCount: 4, result: [1n] }),
  new State('Cached', 'kept', { expiresAt: 5, result: 1 }),
  new State('Skipped', 'no need', { context: { tags: new Set(['a']) } }),
  new State('Mapped', 'three', { children: [success(1), new State('Skipped', ''), success('x')] }),
  new State('Failed', 'of a whole', { children: [success(1), new State('Failed', '')], result: [1, undefined] }),
];

for (const sample of samples) {
  test(`a ${sample.type} state (${sample.message}) is the same after a trip through JSON`, () => {
    const copy = State.fromJSON(JSON.parse(JSON.stringify(sample)) as StateJson);

    const facts = ({ type, message, startTime, runCount, loopCount, expiresAt, context }: State) => {
      return { type, message, startTime, runCount, loopCount, expiresAt, context };
    };
    assert.deepStrictEqual(facts(copy), facts(sample));
    assert.deepStrictEqual(copy.children.map(facts), sample.children.map(facts));
    assert.deepStrictEqual(copy.result, sample.type === 'Mapped' ? [1, undefined, 'x'] : sample.result);
  });
}

test('an error keeps its class, code and cause through JSON', () => {
  const error = Object.assign(new RangeError('too far', { cause: new Error('the wind') }), { code: 'E_FAR' });
  const failed = new State('Failed', 'RangeError: too far', { error });

  const copy = State.fromJSON(JSON.parse(JSON.stringify(failed)) as StateJson);

  assert.ok(copy.error instanceof RangeError);
  assert.equal((copy.error as { code?: string }).code, 'E_FAR');
  assert.equal((copy.error.cause as Error).message, 'the wind');
});

test('a state of a type or with a detail that there is not, or whose message is no text, is refused where it is made', () => {
  const make = (...parts: unknown[]) => Reflect.construct(State, parts) as State;

  assert.throws(() => make('FAILED', 'no rows'), {
    name: 'TypeError',
    code: 'INVALID_STATE',
    message: /^there is no state of the type 'FAILED'\. Did you mean 'Failed'\? There are: Pending, .*, Crashed/,
  });
  assert.throws(() => make('Success', { result: 3 }), {
    code: 'INVALID_STATE',
    message:
      `the message of a state should be a text; got an object. What else a state has comes after it: ` +
      `new State('Success', 'why', { result: … }).`,
  });
  assert.throws(() => make('Failed'), { code: 'INVALID_STATE', message: /; got undefined\. / });
  assert.throws(() => make('Success', 'done', 3), {
    code: 'INVALID_STATE',
    message: /^the details of a state should be an object, .*; got 3\. /,
  });
  assert.throws(() => make('Success', 'done', { reslt: 1 }), {
    code: 'INVALID_STATE',
    message:
      "a state has no detail 'reslt'. Did you mean 'result'? It has: result, error, startTime, runCount, loopCount, " +
      'expiresAt, context, children.',
  });
});
