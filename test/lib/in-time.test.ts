import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTime } from '../../src/lib/in-time.ts';

test('what is given in time is given on, be it nothing, and so is an error', async () => {
  assert.deepEqual(await inTime(60_000, Promise.resolve(1)), { value: 1 });
  assert.deepEqual(await inTime(60_000, Promise.resolve(undefined)), { value: undefined });
  await assert.rejects(inTime(60_000, Promise.reject(new RangeError('no'))), { message: 'no' });
});

test('what takes longer is not waited for, and how it ends then does no harm', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { promise, reject } = Promise.withResolvers<number>();

  const waited = inTime(5_000, promise);
  t.mock.timers.tick(5_000);
  assert.equal(await waited, undefined);

  reject(new RangeError('too late'));
  await assert.rejects(promise, { message: 'too late' });
});
