import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forFunction } from '../../src/code/known-names.ts';

test('what a function makes a name of has no more than it has, and may be looked at as any object', () => {
  const given = forFunction({ day: 1, mapIndex: undefined });

  assert.deepEqual([given.day, given.mapIndex, JSON.stringify(given)], [1, undefined, '{"day":1}']);
  for (const copy of [{ ...given }, structuredClone(given)]) assert.deepEqual(copy, { day: 1, mapIndex: undefined });
  assert.throws(() => Reflect.get(given, 'map_index') as unknown, { code: 'UNKNOWN_NAME', message: /'mapIndex'/ });
});
