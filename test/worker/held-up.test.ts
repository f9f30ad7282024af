// What becomes of a chunk whose thread is kept busy by what a task left behind there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Look } from '../../src/lib/control.ts';
import {
  broke,
  chunk,
  ended,
  endThread,
  exit3,
  exitedBefore,
  exitedIdle,
  gone,
  over,
  post,
  settled,
  start,
  started,
  thread,
} from './thread-fixtures.ts';

test('a thread that takes up no chunk, five seconds after its time was up, is ended, and the next one gets it', () => {
  const { on, waitIdle } = thread();
  on(chunk(1), started, ended(1), chunk(2, { timeoutMs: 500 }));
  const look = { isBegun: false, untaken: [{ start: 0, end: 10 }] };
  waitIdle(0, look);

  assert.deepEqual([waitIdle(501, look), waitIdle(5_000, look)], [[], []]);
  assert.deepEqual(waitIdle(1, look), [endThread]);
  on(exitedBefore());
  assert.deepEqual(on(gone), [start]);
  assert.deepEqual(on(started), [post]);
});

test('a thread that is new may take as long as it likes', () => {
  const { on, waitIdle } = thread();
  on(chunk(1, { timeoutMs: 500 }), started);

  assert.deepEqual(longAgain(waitIdle, { isBegun: false }), []);
});

test('one that has yet to read the inputs of a chunk, or waits for its turn, is not held up', () => {
  const { on, waitIdle } = thread();
  on(chunk(1, { timeoutMs: 500 }), started);

  assert.deepEqual(longAgain(waitIdle, { untaken: [{ start: 0, end: 10 }] }), []);
});

test('a chunk that a thread which does not end has not taken up goes back, and none of it is charged', () => {
  const { on, waitIdle } = thread();
  on(chunk(1), started, ended(1), chunk(2, { timeoutMs: 500 }));
  const look = { isBegun: false, untaken: [{ start: 0, end: 10 }] };
  for (const ms of [0, 501, 5_001]) waitIdle(ms, look);

  const returned = { type: 'returned', ranges: [{ start: 0, end: 10 }] } as const;
  assert.deepEqual(waitIdle(2_000, look), [{ type: 'abandon-thread' }, { type: 'report', report: returned }, over()]);
});

test('one that a new thread broke of before it took it up is charged, though that thread does not end', () => {
  const { on, waitIdle } = thread();
  on(chunk(1), started, broke(exit3));

  const look = { isBegun: false, untaken: [{ start: 0, end: 10 }] };
  assert.deepEqual(waitIdle(2_000, look), [{ type: 'abandon-thread' }, over({ indices: [0], loss: exit3 })]);
});

test('one that is kept from saying that a chunk is over has the last index of it charged', () => {
  const { on, waitIdle } = thread();
  on(chunk(1, { timeoutMs: 500 }), started, settled(1, 0, 3));
  waitIdle(0, { untaken: [] });

  assert.deepEqual([waitIdle(501, { untaken: [] }), waitIdle(5_000, { untaken: [] })], [[], []]);
  assert.deepEqual(waitIdle(1, { untaken: [] }), [endThread]);
  on(exitedIdle(10));
  assert.deepEqual(on(gone), [over({ indices: [9], loss: { kind: 'timeout' } })]);
});

test('one that opens a resource, or waits for its reports to be taken, is not held up', () => {
  const { on, waitIdle } = thread();
  on(chunk(1, { timeoutMs: 500 }), started);

  assert.deepEqual(longAgain(waitIdle, { untaken: [], isOpening: true }), []);
});

/** What comes of looks that find the same, long after each other. */
function longAgain(waitIdle: ReturnType<typeof thread>['waitIdle'], look: Partial<Look>) {
  return [0, 1e6, 1e6].flatMap((ms) => waitIdle(ms, look));
}
