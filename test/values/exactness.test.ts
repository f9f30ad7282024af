import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diagnose } from '../../src/values/diagnosis.ts';
import { decodeColumn, decodeValue, encodeColumn, encodeValue } from '../../src/values/encode.ts';
import { isExact } from '../../src/values/exactness.ts';
import { type Fate, hostile, nested, valueTable } from './value-table.ts';

for (const [name, fate, value] of valueTable()) {
  test(`${name}: ${fate}`, () => {
    assert.equal(fateOf(value), fate);
    assert.equal(isExact(value), fate === 'exact');
    if (fate === 'exact') assertSame(decodeValue(encodeValue(value)), value);
  });
}

test('whatever the scan accepts arrives exactly, and whatever it does not is found', () => {
  fc.assert(
    fc.property(anything, (value) => {
      if (isExact(value)) assertSame(decodeValue(encodeValue(value)), value);
      else assert.notEqual(fateOf(value), 'exact');
    }),
    { numRuns: 2_000 },
  );
});

test('a column of what the scan accepts arrives exactly', () => {
  fc.assert(
    fc.property(fc.array(anything.filter(isExact), { maxLength: 20 }), (column) => {
      assertSame(decodeColumn(encodeColumn(column)), column);
    }),
    { numRuns: 500 },
  );
});

test('a shape that is shared over and over is scanned once', () => {
  let value: unknown = [1];
  for (let level = 0; level < 60; level += 1) value = [value, value];

  assert.equal(isExact(value), true);
});

test('a long list reached through an index is as deep as the copier will find it', () => {
  const nodes = Array.from({ length: 5_000 }, (): { next?: unknown } => ({}));
  for (const [index, node] of nodes.entries()) node.next = nodes[index + 1];

  assert.equal(isExact(nodes), false);
  assert.equal(isExact(nodes.slice(4_500)), true);
  assert.equal(fateOf(nodes), 'refused depth');
});

test('a class hidden below the quick scan is found by the thorough one', () => {
  const deep = nested(150);
  let last = deep as { next?: object };
  while (last.next !== undefined) last = last.next;
  Object.assign(last, { at: new URL('https://a.b') });

  assert.equal(isExact(deep), false);
});

test('no trap of a Proxy runs, wherever it hides', () => {
  const proxy = new Proxy({}, hostile);
  for (const value of [proxy, [proxy], { proxy }, new Map([[proxy, 1]]), new Set([proxy]), Object.create(proxy)]) {
    assert.equal(isExact(value), false);
    assert.notEqual(fateOf(value), 'exact');
  }
});

function fateOf(value: unknown): Fate {
  const { refused, changed } = diagnose(value);
  if (refused[0] !== undefined) return `refused ${refused[0].kind}`;
  return changed[0] === undefined ? 'exact' : `changed ${changed[0].kind}`;
}

function assertSame(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected);
}

const anything = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '0', 'length')),
  values: [
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.constantFrom(undefined, null, -0, Number.NaN, '\ud800', true),
    fc.constantFrom<unknown>(new URL('https://a.b'), Symbol.iterator, Math.max, /a/g, Buffer.from('abc')),
  ],
});
