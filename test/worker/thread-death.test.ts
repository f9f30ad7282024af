// What is charged when a thread dies, and with what.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  thread,
  chunk,
  reported,
  settled,
  settledReport,
  delayedReport,
  broke,
  exited,
  exitedBefore,
  post,
  start,
  exitedIdle,
  over,
  started,
  ended,
  gone,
  endThread,
  exit3,
} from './thread-fixtures.ts';

test('the index that ran when the thread died is charged, after the last report, when the thread is gone', () => {
  const { on } = thread();
  on(chunk(1), started, settled(1, 0, 3));

  assert.deepEqual(on(broke(exit3)), [endThread]);
  assert.deepEqual(on(settled(1, 3, 2)), [{ type: 'report', report: settledReport(3, 2) }]);
  assert.deepEqual(on(exited(7)), []);
  assert.deepEqual(on(gone), [over({ indices: [7], loss: exit3 })]);
});

test('a thread that died between two indices, or of its module, has the next one charged', () => {
  const between = thread();
  between.on(chunk(1), started, settled(1, 0, 3), exited(2));
  assert.deepEqual(between.on(gone), [over({ indices: [3], loss: exit3 })]);

  const atOnce = thread();
  atOnce.on(chunk(1, { start: 4 }), started, exited(-1));
  assert.deepEqual(atOnce.on(gone), [over({ indices: [4], loss: exit3 })]);

  const afterDelay = thread();
  afterDelay.on(chunk(1), started, settled(1, 0, 6), reported(1, delayedReport(6)), exited(6));
  assert.deepEqual(afterDelay.on(gone), [over({ indices: [7], loss: exit3 })]);
});

test('of several indices that ran when the thread died all are charged that had not ended, in whatever order', () => {
  const { on } = thread();
  on(chunk(1), started, settled(1, 4, 1), reported(1, delayedReport(2)), exited(5, 2, -1, 4, 1));

  assert.deepEqual(on(gone), [over({ indices: [5, 1], loss: exit3 })]);
});

test('when the thread died while no index ran, all that were begun and not reported are charged', () => {
  const { on } = thread();
  on(chunk(1), started, settled(1, 0, 3), exitedIdle(7));

  assert.deepEqual(on(gone), [over({ indices: [3, 4, 5, 6], loss: exit3 })]);
});

test('when all that ran is reported, those that were begun before are charged', () => {
  const { on } = thread();
  on(chunk(1), started, settled(1, 0, 1), settled(1, 3, 2), exited(3, 4));

  assert.deepEqual(on(gone), [over({ indices: [1, 2], loss: exit3 })]);
});

test('a thread that died after its last index charges none', () => {
  const { on } = thread();
  on(chunk(1, { end: 3 }), started, settled(1, 0, 3), exited(2));

  assert.deepEqual(on(gone), [over()]);
});

test('a chunk that a thread never took up, since it died of what it ran before, goes to the next one', () => {
  const { on } = thread();
  on(chunk(1), started, ended(1), chunk(2), exitedBefore());

  assert.deepEqual(on(gone, started), [start, post]);
  assert.deepEqual(on(exitedBefore(), gone), [over({ indices: [0], loss: exit3 })], 'such deaths come to an end');
});

test('it goes back whence it came when its inputs moved to that thread, and none of it is charged', () => {
  const { on } = thread();
  on(chunk(1), started, ended(1), chunk(2), exitedBefore({ areInputsGone: true }));

  const returned = { type: 'report', report: { type: 'returned', ranges: [{ start: 0, end: 10 }] } };
  assert.deepEqual(on(gone), [returned, over()]);
});

test('one that was cancelled meanwhile does not', () => {
  const { on } = thread();
  on(chunk(1), started, ended(1), chunk(2), { type: 'cancel-asked', graceMs: 500 }, exitedBefore());

  assert.deepEqual(on(gone), [over({ indices: [0], loss: exit3 })]);
});

test('a chunk that is cancelled between the death of its thread and the next one gets none', () => {
  const { on } = thread();
  on(chunk(1), started, ended(1), chunk(2), exitedBefore());

  on({ type: 'cancel-asked', graceMs: 500 });

  assert.deepEqual(on(gone), [over()]);
});

test('a chunk whose thread never came up gets the next one, uncharged for as long as that is tried again', () => {
  const { on } = thread();
  on(chunk(1), started, exitedBefore({ isTriedAgain: true }));

  assert.deepEqual(on(gone), [start]);
  assert.deepEqual(on(started, exitedBefore()), [post]);
  assert.deepEqual(on(gone), [over({ indices: [0], loss: exit3 })]);
});

const full = { kind: 'worker-memory', memoryBytes: 2_000, memoryLimitBytes: 1_000 } as const;

test('a chunk whose inputs alone fill the memory is charged, though it has started nothing', () => {
  const { on } = thread();
  on(chunk(1), started, { type: 'end-asked', loss: full });

  on(exitedIdle(0));
  assert.deepEqual(on(gone), [over({ indices: [0], loss: full })]);
});

test('one that had reported all that it had begun by then is not', () => {
  const { on } = thread();
  on(chunk(1), started, settled(1, 0, 4), { type: 'end-asked', loss: full });

  on(exitedIdle(4));
  assert.deepEqual(on(gone), [over()]);
});

test('an error that was heard of before the exit is what the index is charged with', () => {
  const { on } = thread();
  const loss = { kind: 'error', message: 'boom' } as const;
  on(chunk(1), started, broke(loss), exited(2));

  assert.deepEqual(on(gone), [over({ indices: [2], loss })]);
});

test('of several errors the first counts, and whose it was is known at the exit', () => {
  const { on } = thread();
  const [first, second] = ['boom', 'crash'].map((message) => ({ kind: 'error', message }) as const);
  const told = { ...first!, leftBy: "task 'leaver', which was over," };
  on(chunk(1), started, broke(first!), broke(second!), { ...exitedIdle(1), loss: told });
  assert.deepEqual(on(gone), [over({ indices: [0], loss: told })]);

  on(chunk(2), started, broke(first!), broke(second!), exited(2));
  assert.deepEqual(on(gone), [over({ indices: [2], loss: first! })]);
});

test('all indices that run when the event loop is blocked for too long may be to blame', () => {
  const { on, waitIdle } = thread();
  on(chunk(1, { timeoutMs: 150 }), started, settled(1, 4, 1));
  const look = (ms: number) => waitIdle(ms, { running: [3, 4, 5], starts: 6 });
  look(0);
  assert.deepEqual([look(151), look(200), look(1)], [[], [], [endThread]]);

  on(exited(3, 4, 5));

  assert.deepEqual(on(gone), [over({ indices: [3, 5], loss: { kind: 'timeout' } })]);
});
