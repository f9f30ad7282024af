import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processWide } from '../../src/lib/process-wide.ts';

test('a value is made once and is the same for all who ask by its name', () => {
  const made = processWide('test-a', () => ({ count: 0 }));

  const found = processWide('test-a', () => ({ count: 1 }));

  assert.equal(found, made);
  assert.deepEqual(found, { count: 0 });
});

test('another name is another value', () => {
  assert.notEqual(
    processWide('test-b', () => ({})),
    processWide('test-c', () => ({})),
  );
});

test('a second copy of this package finds what the first one made', async () => {
  const made = processWide('test-d', () => ({}));

  const url: string = import.meta.resolve('../../src/lib/process-wide.ts?copy');
  const copy = (await import(url)) as { processWide: typeof processWide };

  assert.notEqual(copy.processWide, processWide);
  assert.equal(
    copy.processWide('test-d', () => ({})),
    made,
  );
});
