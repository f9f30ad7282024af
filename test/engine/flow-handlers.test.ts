// What a run makes of handlers of its flow that do not end, or throw.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { HeddleError, LogRecord } from 'heddle';
import type { FlowOptions } from '../../src/engine/flow-run/flow.ts';
import { recording } from './fixtures.ts';
import { context, Flow, signals, task } from './house.ts';

const one = task('one', () => 1);
const broken = task('broken', (): number => {
  throw new RangeError('no luck');
});

test('a handler that goes on is told of after 10 s, and then more and more rarely', async (t) => {
  const { handler, called, done } = hanging(t);
  const { records, onLog } = recording();
  const waits = () => linesOf(records, 'info').filter((line) => line.startsWith('waiting'));

  const running = new Flow('f', { onFailure: handler }, () => broken()).run({ onLog });
  await called;
  t.mock.timers.tick(9_999);
  assert.deepEqual(waits(), []);
  t.mock.timers.tick(1);
  assert.deepEqual(waits(), ["waiting for the onFailure of flow 'f', for 10.0 s so far"]);
  t.mock.timers.tick(59_999);
  assert.equal(waits().length, 1);
  t.mock.timers.tick(1);
  assert.equal(waits().at(-1), "waiting for the onFailure of flow 'f', for 1 min 10 s so far");

  done();
  const { type } = await running;
  t.mock.timers.tick(3_600_000);
  assert.deepEqual([type, waits().length], ['Failed', 2]);
});

test('a cancel ends the wait for a handler, and the run ends as it would without it', async (t) => {
  for (const [options, what] of [
    [(handler) => ({ stateHandlers: [atEnd(handler)] }), 'the state handler'],
    [(handler) => ({ stateHandlers: [() => {}, atEnd(handler)] }), 'state handler 2'],
    [(handler) => ({ onFailure: handler }), 'the onFailure'],
    [(handler) => ({ terminalStateHandler: handler }), 'the terminalStateHandler'],
  ] as readonly (readonly [(handler: () => Promise<void>) => FlowOptions, string])[]) {
    const { handler, called } = hanging(t);
    const { records, onLog } = recording();
    const stop = new AbortController();
    const flow = new Flow('f', options(handler), () => broken());

    const running = flow.run({ onLog, signal: stop.signal, cancelGrace: 300 });
    await called;
    stop.abort();
    t.mock.timers.tick(300);
    const state = await running;

    const failure = 'Some reference tasks failed: broken: RangeError: no luck';
    assert.deepEqual([state.type, state.message], ['Failed', failure]);
    assert.deepEqual(linesOf(records, 'warn'), [
      `The flow run was cancelled: its signal was aborted. It waits for ${what} of flow 'f', which has 300 ms to end.`,
      `${what} of flow 'f' has not ended within 300 ms: it is no longer waited for, and changes nothing`,
    ]);
    t.mock.timers.reset();
  }
});

test('what a handler throws because of the cancel changes nothing either', async () => {
  const { records, onLog } = recording();
  const stop = new AbortController();
  const onFailure = () =>
    new Promise((_, reject) => {
      context.signal.addEventListener('abort', () => reject(context.signal.reason));
      stop.abort();
    });

  const state = await new Flow('f', { onFailure }, () => broken()).run({ onLog, signal: stop.signal });

  assert.match(state.message, /^Some reference tasks failed/);
  assert.match(
    linesOf(records, 'warn').at(-1)!,
    /^the onFailure of flow 'f' ended at the cancel: AbortError: The flow/,
  );
});

test('a signal that a handler throws because of the cancel still says how the run ends', async () => {
  const stop = new AbortController();
  const onFailure = () =>
    new Promise((_, reject) => {
      context.signal.addEventListener('abort', () => reject(new signals.SKIP('not today')));
      stop.abort();
    });

  const state = await new Flow('f', { onFailure }, () => broken()).run({ onLog: () => {}, signal: stop.signal });

  assert.deepEqual([state.type, state.message], ['Skipped', 'not today']);
});

test('a handler that cancels its own run and goes on is not waited for either', { timeout: 20_000 }, async (t) => {
  const { handler, called } = hanging(t);
  const stop = new AbortController();
  const onFailure = () => {
    stop.abort();
    return handler();
  };

  const running = new Flow('f', { onFailure }, () => broken()).run({ onLog: () => {}, signal: stop.signal });
  await called;
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(5_000);

  assert.equal((await running).type, 'Failed');
});

test('a run that cannot start ends when its handlers have seen that', async () => {
  const seen: string[] = [];
  const onFailure = async ({ state }: { state: { message: string } }) => {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(state.message);
  };
  const executor = { start: () => Promise.reject(new RangeError('no room')) };

  await assert.rejects(new Flow('f', { onFailure, executor }, () => one()).run({ onLog: () => {} }), RangeError);

  assert.deepEqual(seen, ['RangeError: no room']);
});

