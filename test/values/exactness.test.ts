import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { deepFrozen } from '../../src/values/deep-frozen.ts';
import { diagnose } from '../../src/values/diagnosis.ts';
import { decodeColumn, decodeValue, encodeColumn, encodeValue } from '../../src/values/encode.ts';
import { isExact } from '../../src/values/exactness.ts';
import { takeTableApart } from '../../src/values/rows.ts';
import { registerType } from '../../src/values/types.ts';
import { type Fate, hostile, nested, valueTable } from './value-table.ts';

for (const [name, fate, value] of valueTable()) {
  test(`${name}: ${fate}`, () => {
    assert.equal(fateOf(value), fate);
    assert.equal(isExact(value), fate === 'exact');
    if (fate === 'exact' || fate === 'packed') assertSame(arrived(value), value);
  });
}

test('whatever the scan accepts arrives exactly, and whatever it does not is found [N03]', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const fate = fateOf(value);
      assert.equal(fate === 'exact', isExact(value));
      if (fate === 'exact' || fate === 'packed') assertSame(arrived(value), value);
    }),
    { numRuns: 2_000 },
  );
});

test('lists of rows of one shape, whatever it is, arrive exactly, and are exact when they can be taken apart', () => {
  fc.assert(
    fc.property(tables, (table) => {
      if (takeTableApart(table) !== undefined) assert.ok(isExact(table));
      if (isExact(table)) assertSame(decodeValue(encodeValue(table)), table);
    }),
    { numRuns: 300 },
  );
});

test('so do trees of lists of one shape, also when a part of them is in two places', () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.nat(), (tree, from, to) => {
      const places = placesIn(tree);
      const { owner, key } = places[to % places.length]!;
      owner[key] = places[from % places.length]!.part;
      if (takeTableApart(tree) !== undefined) assert.ok(isExact(tree));
      if (isExact(tree)) assertSame(decodeValue(encodeValue(tree)), tree);
    }),
    { numRuns: 500 },
  );
});

test('what many runs share, and is frozen for that, is as exact as it was, and arrives as if it were not', () => {
  const make = () => ({
    rows: Array.from({ length: 100 }, (_, id) => ({ id, at: new Date(id) })),
    map: new Map([['a', new Set([1])]]),
    links: [new URL('http://a.b/'), new URLSearchParams('a=1'), new Headers({ a: 'b' })],
    reason: Object.assign(new Error('m'), { code: 'E' }),
  });
  const frozen = deepFrozen(make());

  assert.deepEqual(
    [isExact(frozen.map), isExact(frozen.rows), takeTableApart(frozen.rows)],
    [true, true, takeTableApart(make().rows)],
  );
  const { packed, refused, changed } = diagnose(frozen);
  assert.deepEqual([refused, changed], [[], []]);
  const { reason, ...rest } = decodeValue(encodeValue(packed)) as typeof frozen;
  const { reason: _, ...others } = make();
  assertSame(rest, others);
  assert.deepEqual([reason.message, reason.code], ['m', 'E']);
});

test('how the user wants things to be printed changes no verdict', () => {
  const { ...before } = inspect.defaultOptions;
  Object.assign(inspect.defaultOptions, { showHidden: true, colors: true, getters: true, sorted: true });
  try {
    const named = Object.assign(new Float64Array(300), { width: 5 });
    const lists = [new Uint8Array(300), Array.from({ length: 300 }, () => 1), named];
    assert.deepEqual(lists.map(isExact), [true, true, false]);
  } finally {
    Object.assign(inspect.defaultOptions, before);
  }
});

test('a column of what the scan accepts arrives exactly', () => {
  fc.assert(
    fc.property(fc.array(anything.filter(isExact), { maxLength: 20 }), (column) => {
      assertSame(decodeColumn(encodeColumn(column)), column);
    }),
    { numRuns: 500 },
  );
});

test('so do cycles, instances of a registered class and views of one memory, each with its own, anywhere', () => {
  const parts = fc.constantFrom<() => unknown>(
    () => new Price(5),
    () => ({ of: new Map<unknown, unknown>([[new Set([new Price(7)]), Buffer.from('abc')]]) }),
    () => Object.assign([1, , -0], { note: '\ud800' }), // oxlint-disable-line no-sparse-arrays -- holes are tested
    () => [new Uint8Array(sharedBytes, 2, 4), new Float64Array(sharedBytes, 8, 1)],
    () => ({ memory: sharedBytes, view: new DataView(sharedBytes, 4) }),
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 6 }), fc.boolean(), (makers, isCyclic) => {
      const list = makers.map((make) => make());
      const value: Record<string, unknown> = { list, again: list[0], set: new Set(list) };
      if (isCyclic) value['self'] = [value];
      assert.match(fateOf(value), /^(?:exact|packed)$/);
      const copy = arrived(value);
      assertSame(copy, value);
      const buffers = memoriesIn(copy);
      assert.equal(new Set(buffers).size, buffers.length);
    }),
    { numRuns: 300 },
  );
});

