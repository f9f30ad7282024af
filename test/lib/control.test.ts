import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newControl, resetControl, takeTail, untakenIn } from '../../src/lib/control.ts';

const ranges = [
  { start: 5, end: 7 },
  { start: 9, end: 12 },
];

test('what is taken from the front of a chunk and what is taken from its end is all of it, each index once', () => {
  const { control, take } = begun();

  assert.deepEqual([take(), take(), take()], [5, 6, 9]);
  assert.deepEqual(takeTail(control, ranges), [{ start: 10, end: 12 }]);
  assert.equal(take(), undefined);
});

test('a tail has gaps where the chunk has', () => {
  const { control, take } = begun();

  assert.equal(take(), 5);
  assert.deepEqual(takeTail(control, ranges), [
    { start: 6, end: 7 },
    { start: 9, end: 12 },
  ]);
});

test('a tail that begins with a range has nothing of the one before', () => {
  const { control, take } = begun();

  assert.deepEqual([take(), take()], [5, 6]);
  assert.deepEqual(takeTail(control, ranges), [{ start: 9, end: 12 }]);
});

test('of a chunk that has not begun, and of one of which all has, nothing is taken', () => {
  const [waiting, done] = [begun(), begun()];
  while (done.take() !== undefined);

  assert.deepEqual(takeTail(waiting.control, ranges), []);
  assert.equal(waiting.take(), 5);
  assert.deepEqual(takeTail(done.control, ranges), []);
});

test('the tail is taken once', () => {
  const { control, take } = begun();
  take();

  takeTail(control, ranges);

  assert.deepEqual(takeTail(control, ranges), []);
});

function begun() {
  const control = newControl();
  resetControl(control);
  return { control, take: untakenIn(control, ranges) };
}