test('of a handler that throws at the start, it is not said how the run would have ended', async () => {
  const fail = () => {
    throw new TypeError('too early');
  };

  const state = await new Flow('f', { stateHandlers: [fail] }, () => one()).run({ onLog: () => {} });

  const told =
    "HeddleError: the state handler of flow 'f' failed: TypeError: too early. Catch there what is not to fail";
  assert.equal(state.message, `${told} the run.`);
});

test('a handler that does not end does not keep a run from ending that was cancelled before', async (t) => {
  const { handler, called } = hanging(t);
  const { records, onLog } = recording();
  const stop = AbortSignal.abort();

  const flow = new Flow('f', { stateHandlers: [atEnd(handler)] }, () => one());
  const running = flow.run({ onLog, signal: stop, cancelGrace: 300 });
  await called;
  t.mock.timers.tick(5_300);

  assert.equal((await running).type, 'Cancelled');
  assert.match(linesOf(records, 'warn').at(-1)!, /^the state handler of flow 'f' has not ended within 5\.3 s/);
});

test('the signal of a handler that hears of a cancel is not aborted by that, but when its own time is up', async (t) => {
  const { handler, called } = hanging(t);
  const signals: [when: string, isAborted: boolean][] = [];
  const tell = async () => {
    const { signal } = context;
    signals.push(['called', signal.aborted]);
    signal.addEventListener('abort', () => signals.push(['in the end', signal.aborted]));
    await handler();
  };
  const flow = new Flow('f', { stateHandlers: [atEnd(tell)] }, () => one());

  const running = flow.run({ onLog: () => {}, signal: AbortSignal.abort(), cancelGrace: 300 });
  await called;
  assert.deepEqual(signals, [['called', false]]);
  t.mock.timers.tick(5_300);

  assert.equal((await running).type, 'Cancelled');
  assert.deepEqual(signals, [
    ['called', false],
    ['in the end', true],
  ]);
});

test('a handler that hangs at the start keeps no cancelled run from ending', async (t) => {
  const { handler, called } = hanging(t);
  const stop = new AbortController();
  const atStart: FlowOptions = { stateHandlers: [({ to }) => (to.isRunning() ? handler() : undefined)] };

  const running = new Flow('f', atStart, () => one()).run({ onLog: () => {}, signal: stop.signal, cancelGrace: 0 });
  await called;
  stop.abort();
  t.mock.timers.tick(1);
  t.mock.timers.reset();

  assert.equal((await running).type, 'Cancelled');
});

test('a handler that throws hides no failure of the run, and its stack is in the log', async () => {
  const { records, onLog } = recording();
  const onFailure = () => {
    throw new TypeError('a handler with a bug');
  };

  const state = await new Flow('f', { onFailure }, () => broken()).run({ onLog });

  const message =
    "HeddleError: the onFailure of flow 'f' failed: TypeError: a handler with a bug. Catch there what is not to fail " +
    'the run. Without that it would be Failed: Some reference tasks failed: broken: RangeError: no luck';
  assert.deepEqual([state.type, state.message], ['Failed', message]);
  const { code, cause } = state.error as HeddleError;
  assert.deepEqual([code, (cause as Error).name], ['STATE_HANDLER_FAILED', 'TypeError']);
  const errors = linesOf(records, 'error');
  assert.ok(errors.at(-1)!.startsWith(`Failed: ${message} (`));
  assert.match(
    errors.at(-2)!,
    /\ncaused by TypeError: a handler with a bug\n +at .*onFailure.*flow-handlers\.test\.ts/,
  );
});

test('the same is said of a run that would have succeeded, and of a handler that returns no state', async () => {
  const flow = new Flow('f', { terminalStateHandler: () => 7 as never }, () => one());

  const { type, message } = await flow.run({ onLog: () => {} });

  assert.equal(type, 'Failed');
  assert.match(message, /returned 7\. .*[^.]\. Without that it would be Success: All reference tasks succeeded\.$/);
});

test('the time that its handlers take is part of the time of a run, whatever becomes of the date meanwhile', async (t) => {
  let time = performance.now();
  t.mock.method(performance, 'now', () => time);
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const { records, onLog } = recording();
  const handler = () => {
    time += 60_000;
    t.mock.timers.setTime(400_000);
  };

  const state = await new Flow('f', { onFailure: handler }, () => broken()).run({ onLog });

  assert.equal(state.statistics.durationMs, 60_000);
  assert.match(linesOf(records, 'error').at(-1)!, /\(1 min 0 s\)$/);
});

/** A handler that does not end by itself. Once it is called, time passes only when a test lets it. */
function hanging(t: TestContext) {
  const called = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const handler = (): Promise<void> => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    called.resolve();
    return end.promise;
  };
  return { handler, called: called.promise, done: end.resolve };
}

function atEnd(handler: () => Promise<void>): NonNullable<FlowOptions['stateHandlers']>[number] {
  return Object.defineProperty(({ to }) => (to.isFinished() ? handler() : undefined), 'name', { value: '' });
}

function linesOf(records: readonly LogRecord[], level: LogRecord['level']): string[] {
  return records.filter((record) => record.level === level).map(({ message }) => message);
}
