import assert from 'node:assert/strict';
import type { HeddleError } from 'heddle';
import { Flow, unmapped, type State } from 'heddle';
import {
  failDeeply,
  failForTwo,
  failFully,
  recurse,
  rejectLater,
  returnUnsendable,
  rounded,
  roundedLater,
  spoilLater,
  throwNameless,
  throwUnreadable,
  throwUnsendableField,
  throwValue,
} from '../../fixtures/failing.ts';
import { add, end, inc, range } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function failureRules(rule: Rule): void {
  rule('an error keeps its name, message, code, fields, cause and the line of the author [P151] [N02]', async (run) => {
    const { state, logs } = await run(new Flow('errors', () => failFully.map([0, 1, 2])));

    const { type, message, error } = state.of('fail-fully').children[1]!;
    assert.deepEqual([type, message], ['Failed', 'QuotaError: no room for 1']);
    const { name, code, limits, cause } = error as Error & { code: string; limits: unknown };
    assert.deepEqual([name, error?.message, code], ['QuotaError', 'no room for 1', 'QUOTA']);
    assert.deepEqual(limits, new Map([['rows', 7n]]));
    assert.ok(cause instanceof RangeError && cause.message === 'the disk is full');
    assert.match(error?.stack ?? '', /at .*test\/fixtures\/failing\.ts:\d+:\d+/);
    assert.deepEqual(state.of('fail-fully').result, [0, undefined, 2]);
    const logged = logs.find(({ level, mapIndex }) => level === 'error' && mapIndex === 1)?.message;
    const place = ' +at .*test/fixtures/failing\\.ts:\\d+:\\d+\\)';
    const told = `^QuotaError \\[QUOTA\\]: no room for 1\n${place}\ncaused by RangeError: the disk is full\n${place}$`;
    assert.match(logged ?? '', new RegExp(told));
  });

  rule('the log has all errors of one that stands for several', async (run) => {
    const { logs } = await run(new Flow('several', () => failForTwo()));

    const told = logs.find(({ level, task }) => level === 'error' && task === 'fail-for-two')?.message ?? '';
    assert.deepEqual(
      told.split('\n').filter((line) => !line.startsWith('    at ')),
      [
        'AggregateError: All promises were rejected',
        'error 1: Error: no answer from a',
        'error 2: Error: no answer from b',
      ],
    );
  });

  rule('where a map was forgotten, the log says so beside the error that came of it', async (run) => {
    const numbers = [1, 2, 3] as never;
    const flow = new Flow('forgotten', () => [
      rounded(numbers),
      roundedLater('x', range(2) as never),
      rounded.map([numbers]),
    ]);
    const { logs } = await run(flow);

    const hints = logs.filter(({ level, message }) => level === 'warn' && !message.startsWith('finished'));
    const what = (length: number) => `the function got a list of ${length}, and threw a TypeError`;
    assert.deepEqual(
      new Map(hints.map(({ task, message }) => [task, message])),
      new Map([
        ['rounded', `${what(3)}. If it takes one element of that, map the task: rounded.map(…)`],
        ['rounded-later', `${what(2)}. If it takes one element of that, map the task: rounded-later.map(…)`],
      ]),
    );
  });

  rule('an error that comes later, from a promise, is no different', async (run) => {
    const { state } = await run(new Flow('rejections', () => rejectLater.map([1, 2])));

    const errors = state.of('reject-later').children.map(({ error }) => error);
    assert.ok(errors.every((error) => error instanceof TypeError));
    assert.deepEqual(
      errors.map((error) => error?.message),
      ['later, 1', 'later, 2'],
    );
  });

  rule('FAIL fails with its message [S21]', async (run) => {
    const { state } = await run(new Flow('signal', () => end('fail')));

    assert.deepEqual([state.of('end').type, state.of('end').message], ['Failed', 'told to fail']);
    assert.equal(state.of('end').error?.message, 'told to fail');
    // Nothing is said to be lost of what is ours.
    assert.deepEqual(Object.entries(state.of('end').error!), [['remoteClass', ['FAIL', 'Signal', 'Error']]]);
  });

  rule('the stack of an error ends with the lines of its author [D079]', async (run) => {
    const { state, logs } = await run(new Flow('stacks', () => [failFully(1), rejectLater(1)]));

    for (const slug of ['fail-fully', 'reject-later']) {
      const frames = state.of(slug).error!.stack!.split('\n').slice(1);
      assert.ok(frames.length > 0 && frames.every((frame) => frame.includes('test/fixtures/failing.ts')), slug);
      const told = logs.find(({ task, level }) => task === slug && level === 'error');
      const [withoutCauses = ''] = told?.message.split('\ncaused by ') ?? [];
      assert.deepEqual(withoutCauses.split('\n').slice(1), frames);
    }
  });

  rule('a stack as deep as its author likes does not flood the log, and the class is kept [D073]', async (run) => {
    const { state } = await run(new Flow('deep', () => failDeeply()));

    const { error } = state.of('fail-deeply');
    assert.ok(error instanceof RangeError && error.stack!.length < 64 * 1024);
  });

  rule('a function that calls itself without end fails, and its thread goes on [D074]', async (run) => {
    const { state } = await run(new Flow('endless', () => recurse.map([0, 1, 2])));

    const [first, endless, last] = state.of('recurse').children;
    assert.equal(endless?.message, 'RangeError: Maximum call stack size exceeded');
    assert.deepEqual([first?.result, last?.result], [0, 2]);
  });

  rule('what is thrown and is no error arrives inside of one [D077]', async (run) => {
    const thrown = ['a text', 42, null, undefined, { status: 503 }, [1]];

    const { state } = await run(new Flow('non-errors', () => throwValue.map(thrown)));

    const errors = state.of('throw-value').children.map(({ error }) => error as HeddleError & { value?: unknown });
    assert.deepEqual(
      errors.map(({ value }) => value),
      thrown,
    );
    assert.ok(errors.every(({ code }) => code === 'THREW_NON_ERROR'));
    assert.match(errors[0]?.message ?? '', /^task 'throw-value' threw a string, not an Error: 'a text'\. Write throw /);
  });

  rule('an error that cannot be read is a failure like any other [D081]', async (run) => {
    const { state } = await run(new Flow('unreadable', () => [throwUnreadable(), inc(1)]));

    assert.deepEqual([state.of('throw-unreadable').type, state.of('inc').result], ['Failed', 2]);
    assert.match(state.of('throw-unreadable').error?.message ?? '', /not even that/);
  });

  rule('a field of an error that cannot be sent is left out, and named [P208] [D076]', async (run) => {
    const { state } = await run(new Flow('half-an-error', () => throwUnsendableField()));

    const error = state.of('throw-unsendable-field').error as Error & { status: number; notSent: object };
    assert.deepEqual([error.message, error.status], ['half of it arrives', 503]);
    assert.deepEqual(Object.keys(error.notSent), ['retry']);
  });

  rule(
    'a result that cannot be sent fails its index by name, and its neighbours keep theirs [P208] [S02] [S14] [D086]',
    async (run) => {
      const { state } = await run(new Flow('bad-result', () => returnUnsendable.map([0, 1, 2])));

      const [first, bad, last] = state.of('return-unsendable').children;
      assertNotSerializable(bad, { role: 'result', mapIndex: 1, path: 'result.rows[0].close' });
      assert.match(bad?.message ?? '', /Task 'return-unsendable' \[map index 1\] returned a value that cannot be sent/);
      assert.deepEqual([first?.result, last?.result], [{ rows: [{ id: 0 }] }, { rows: [{ id: 2 }] }]);
    },
  );

  rule('a result that can no longer be sent when it leaves fails as one that never could', async (run) => {
    const { state } = await run(new Flow('spoiled', () => spoilLater.map([0, 1, 2, 3])));

    const children = state.of('spoil-later').children;
    assert.deepEqual(children[3]?.result, 3);
    for (const child of children.filter(({ error }) => error)) assert.equal(codeOf(child), 'VALUE_NOT_SERIALIZABLE');
  });

  rule(
    'an input that cannot be sent fails its index by name, and its neighbours keep their results [P231] [D083]',
    async (run) => {
      const inputs = [1, () => 2, { deep: [Symbol('3')] }, 4] as number[];

      const { state } = await run(new Flow('bad-input', () => inc.map(inc.map(inputs))));

      const [first, second, third, last] = state.of('inc').children;
      assertNotSerializable(second, { role: 'input', mapIndex: 1, path: "input 'argument 1'" });
      assertNotSerializable(third, { role: 'input', mapIndex: 2, path: "input 'argument 1'.deep[0]" });
      assert.deepEqual([first?.result, last?.result], [2, 5]);
      const after = state.of('inc-2').children.map(({ type }) => type);
      assert.deepEqual(after, ['Success', 'TriggerFailed', 'TriggerFailed', 'Success']);
    },
  );

  rule('a constant that cannot be sent fails its task by name, and the others go on', async (run) => {
    const bad = { close: () => {} } as unknown as number;

    const { state } = await run(new Flow('bad-constant', () => [add.map([1], unmapped(bad)), add(1, bad), inc(1)]));

    assertNotSerializable(state.of('add'), { role: 'input', path: "input 'argument 2'.close" });
    assertNotSerializable(state.of('add-2'), { role: 'input', path: "input 'argument 2'.close" });
    assert.match(state.of('add-2').message, /Task 'add-2' was given an input that cannot be sent to a worker/);
    assert.equal(state.of('inc').result, 2);
  });

  rule('an error whose name cannot be read, or is none, is a failure like any other', async (run) => {
    const { state } = await run(new Flow('nameless', () => throwNameless.map(['getter', 'symbol', 'object'])));

    assert.deepEqual(
      state.of('throw-nameless').children.map(({ type }) => type),
      ['Failed', 'Failed', 'Failed'],
    );
  });

  rule('of many failures by one error some are in the log, and those by others all the same', async (run) => {
    const many = Array.from({ length: 20 }, (_, x) => new Error(`common ${x}`));

    const { state, logs } = await run(new Flow('many', () => throwValue.map([...many, new RangeError('rare')])));

    const told = logs.filter(({ level, task }) => level === 'error' && task === 'throw-value');
    assert.ok(told.filter(({ message }) => message.includes('common')).length < many.length);
    assert.equal(told.filter(({ message }) => message.includes('RangeError: rare')).length, 1);
    const others =
      /^more failures of 'throw-value' of this kind \(Error\) on this thread .*; state\.of\('throw-value'\)\.chi/;
    assert.ok(logs.some(({ message }) => others.test(message)));
    assert.equal(state.of('throw-value').children.filter((child) => child.isFailed()).length, 21);
  });
}

function assertNotSerializable(state: State | undefined, facts: { role: string; path: string; mapIndex?: number }) {
  assert.equal(state?.type, 'Failed');
  assert.equal(codeOf(state), 'VALUE_NOT_SERIALIZABLE');
  const { role, path, mapIndex } = state.error as unknown as typeof facts;
  assert.deepEqual({ role, path, ...(mapIndex !== undefined && { mapIndex }) }, facts);
}

function codeOf({ error }: State): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
