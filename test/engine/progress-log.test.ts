// What the log of a flow run says of mapped tasks between their start and their end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from 'heddle';
import { withConfig } from '../with-config.ts';
import { FlowRunLog } from '../../src/engine/flow-run/flow-run-log.ts';
import type { NodeRun } from '../../src/engine/flow-run/node-run.ts';
import { logProgress } from '../../src/engine/flow-run/progress-log.ts';
import { block, failed, runOf } from './fixtures.ts';

test('each mapped task that has begun tells every 10 s how far it is, if it has got further', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const parse = runOf('parse', { length: 500 });
  const score = runOf('score', { length: 500 });
  using told = listening([parse, score]);

  parse.started(8);
  t.mock.timers.tick(9_999);
  assert.deepEqual(told.lines, []);
  t.mock.timers.tick(1);
  assert.deepEqual(told.lines.splice(0), ['info parse: 0 of 500 done']);

  parse.settled(block(0, [1, failed(), 3]));
  t.mock.timers.tick(10_000);
  assert.deepEqual(told.lines.splice(0), ['info parse: 3 of 500 done, 1 failed']);

  t.mock.timers.tick(10_000);
  assert.deepEqual(told.lines.splice(0), []);

  parse.settled(block(3, [4]));
  score.settled(block(0, [1, 2]));
  t.mock.timers.tick(10_000);
  assert.deepEqual(told.lines, ['info parse: 4 of 500 done, 1 failed', 'info score: 2 of 500 done']);
});

test('when none ends any more, that is told after a minute, and then rarely, with what is not done', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const parse = runOf('parse', { length: 9 });
  using told = listening([parse]);
  parse.started(9);
  parse.settled(block(0, [1]));
  parse.settled(block(2, [3]));
  t.mock.timers.tick(10_000);
  told.lines.splice(0);

  t.mock.timers.tick(59_999);
  assert.deepEqual(told.lines, []);
  t.mock.timers.tick(1);
  const still = 'info parse: 2 of 9 done, and none for';
  assert.deepEqual(told.lines.splice(0), [`${still} 1 min 0 s; not done: indices 1, 3, 4 and 4 more`]);

  t.mock.timers.tick(299_999);
  assert.deepEqual(told.lines, []);
  t.mock.timers.tick(1);
  assert.deepEqual(told.lines.splice(0), [`${still} 6 min 0 s; not done: indices 1, 3, 4 and 4 more`]);

  parse.settled(block(3, [4, 5, 6, 7, 8, 9]));
  t.mock.timers.tick(70_000);
  assert.deepEqual(told.lines, [
    'info parse: 8 of 9 done',
    'info parse: 8 of 9 done, and none for 1 min 0 s; not done: index 1',
  ]);
});

test('nothing tells how far it is that is done, is not mapped, or of which only an earlier attempt has done some', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const done = runOf('done', { length: 2 });
  done.settled(block(0, [1, 2]));
  const single = runOf('single');
  single.started(1);
  const kept = runOf('kept', { length: 500, kept: [block(0, [1, 2])] });
  kept.settled(block(0, [1, 2]));
  using told = listening([done, single, kept]);

  t.mock.timers.tick(10_000);
  assert.deepEqual(told.lines, []);

  kept.started(1);
  t.mock.timers.tick(10_000);
  assert.deepEqual(told.lines, ['info kept: 2 of 500 done']);
});

test('nobody looks how far a run is that is over, or when that is switched off', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const parse = runOf('parse', { length: 500 });
  parse.started(8);
  const over = listening([parse]);
  over[Symbol.dispose]();
  const off = [false, 0].map((progressInterval) =>
    withConfig({ logging: { progressInterval: progressInterval as 0 } }, () => listening([parse])),
  );

  t.mock.timers.tick(100_000);

  assert.deepEqual([over, ...off].map(({ lines }) => lines), [[], [], []]); // prettier-ignore
});

test('whoever looks how far a run is keeps no process alive', () => {
  const alive = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const before = alive();

  using _told = listening([]);

  assert.equal(alive(), before);
});

/** What these runs tell of their progress from here on. */
function listening(runs: readonly NodeRun[]): { readonly lines: string[] } & Disposable {
  const lines: string[] = [];
  const write = ({ level, task, message }: LogRecord) => lines.push(`${level} ${task}: ${message}`);
  const log = new FlowRunLog({ flow: 'nightly', flowRunName: 'fast-fox', least: 'info', write });
  const looking = logProgress(runs, log);
  return { lines, [Symbol.dispose]: () => looking[Symbol.dispose]() };
}
