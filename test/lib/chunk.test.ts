import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newControl, resetControl, takeIndex, takeTail } from '../../src/lib/chunk.ts';

test('what is taken from the front of a chunk and what is taken from its end is all of it, each index once', () => {
  const control = begun();

  assert.deepEqual([takeIndex(control, 9), takeIndex(control, 9)], [5, 6]);
  assert.deepEqual(takeTail(control, { start: 5, end: 9 }), { start: 7, end: 9 });
  assert.equal(takeIndex(control, 9), undefined);
});

test('of a chunk that has not begun, and of one of which all has, nothing is taken', () => {
  const [waiting, done] = [begun(), begun()];
  while (takeIndex(done, 9) !== undefined);

  assert.deepEqual(takeTail(waiting, { start: 5, end: 9 }), { start: 9, end: 9 });
  assert.equal(takeIndex(waiting, 9), 5);
  assert.deepEqual(takeTail(done, { start: 5, end: 9 }), { start: 9, end: 9 });
});

test('the tail is taken once', () => {
  const control = begun();
  takeIndex(control, 9);

  takeTail(control, { start: 5, end: 9 });

  assert.deepEqual(takeTail(control, { start: 5, end: 9 }), { start: 9, end: 9 });
});

function begun() {
  const control = newControl();
  resetControl(control, 5);
  return control;
}
