import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processWide } from '../../src/lib/process-wide.ts';
import { sharedByCopies } from '../../src/lib/shared-by-copies.ts';

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

test('what says yes to every question is no instance of a class that copies share, nor does asking it fail', () => {
  class One {
    readonly one = 1;
  }
  class Other extends One {}
  sharedByCopies(One);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();

  const asked = [new One(), new Other(), {}, new Proxy({}, { has: () => true }), proxy, null, 1];

  assert.deepEqual(
    asked.map((value) => [value instanceof One, value instanceof Other]),
    [[true, false], [true, true], ...asked.slice(2).map(() => [false, false])],
  );
});
