import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countOutcomes, decodeOutcomes, encodeOutcomes, stateAt } from '../../src/engine/outcomes.ts';
import { State } from '../../src/flow/state.ts';
import { HeddleError } from '../../src/lib/heddle-error.ts';
import { blockHeadBytes, blockKinds, crashBlock, type Crash } from '../../src/lib/chunk.ts';
import { block, failed, notRun, skipped } from './fixtures.ts';

test('successes alone are a column without states', () => {
  const { bytes } = block(0, [1, 'two', { three: 3 }, undefined]);

  assert.equal(bytes[0], blockKinds.succeeded);
  assert.deepEqual(decodeOutcomes(bytes), { values: [1, 'two', { three: 3 }, undefined], states: undefined });
  assert.deepEqual(countOutcomes(bytes), { failed: 0, triggerFailed: 0, skipped: 0, unfinished: 0, cached: 0 });
});

test('what is not a success stands beside the values, at its place', () => {
  const { bytes } = block(0, [1, failed(), 3, skipped()]);

  assert.equal(bytes[0], blockKinds.mixed);
  const outcomes = decodeOutcomes(bytes);
  assert.deepEqual(outcomes.values, [1, undefined, 3, undefined]);
  assert.deepEqual(
    outcomes.values.map((_, position) => String(stateAt(outcomes, position))),
    [
      'Success: Task run succeeded.',
      'Failed: Error: no rows',
      'Success: Task run succeeded.',
      'Skipped: SKIP signal raised.',
    ],
  );
  assert.equal(stateAt(outcomes, 2).result, 3);
});

test('a cached result arrives with its end', () => {
  const { bytes } = block(0, [new State('Cached', 'kept', { expiresAt: 5 })]);

  assert.equal(stateAt(decodeOutcomes(bytes), 0).expiresAt, 5);
});

test('an error arrives with its class, message, code and cause', () => {
  const cause = new RangeError('too far');
  const error = new HeddleError('TASK_RUN_CRASHED', 'it crashed', { cause, task: 'load' });
  const { bytes } = block(0, [new State('Crashed', 'it crashed', { error })]);

  const { error: arrived } = stateAt(decodeOutcomes(bytes), 0);

  assert.ok(arrived instanceof HeddleError);
  assert.deepEqual([arrived.code, arrived.message], ['TASK_RUN_CRASHED', 'it crashed']);
  assert.ok(arrived.cause instanceof RangeError);
  assert.equal(arrived.cause.message, 'too far');
});

test('the text of a failure takes room once, and is told wherever it was', () => {
  const text = 'no rows in '.repeat(200);
  const message = `Error: ${text}`;
  const { bytes } = block(0, [new State('Failed', message, { error: new Error(text) })]);

  const { error, ...state } = stateAt(decodeOutcomes(bytes), 0);
  assert.ok(bytes.length < 2 * text.length, `${bytes.length} bytes for a text of ${text.length}`);
  assert.deepEqual([state.message, error?.message], [message, text]);
  assert.ok(error?.stack?.startsWith(`${message}\n    at `));
});

test('a message of its own stands beside that of the error, and a stack of its own begins as it did', () => {
  const error = Object.assign(new Error('no rows'), { stack: 'Gone: away\n    at load (file:///flow.ts:1:1)' });

  for (const message of ['Error: no rows', 'it is empty', '']) {
    const arrived = stateAt(decodeOutcomes(block(0, [new State('Failed', message, { error })]).bytes), 0);
    assert.deepEqual([arrived.message, arrived.error?.stack], [message, error.stack]);
  }
});

test('an error arrives with the stack of where it was thrown, and none is written where it arrives', (t) => {
  const { bytes } = block(0, [failed()]);
  Object.assign(Error, { prepareStackTrace: () => assert.fail('a stack is written') });
  t.after(() => Object.assign(Error, { prepareStackTrace: undefined }));

  const { error } = stateAt(decodeOutcomes(bytes), 0);

  assert.match(error?.stack ?? '', /^Error: no rows\n\s+at failed .*fixtures\.ts/);
});

test('outcomes are counted without being opened', () => {
  const paused = new State('Paused', 'waits');
  const [made, found] = [new State('Cached', 'kept'), new State('Cached', 'used again', { runCount: 0 })];
  const unfinished = [paused, paused, paused];
  const failures = [failed(), failed(), notRun()];
  const { bytes } = block(0, [1, ...failures, skipped(), ...unfinished, made, ...Array(4).fill(found)]);

  bytes.fill(0xff, blockHeadBytes);

  assert.throws(() => decodeOutcomes(bytes));
  assert.deepEqual(countOutcomes(bytes), { failed: 3, triggerFailed: 1, skipped: 1, unfinished: 3, cached: 4 });
});

test('bytes are counted and opened wherever in a buffer they lie', () => {
  const { bytes } = block(0, [1.5, failed()]);
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);

  assert.deepEqual(countOutcomes(shifted), { failed: 1, triggerFailed: 0, skipped: 0, unfinished: 0, cached: 0 });
  assert.deepEqual(decodeOutcomes(shifted).values, [1.5, undefined]);
});