test('what one view of a memory is given is not seen by another one that arrived with it', () => {
  const [bytes, all] = arrived([new Uint8Array(sharedBytes, 2, 4), sharedBytes]) as [Uint8Array, ArrayBuffer];
  bytes[0] = 1;

  assert.deepEqual([bytes.buffer.byteLength, all.byteLength], [4, 16]);
  assert.equal(new Uint8Array(all)[2], 7);
});

test('a shape that is shared over and over is scanned once', () => {
  let value: unknown = [1];
  for (let level = 0; level < 60; level += 1) value = [value, value];

  assert.equal(isExact(value), true);
});

test('a long list reached through an index is as deep as the copier will find it [D088 N10]', () => {
  const nodes = Array.from({ length: 5_000 }, (): { next?: unknown } => ({}));
  for (const [index, node] of nodes.entries()) node.next = nodes[index + 1];

  assert.equal(isExact(nodes), false);
  assert.equal(isExact(nodes.slice(4_500)), true);
  assert.equal(fateOf(nodes), 'refused depth');
});

test('a getter that makes a new object each time it is asked is nested too deep', () => {
  const make = (): object => ({ get next() { return make(); } }); // prettier-ignore

  assert.equal(fateOf(make()), 'refused depth');
});

test('a getter without an end is nested too deep, whatever is beside it, and however many there are', () => {
  const make = (): object => ({ get next() { return make(); }, get other() { return make(); } }); // prettier-ignore

  assert.equal(fateOf(make()), 'refused depth');
  assert.equal(fateOf({ price: new Price(1), list: [make()] }), 'refused depth');
});

test('instances inside of instances are as deep as what is written of them, which takes more room on the stack', () => {
  assert.equal(fateOf(chained(240)), 'packed');
  assertSame(arrived(chained(240)), chained(240));
  for (const levels of [300, 700, 20_000]) assert.equal(fateOf(chained(levels)), 'refused depth');
});

test('what an array has besides its elements arrives with those, however many they are', () => {
  const urls = Array.from({ length: 100 }, (_, index) => new URL(`https://a.b/${index}`));

  assertSame(arrived(Object.assign(urls, { count: 100, first: urls[0] })), urls);
});

const hidingPlaces: readonly [string, (value: unknown) => unknown][] = [
  ['beside a hundred elements', (value) => Object.assign(numbers(100), { value })],
  [
    'beside a thousand elements, in the last of many rows',
    (value) => [...rows, Object.assign(numbers(1_000), { value })],
  ],
  ['in the last of many rows', (value) => [...rows, { value }]],
  ['beside the elements of the last of many arrays', (value) => [...pairs, Object.assign([1], { value })]],
];

for (const [place, hide] of hidingPlaces) {
  test(`a value ${place} is judged as it is alone`, () => {
    for (const [name, fate, value] of valueTable()) assert.equal(fateOf(hide(value)), fate, name);
  });
}

test('a class hidden below the quick scan is found by the thorough one', () => {
  const deep = nested(150);
  let last = deep as { next?: object };
  while (last.next !== undefined) last = last.next;
  Object.assign(last, { at: Symbol('s') });

  assert.equal(isExact(deep), false);
});

test('no trap of a Proxy runs, wherever it hides', () => {
  const proxy = new Proxy({}, hostile);
  for (const value of [proxy, [proxy], { proxy }, new Map([[proxy, 1]]), new Set([proxy]), Object.create(proxy)]) {
    assert.equal(isExact(value), false);
    assert.match(fateOf(value), /^refused|^changed/);
  }
});

function fateOf(value: unknown): Fate {
  const { packed, refused, changed } = diagnose(value);
  if (refused[0] !== undefined) return `refused ${refused[0].kind}`;
  if (changed[0] !== undefined) return `changed ${changed[0].kind}`;
  return Object.is(packed, value) ? 'exact' : 'packed';
}

function arrived(value: unknown): unknown {
  return decodeValue(encodeValue(diagnose(value).packed));
}

function assertSame(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected);
  assert.deepEqual(shapeOf(actual), shapeOf(expected));
}

