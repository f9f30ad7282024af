import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'node:v8';
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

test('rows within rows, lists and dates are taken apart with them, also where some are missing', () => {
  const list = orders();
  const table = takeTableApart(list);

  assert.ok(table);
  assert.deepStrictEqual(decodeValue(encodeValue(table)), list);
  assert.ok(encodeValue(table).length * 1.5 < serialize(list).length);
});

test('what is in a tree of objects and small lists is taken apart, each list for itself', () => {
  const tree = lake();
  const table = takeTableApart(tree);

  assert.ok(table);
  assert.deepStrictEqual(decodeValue(encodeValue(table)), tree);
  const { features } = decodeValue(encodeValue(tree)) as typeof tree;
  const points = features.flatMap(({ geometry }) => geometry.flat());
  assert.equal(new Set(points).size, points.length);
});

test('a tree of which a part is in two places, or not exact, is not taken apart', () => {
  type Tree = ReturnType<typeof lake>;
  const spoilt: readonly (readonly [what: string, spoil: (tree: Tree) => unknown])[] = [
    ['a point twice in a ring', ({ features: [, place] }) => (place!.geometry[0]![3] = place!.geometry[0]![0]!)],
    ['a point in two places', ({ features: [a, b] }) => (a!.geometry[0]![0] = b!.geometry[1]![2]!)],
    ['a ring in two places', ({ features: [a, b] }) => (a!.geometry[0] = b!.geometry[1]!)],
    ['a list in two columns', (tree) => (tree.features[3]!.box = tree.features[4]!.geometry[0]![1]!)],
    ['an empty list in two columns', (tree) => (tree.features[3]!.box = tree.features[4]!.geometry[2] as [])],
    ['a list that is in itself', ({ features: [a] }) => a!.geometry.push(a!.geometry as never)],
    ['a row in two columns', ({ features: [a, b] }) => (a!.next = b!.next)],
    ['a tree in itself', (tree) => (tree.features[9]!.next = tree as never)],
    ['a name on a point', (tree) => Object.assign(tree.features[70]!.geometry[0]![4]!, { name: 'top' })],
    ['a symbol on a point', (tree) => Object.assign(tree.features[70]!.geometry[0]![4]!, { [Symbol('top')]: 1 })],
    ['a gap in a point', (tree) => (tree.features[70]!.geometry[0]![4]!.length = 3 as 2)],
    ['a dressed-up point', (tree) => Object.setPrototypeOf(tree.features[70]!.geometry[0]![4]!, Object.prototype)],
    ['a symbol on the tree', (tree) => Object.assign(tree, { [Symbol('top')]: 1 })],
  ];

  for (const [what, spoil] of spoilt) {
    const tree = lake();
    spoil(tree);
    assert.equal(takeTableApart(tree), undefined, what);
    if (isExact(tree)) assert.deepStrictEqual(decodeValue(encodeValue(tree)), tree, what);
  }
  const points = Array.from({ length: 100 }, (_, at) => [at % 10, -0]);
  assert.ok(takeTableApart({ points }));
  assert.equal(takeTableApart({ points: [...points, points[3]] }), undefined);
  const ways = Array.from({ length: 100 }, (_, id) => ({
    id,
    from: [id],
    to: [id],
    via: id % 2 === 0 ? [] : [{ id }],
  }));
  assert.ok(takeTableApart(ways));
  assert.equal(takeTableApart(ways.with(3, { ...ways[3]!, to: ways[4]!.from })), undefined);
  const same: number[] = [];
  const gaps = ways.map(({ id, via }) => ({ id, from: [id], via }));
  assert.ok(takeTableApart(gaps.with(3, { ...gaps[3]!, from: same })));
  assert.equal(takeTableApart(gaps.with(3, { id: 3, from: same, via: same as [] })), undefined);
});

test('a list that is the first in itself is not taken apart', () => {
  const list: unknown[] = Array.from({ length: 64 }, () => [0]);
  list[0] = list;
  const inner: unknown[] = [];
  inner.push(inner);

  for (const value of [list, { list }, Array.from({ length: 64 }, () => inner)]) {
    assert.equal(takeTableApart(value), undefined);
    assert.deepEqual(decodeValue(encodeValue(value)), value);
  }
});

test('few different texts, and what stands among them, are written once and come back in their places', () => {
  const few = ['open', 'shut', '', undefined, null, true, 10n];
  const columns: Record<string, (id: number) => unknown> = {
    few: (id) => few[id % few.length],
    'one number late': (id) => (id === 250 ? -0 : 'none'),
    'very many late': (id) => (id < 40 ? 'none' : `number ${id}`),
  };

  for (const [name, column] of Object.entries(columns)) {
    const list = Array.from({ length: 400 }, (_, id) => ({ id, [name]: column(id) }));
    const back = decodeValue(encodeValue(list));
    assert.deepEqual(back, list, name);
  }
  const texts = (column: (id: number) => string) => Array.from({ length: 400 }, (_, id) => ({ text: column(id) }));
  const size = (list: unknown) => encodeValue(list).length;
  assert.ok(size(texts((id) => `a longer text, number ${id % 7}`)) < size(texts((id) => `t${id}`)));
});

