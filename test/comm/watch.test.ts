import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Watch } from '../../src/comm/watch.ts';

test('who is given up is told how long nothing was heard by then', (t) => {
  const { silences, pass } = watched(t, 300);

  pass(100, 100, 100);
  assert.deepEqual(silences, []);
  pass(100);

  assert.deepEqual(silences, [400]);
});

test('it is told as well that nothing was heard for a third of that time, at each check', (t) => {
  const { quiet, pass, watch } = watched(t, 300);

  pass(100);
  assert.deepEqual(quiet, []);
  pass(100, 100);
  watch.seen();
  pass(100, 1_000, 100, 100);

  assert.deepEqual(quiet, [200, 300, 1_300]);
});

test('a check that comes late gives more time, and the time that we slept is told as well', (t) => {
  const { silences, pass } = watched(t, 300);

  pass(1_000, 100, 100, 100);
  assert.deepEqual(silences, []);
  pass(100);

  assert.deepEqual(silences, [1_400]);
});

test('what is heard begins it anew, also when it is heard by looking', (t) => {
  const { silences, pass, watch, look } = watched(t, 300);

  pass(100, 100, 100);
  watch.seen();
  pass(100, 100);
  look.mock.mockImplementationOnce(() => watch.seen());
  pass(100, 100, 100, 100, 100);

  assert.deepEqual(silences, [400]);
});

/** A watch, and a clock that passes steps of so many milliseconds, of which each is one check at most. */
function watched(t: TestContext, timeoutMs: number) {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const every = t.mock.method(globalThis, 'setInterval', () => ({ unref: () => {} }) as never);
  const [silences, quiet]: [number[], number[]] = [[], []];
  const look = t.mock.fn((): void => {});
  const gone = (silentMs: number) => silences.push(silentMs);
  const watch = new Watch(timeoutMs, { look, gone, quiet: (silentMs) => quiet.push(silentMs) });
  const check = every.mock.calls[0]!.arguments[0] as () => void;
  const pass = (...steps: readonly number[]) => {
    for (const step of steps) {
      now += step;
      check();
    }
  };
  return { silences, quiet, look, watch, pass };
}
