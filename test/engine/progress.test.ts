import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeRun } from '../../src/engine/flow-run/node-run.ts';
import { howTheyEnded, progressLines } from '../../src/engine/flow-run/progress.ts';
import { block, failed, notRun, runOf } from './fixtures.ts';

test('each mapped task that has begun has a line: done, running, failed of n, rate, remaining time', () => {
  const read = runOf('read', { length: 11 });
  read.started(7);
  read.settled(block(0, [1, 2, failed(), 4]));
  const aggregate = runOf('aggregate', { length: 4 });
  aggregate.started(1);
  const merge = runOf('merge', { length: 3 });

  assert.deepEqual(lines([read, 2_000], [aggregate, 500], [merge, undefined]), [
    'read      ███████░░░░░░░░░░░░░ 4 done · 3 running · 1 failed of 11 · 2.0/s · 3.5 s left',
    'aggregate ░░░░░░░░░░░░░░░░░░░░ 0 done · 1 running · 0 failed of 4 · 0.0/s',
  ]);
});

test('what was not run, as something before it had failed, is counted apart', () => {
  const store = runOf('store', { length: 9 });
  store.settled(block(0, [notRun(), 2, failed(), notRun()]));

  assert.deepEqual(lines([store, 2_000]), [
    'store ████████░░░░░░░░░░░░ 4 done · 0 running · 2 not run · 1 failed of 9 · 2.0/s · 2.5 s left',
  ]);
  assert.equal(howTheyEnded(store), ', 1 failed (index 2), 2 not run (TriggerFailed)');
  const sum = runOf('sum', { length: 1 });
  sum.settled(block(0, [notRun()]));
  assert.equal(howTheyEnded(sum), ', 1 not run (TriggerFailed)');
});

test('a task that is done has no time left', () => {
  const read = runOf('read', { length: 2 });
  read.settled(block(0, [1, 2]));

  assert.deepEqual(lines([read, 100]), ['read ████████████████████ 2 done · 0 running · 0 failed of 2 · 20.0/s']);
});

test('large numbers are grouped, and large rates rounded', () => {
  const read = runOf('read', { length: 1_000_000 });
  read.started(600_000);
  read.settled({ ...block(0, []), count: 250_000 });

  assert.deepEqual(lines([read, 2_000]), [
    'read █████░░░░░░░░░░░░░░░ 250,000 done · 350,000 running · 0 failed of 1,000,000 · 125,000/s · 6.0 s left',
  ]);
});

test('before any time has passed, there is no rate to foretell anything by', () => {
  const read = runOf('read', { length: 4 });
  read.settled(block(0, [1]));

  assert.deepEqual(lines([read, 0]), ['read █████░░░░░░░░░░░░░░░ 1 done · 0 running · 0 failed of 4 · 0.0/s']);
});

test('of more tasks than there is room for, those that go on are shown, then those that failed, and how many there are besides', () => {
  const runs = ['a', 'b', 'c', 'd', 'e', 'f'].map((slug) => {
    const run = runOf(slug, { length: 1 });
    run.started(1);
    if (slug < 'd') run.settled(block(0, [slug === 'b' ? failed() : 1]));
    return [run, 1_000] as const;
  });
  const shown = (most: number) =>
    progressLines(
      runs.map(([run]) => run),
      new Map(runs),
      most,
    ).map((line) => line.slice(0, 10));

  assert.deepEqual(shown(6).length, 6);
  assert.deepEqual(shown(5), ['b ████████', 'd ░░░░░░░░', 'e ░░░░░░░░', 'f ░░░░░░░░', 'and 2 more']);
  assert.deepEqual(shown(3), ['d ░░░░░░░░', 'e ░░░░░░░░', 'and 4 more']);
});

test('a map over nothing is full', () => {
  const read = runOf('read', { length: 0 });

  assert.deepEqual(lines([read, 0]), ['read ████████████████████ 0 done · 0 running · 0 failed of 0 · 0.0/s']);
});

test('a task that is not mapped has no line', () => {
  assert.deepEqual(lines([runOf('load'), 100]), []);
});

test('the bar is full only when all is done', () => {
  const read = runOf('read', { length: 1_000 });
  read.settled({ ...block(0, []), count: 999 });

  assert.match(lines([read, 1_000])[0]!, /^read █{19}░ 999 done/);
});

function lines(...runs: [NodeRun, elapsedMs: number | undefined][]): string[] {
  const elapsed = new Map(runs.flatMap(([run, ms]) => (ms === undefined ? [] : [[run, ms] as const])));
  return progressLines(
    runs.map(([run]) => run),
    elapsed,
  );
}