test('what is in two places of a table stays one, by way of the copier', () => {
  const author = { name: 'ann' };
  const at = new Date(0);
  const tags = ['new'];
  const trees = rows().map(({ id }) => ({ id, kids: [] as unknown[] }));
  trees[7]!.kids.push(trees[50]);
  const shared: readonly (readonly [place: string, list: readonly unknown[], isOne: (list: Found) => boolean])[] = [
    ['in two rows', spoiltOrders({ author }), (list) => list[3]!.author === list[4]!.author],
    ['a date', spoiltOrders({ at }), (list) => list[3]!.at === list[4]!.at],
    ['a list', spoiltOrders({ tags }), (list) => list[3]!.tags === list[4]!.tags],
    ['in two columns', rows().map(() => twice({ name: 'ann' })), (list) => list[3]!.first === list[3]!.second],
    ['a row in another row', trees, (list) => (list[7]!.kids as unknown[])[0] === list[50]],
  ];

  for (const [place, list, isOne] of shared) {
    assert.equal(takeTableApart(list), undefined, place);
    const arrived = decodeValue(encodeValue(list)) as Found;
    assert.deepStrictEqual(arrived, list, place);
    assert.ok(isOne(arrived), place);
  }
});

test('what is not exact within a row is not taken apart either', () => {
  // oxlint-disable-next-line no-sparse-arrays -- holes are tested
  const gapWithName = Object.assign(['a', , 'b'], { name: 'gap' });
  const odd: readonly (readonly [what: string, part: object])[] = [
    ['a class', { author: Object.assign(new Row(), { name: 'ann' }) }],
    ['a symbol as a key', { author: { name: 'ann', [Symbol('key')]: 1 } }],
    ['a symbol on a list', { tags: Object.assign(['a'], { [Symbol('key')]: 1 }) }],
    ['a name on a list', { tags: Object.assign(['a'], { name: 'tags' }) }],
    ['a gap in a list', { tags: ['a', , 'b'] }], // oxlint-disable-line no-sparse-arrays -- holes are tested
    ['a gap and a name', { tags: gapWithName }],
    ['a list of a class', { tags: new (class Tags extends Array<string> {})() }],
    ['a date with a property', { at: Object.assign(new Date(), { zone: 'UTC' }) }],
    ['a date of a class', { at: new (class Day extends Date {})() }],
    ['a function in a list', { tags: [() => 1] }],
    ['a Map', { author: new Map() }],
    ['a Buffer', { author: Buffer.from('ann') }],
    ['a Proxy', { author: new Proxy({ name: 'ann' }, {}) }],
    ['a list in place of a row', { author: ['ann'] }],
    ['a __proto__', { author: JSON.parse('{"__proto__":1}') as unknown }],
    ['no keys', { author: {} }],
  ];

  for (const [what, part] of odd) {
    for (const at of [0, 40]) {
      const list = orders();
      Object.assign(list[at]!, part);
      assert.equal(takeTableApart(list), undefined, what);
      if (isExact(list)) assert.deepStrictEqual(decodeValue(encodeValue(list)), list, what);
    }
  }
});

test('no trap of a Proxy is run', () => {
  const traps: unknown[] = [];
  const watched = new Proxy({}, { get: (_, trap) => void traps.push(trap) });
  const list = rows();

  assert.equal(takeTableApart(new Proxy(list, watched)), undefined);
  assert.equal(takeTableApart(new Proxy({ list }, watched)), undefined);
  assert.equal(takeTableApart({ list: new Proxy([[1]], watched) }), undefined);
  assert.equal(takeTableApart({ list: list.map(() => [new Proxy([1], watched)]) }), undefined);
  list[40] = new Proxy(list[40]!, watched);
  assert.equal(takeTableApart(list), undefined);
  assert.deepEqual(traps, []);
});

function rows(): Record<string, unknown>[] {
  return Array.from({ length: 100 }, (_, id) => ({ id, name: `article ${id}`, at: id % 2 === 0 ? undefined : null }));
}

type Found = readonly Record<string, unknown>[];

function orders(): Record<string, unknown>[] {
  return rows().map(({ id }) => {
    const number = Number(id);
    return {
      id: number,
      at: number % 7 === 0 ? null : new Date(number),
      author: number % 5 === 0 ? undefined : { name: `ann ${number}`, address: { zip: number, lines: ['a', -0] } },
      tags: Array.from({ length: number % 4 }, (_, tag) => `tag ${tag}`),
      lines: Array.from({ length: number % 3 }, (_, line) => ({ line, prices: [[line / 3], [Number.NaN, 1n]] })),
      last: number % 2 === 0 ? number : [number],
    };
  });
}

type Point = [number, number];

/** A place has two rings of points, whose last is as the first but not the same, and an empty one. */
function lake() {
  const features = Array.from({ length: 80 }, (_, id) => {
    const ring = (): Point[] => [...[0, 1, 2, 3, 4].map((at): Point => [at / 3, id]), [-0, id]];
    return { id, geometry: [ring(), ring(), []], box: [id], next: { at: id } };
  });
  return { type: 'lakes', count: 80, features };
}

/** With the same in each row. */
function spoiltOrders(part: object): Record<string, unknown>[] {
  return orders().map((order) => ({ ...order, ...part }));
}

function twice(part: object): object {
  return { first: part, second: part };
}

class Row {
  readonly at = 'a class';
}

function thrown(): never {
  throw new Error('it was read');
}
