import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeValue, encodeValue } from '../../src/values/encode.ts';
import { isExact } from '../../src/values/exactness.ts';
import { takeTableApart } from '../../src/values/rows.ts';

test('a list that was taken apart is encoded as the list is', () => {
  const list = rows();
  const table = takeTableApart(list);

  assert.ok(table);
  assert.deepEqual(encodeValue(table), encodeValue(list));
  assert.deepEqual(decodeValue(encodeValue(table)), list);
});

test('what is not exact is not taken apart, however little of it', () => {
  const spoilt: readonly (readonly [what: string, spoil: (list: Record<string, unknown>[]) => unknown])[] = [
    ['a member that is a symbol', (list) => (list[40]!.name = Symbol('name'))],
    ['a member that is a function', (list) => (list[40]!.name = () => {})],
    ['a key that is a symbol', (list) => Object.assign(list[3]!, { [Symbol('key')]: 1 })],
    ['a symbol on the list', (list) => Object.assign(list, { [Symbol('key')]: 1 })],
    ['a row of a class', (list) => (list[40] = Object.assign(new Row(), list[40]))],
    ['a getter that throws', (list) => Object.defineProperty(list[40]!, 'name', { get: thrown, enumerable: true })],
  ];

  for (const [what, spoil] of spoilt) {
    const list = rows();
    spoil(list);
    assert.equal(takeTableApart(list), undefined, what);
    assert.equal(isExact(list), false, what);
  }
});

test('what would not come back as it was is left to the copier', () => {
  const holed = rows();
  holed[120] = { id: 120, name: 'behind a gap', at: null };
  const named = Object.assign(rows(), { total: 100 });
  const [first, ...rest] = rows().map(({ name }) => ({ name }));

  for (const list of [holed, named, [first, first, ...rest]]) {
    assert.equal(takeTableApart(list), undefined);
    assert.deepEqual(decodeValue(encodeValue(list)), list);
  }
});

test('no trap of a Proxy is run', () => {
  const traps: unknown[] = [];
  const watched = new Proxy({}, { get: (_, trap) => void traps.push(trap) });
  const list = rows();

  assert.equal(takeTableApart(new Proxy(list, watched)), undefined);
  list[40] = new Proxy(list[40]!, watched);
  assert.equal(takeTableApart(list), undefined);
  assert.deepEqual(traps, []);
});

function rows(): Record<string, unknown>[] {
  return Array.from({ length: 100 }, (_, id) => ({ id, name: `article ${id}`, at: id % 2 === 0 ? undefined : null }));
}

class Row {
  readonly at = 'a class';
}

function thrown(): never {
  throw new Error('it was read');
}
