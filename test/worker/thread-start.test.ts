import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailedStarts } from '../../src/worker/thread-start.ts';

test('every fourth start in a row that fails is charged, and one that does not fail begins the count anew', () => {
  const starts = new FailedStarts();

  assert.deepEqual(
    Array.from({ length: 5 }, () => starts.note()),
    [true, true, true, false, true],
  );
  starts.forget();
  assert.deepEqual(
    Array.from({ length: 4 }, () => starts.note()),
    [true, true, true, false],
  );
});