/** The memory of each view, and each buffer, that is somewhere in a value. */
function memoriesIn(root: unknown): unknown[] {
  const parts = new Set([root]);
  for (const part of parts) {
    if (part instanceof Map || part instanceof Set) {
      for (const member of [...part.entries()].flat()) parts.add(member);
    } else if (typeof part === 'object' && part !== null && !ArrayBuffer.isView(part)) {
      for (const member of Object.values(part)) parts.add(member);
    }
  }
  return [...parts].flatMap((part) => {
    if (ArrayBuffer.isView(part)) return [part.buffer];
    return part instanceof ArrayBuffer ? [part] : [];
  });
}

interface Place {
  readonly owner: Record<string, unknown>;
  readonly key: string;
  readonly part: unknown;
}

/** Where there is an object, or a list, in a tree. */
function placesIn(tree: Record<string, unknown>): readonly Place[] {
  const open: unknown[] = [tree];
  const places: Place[] = [];
  for (const owner of open as Record<string, unknown>[]) {
    for (const [key, part] of Object.entries(owner)) {
      if (!Array.isArray(part) && Object.prototype.toString.call(part) !== '[object Object]') continue;
      places.push({ owner, key, part });
      if (part !== shared) open.push(part);
    }
  }
  return places;
}

/**
 * Which objects are the same as one that was met before, in the order of a walk, and what each is, private fields too:
 * no text shows it.
 */
function shapeOf(root: unknown): unknown[] {
  const numbers = new Map<unknown, number>();
  const shape: unknown[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return void shape.push(Object.is(value, -0) ? '-0' : typeof value);
    const number = numbers.get(value);
    if (number !== undefined) return void shape.push(number);
    numbers.set(value, numbers.size);
    shape.push(
      (Object.getPrototypeOf(value) as { constructor?: unknown } | null)?.constructor,
      Reflect.ownKeys(value).length,
      value instanceof Price ? value.cents : undefined,
    );
    if (value instanceof Map || value instanceof Set)
      for (const [key, item] of value.entries()) [key, item].forEach(walk);
    else if (!ArrayBuffer.isView(value) && !(value instanceof Error)) Object.values(value).forEach(walk);
  };
  walk(root);
  return shape;
}

class Price {
  readonly #cents: number;

  constructor(cents: number) {
    this.#cents = cents;
  }

  get cents(): number {
    return this.#cents;
  }
}
registerType(Price, { tag: 'price', encode: ({ cents }) => cents, decode: (cents: number) => new Price(cents) });

class Link {
  readonly next: unknown;

  constructor(next: unknown) {
    this.next = next;
  }
}
registerType(Link, { tag: 'link', encode: ({ next }) => ({ next }), decode: ({ next }) => new Link(next) });

function chained(levels: number): unknown {
  let chain: unknown;
  for (let level = 0; level < levels; level += 1) chain = new Link(chain);
  return chain;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index / 2);
}

const rows = Array.from({ length: 400 }, (_, id) => ({ id, name: `row ${id}` }));
const pairs = rows.map(({ id, name }) => [id, name]);

const sharedBytes = new Uint8Array(16).fill(7).buffer;
const shared = { twice: [1] };

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
    fc.constantFrom<unknown>(
      new URL('https://a.b'),
      new Headers({ a: 'b' }),
      shared,
      new RangeError('m'),
      Symbol.iterator,
      Math.max,
      /a/g,
      Buffer.from('abc'),
    ),
  ],
});

const plain = { noNullPrototype: true } as const;
/** Values of one shape, which is of any sort that rows may have, and now and then of one that they may not. */
const { shape } = fc.letrec<{ shape: fc.Arbitrary<unknown> }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<fc.Arbitrary<unknown>>(
      fc.double(),
      fc.integer(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(undefined, null, -0, Number.NaN, true),
      fc.bigInt(),
      fc.date({ noInvalidDate: false }),
      fc.constant(shared),
      fc.constantFrom<unknown>(new Map([[1, 2]]), Buffer.from('abc'), new Price(1)),
    ),
    tie('shape').map((element) => fc.array(element, { maxLength: 4 })),
    tie('shape').map((member) => fc.option(member, { nil: null })),
    fc
      .dictionary(fc.string({ maxLength: 5 }), tie('shape'), { minKeys: 1, maxKeys: 4 })
      .map((members) => fc.record(members, plain)),
  ),
}));

const tables = shape.chain((member) => {
  return fc.array(fc.record({ id: fc.integer(), member }, plain), { minLength: 64, maxLength: 70 });
});

const trees = fc.tuple(shape, shape).chain(([element, member]) => {
  const list = fc.array(fc.array(element, { maxLength: 4 }), { minLength: 64, maxLength: 70 });
  return fc.record({ type: fc.string(), of: fc.record({ list, again: list, member }, plain) }, plain);
});