test('whatever the mix, each outcome comes back at its place, and the counts agree', () => {
  const type = fc.constantFrom(
    'Success',
    'Failed',
    'TimedOut',
    'TriggerFailed',
    'Crashed',
    'Skipped',
    'Paused',
    'Pending',
  );
  fc.assert(
    fc.property(fc.array(type, { maxLength: 40 }), (types) => {
      const states = new Map(
        types.flatMap((type, position) =>
          type === 'Success' ? [] : [[position, new State(type, `${position}`)] as const],
        ),
      );

      const bytes = encodeOutcomes(
        types.map((_, position) => position),
        states,
      );

      const outcomes = decodeOutcomes(bytes);
      const decoded = types.map((_, position) => stateAt(outcomes, position));
      assert.deepEqual(
        decoded.map((state) => state.type),
        types,
      );
      assert.deepEqual(countOutcomes(bytes), {
        failed: decoded.filter((state) => state.isFailed()).length,
        triggerFailed: decoded.filter((state) => state.type === 'TriggerFailed').length,
        skipped: decoded.filter((state) => state.isSkipped()).length,
        unfinished: decoded.filter((state) => !state.isFinished()).length,
        cached: 0,
      });
    }),
  );
});

const again = 'The same inputs will most likely do it again:';
const unknown = `${again} look for what ends the process or fills the memory.`;
const memory = `${again} look for what fills the memory.`;
const missing = ' What it wrote just before that may be missing from the log.';
const awaited = `${again} await or return every promise, and catch what a timer or a listener throws.`;
const listening = `${again} a worker imports the module of a task, so let no server listen there but behind if (import.meta.main).`;
const limited =
  'Its process may be short of memory, of processes or of open files: look at its limits (ulimit -a). Or what ' +
  'Node loads there first cannot be had: look at NODE_OPTIONS, --import and --require.';
const adviceOf = new Map<string | undefined, string>([
  ['error', awaited],
  ['not-started', limited],
  ['exit', `${again} look for what calls process.exit().`],
  ['out-of-memory', memory],
  ['timeout', `${again} look for what keeps its thread busy for longer than the timeout.`],
]);
const crash = { task: 'parse', losses: 4 };
const losses: [how: string, crash: Crash][] = [
  [
    'last on ant: its thread ended with exit code 7 (process.exit() in a task ends its thread)',
    { ...crash, worker: 'ant', loss: { kind: 'exit', exitCode: 7 } },
  ],
  [
    'last: its thread ran out of memory (limit 64 MB; see memoryLimit)',
    { ...crash, loss: { kind: 'out-of-memory', memoryLimitMb: 64 } },
  ],
  ['last: its thread ran out of memory', { ...crash, loss: { kind: 'out-of-memory' } }],
  [
    `last: an error of a timer, a listener or a promise, which nobody caught, ended its thread: boom`,
    { ...crash, loss: { kind: 'error', message: 'boom' } },
  ],
  [
    `last: an error of a timer, a listener or a promise, which nobody caught, ended its thread: listen EADDRINUSE`,
    { ...crash, loss: { kind: 'error', message: 'listen EADDRINUSE' } },
  ],
  [
    'last on ant: no thread could be started: EMFILE',
    { ...crash, worker: 'ant', loss: { kind: 'not-started', message: 'EMFILE' } },
  ],
  ['last on ant: its worker was lost', { ...crash, worker: 'ant', loss: { kind: 'worker-left' } }],
  ['last: its thread was ended because the time was up', { ...crash, loss: { kind: 'timeout' } }],
  ['last: its worker was lost', crash],
];

for (const [how, crash] of losses) {
  test(`a crash says how the means were lost: ${how}`, () => {
    const { start, count, bytes } = crashBlock(12, crash);

    assert.deepEqual([start, count, bytes[0]], [12, 1, blockKinds.crashed]);
    assert.deepEqual(countOutcomes(bytes), { failed: 1, triggerFailed: 0, skipped: 0, unfinished: 0, cached: 0 });
    const state = stateAt(decodeOutcomes(bytes), 0);
    const isListening = crash.loss?.message?.startsWith('listen') === true;
    const advice = isListening ? listening : (adviceOf.get(crash.loss?.kind) ?? unknown);
    const lacks = how.endsWith('lost') ? missing : '';
    const message = `task 'parse' was given up after the means to run it were lost 4 times; ${how}. ${advice}${lacks}`;
    assert.deepEqual([state.type, state.message], ['Crashed', message]);
    assert.equal(state.error?.message, message);
  });
}

test('a run that waited in vain for a thread is not said to have done anything', () => {
  const loss = { kind: 'not-started', message: 'EMFILE' } as const;
  const { bytes } = crashBlock(12, { task: 'parse', losses: 1, worker: 'ant', loss, isFinal: true });

  assert.equal(
    stateAt(decodeOutcomes(bytes), 0).message,
    `task 'parse' was not begun on ant: no thread could be started: EMFILE. ${limited} It is not run again, because ` +
      `its task says onWorkerLost: 'crash'.`,
  );
});

test('the facts of a crash are fields of its error', () => {
  const { bytes } = crashBlock(12, { ...crash, worker: 'ant', loss: { kind: 'exit', exitCode: 7 } });

  const { error } = stateAt(decodeOutcomes(bytes, { mapIndex: 12 }), 0);

  assert.deepEqual(Object.fromEntries(Object.entries(error!)), {
    name: 'HeddleError',
    code: 'TASK_RUN_CRASHED',
    task: 'parse',
    losses: 4,
    mapIndex: 12,
    worker: 'ant',
    kind: 'exit',
    exitCode: 7,
  });
});

test('the child of a mapped task that crashed is called by its index, and a single loss is no plural', () => {
  const { bytes } = crashBlock(12, { ...crash, losses: 1 });

  assert.equal(
    stateAt(decodeOutcomes(bytes, { mapIndex: 12 }), 0).message,
    `task 'parse' [map index 12] was given up after the means to run it were lost once; last: its worker was lost. ${unknown}${missing}`,
  );
});
