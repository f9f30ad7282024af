// What becomes of a chunk whose thread is kept busy by what a task left behind there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chunk,
  ended,
  endThread,
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

  assert.deepEqual(waitIdle(1e6, { isBegun: false }), []);
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

  assert.deepEqual(waitIdle(1e6, { untaken: [], isOpening: true }), []);
});
