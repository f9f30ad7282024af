import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFits } from '../../src/values/size.ts';

test('what is over its limit by a little is told in bytes, since megabytes would be the same', () => {
  const destination = { role: 'result', task: 'read', limitBytes: 2 ** 20 } as const;

  const over = (bytes: number) => () => assertFits('a'.repeat(bytes), bytes, destination);

  assert.throws(over(2 ** 20 + 3), { message: /a value of 1,048,579 bytes, and the limit is 1,048,576 bytes\./ });
  assert.throws(over(2 ** 21), { message: /a value of 2 MB, and the limit is 1 MB\./ });
  assert.doesNotThrow(over(2 ** 20));
});
