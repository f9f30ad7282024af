import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { registerType } from 'heddle';
import { hashInputs } from '../../src/results/hash-inputs.ts';
import { decodeValue, encodeValue } from '../../src/values/encode.ts';
import { isExact } from '../../src/values/exactness.ts';
import { anything, oddNumbers } from './stored-values.ts';

const hashable = anything.filter(isExact);

test('a hash is 43 characters of base64url, and is the same in every version of the library', () => {
  const value = {
    name: 'a',
    rows: [1, -2.5, null, undefined, true, 7n],
    at: new Date(0),
    more: new Map([['k', new Set([1])]]),
  };

  assert.match(hashInputs(value), /^[\w-]{43}$/);
  assert.equal(hashInputs(value), 'LHT2dT3IQghsALIVTs2HjGw7ywVVnZ_kfTr-6l-U8wQ');
});

test('another process finds the same hash', () => {
  const module = new URL('../../src/results/hash-inputs.ts', import.meta.url).href;
  const script = `const { hashInputs } = await import('${module}');
    process.stdout.write(hashInputs({ rows: [{ id: 1, day: new Date(5) }], big: new Float64Array(3000) }));`;

  const hash = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });

  assert.equal(hash, hashInputs({ big: new Float64Array(3_000), rows: [{ day: new Date(5), id: 1 }] }));
});

test('a copy has the hash of the original', () => {
  fc.assert(
    fc.property(hashable, (value) => {
      assert.equal(hashInputs(decodeValue(encodeValue(value))), hashInputs(value));
    }),
    { numRuns: 1_000 },
  );
});

test('two values have one hash exactly when they are deeply equal', () => {
  fc.assert(
    fc.property(small, small, (a, b) => {
      assert.equal(hashInputs(a) === hashInputs(b), isDeepStrictEqual(a, b));
    }),
    { numRuns: 20_000 },
  );
});

test('the order of keys does not count, in objects, and in Maps and Sets of primitives', () => {
  const entries = fc.uniqueArray(fc.tuple(fc.oneof(fc.string(), fc.integer()), small), {
    selector: ([key]) => String(key),
  });
  fc.assert(
    fc.property(entries, fc.infiniteStream(fc.nat()), (items, chance) => {
      const shuffled = items.map((item) => ({ item, at: chance.next().value! })).sort((a, b) => a.at - b.at);
      const others = shuffled.map(({ item }) => item);

      assert.equal(hashInputs(new Map(others)), hashInputs(new Map(items)));
      assert.equal(hashInputs(new Set(others.map(([key]) => key))), hashInputs(new Set(items.map(([key]) => key))));
      assert.equal(hashInputs(Object.fromEntries(others)), hashInputs(Object.fromEntries(items)));
    }),
  );
});

test('what looks alike is told apart', () => {
  const bytes = Uint8Array.of(1, 2);
  const groups: readonly (readonly unknown[])[] = [
    [undefined, null, true, false, 'undefined', 'null', 'true', '', 0, ...oddNumbers, 1, '1', 1n, '1n', -1n],
    // oxlint-disable-next-line no-sparse-arrays -- a hole is no undefined
    [[], {}, [[]], [{}], [undefined], [null], [, ,], [,], { 0: 1 }, [1], ['1'], { a: undefined }, { a: null }],
    [{ a: 1, b: 2 }, { a: 2, b: 1 }, { ab: 12 }, { a: { b: 1 } }, [['a', 1]], ['ab', 'c'], ['a', 'bc']],
    [new Map(), new Set(), new Map([[1, 2]]), new Map([['1', 2]]), new Set([1]), new Set(['1']), new Set([[1]])],
    [new Date(0), new Date(1), new Date(Number.NaN), '1970-01-01T00:00:00.000Z', /a/, /a/g, /b/],
    [bytes, Buffer.from(bytes), bytes.buffer, new Int8Array(bytes), new DataView(bytes.buffer), new Uint16Array([513])],
    [new Error('a'), new TypeError('a'), new Error('b'), new Error('a', { cause: 1 }), Object(1), Object('1')],
    ['\ud800', '\udfff', '\ufffd', 'é', 'e\u0301', 'x'.repeat(5_000)],
    ['x'.repeat(5_001), Array.from('x'.repeat(5_000))],
    [new Uint8Array(5_000), new Uint8Array(5_001), new Uint8Array(1_024), new Uint8Array(1_025), Array(1e6).fill(0)],
    [/a/.exec('a'), ['a'], [4, 'a', 'index']],
    [named(65, 'kg'), named(65, 'lb'), named(65), named(300, 'kg'), named(300, 'lb'), named(300)],
    [new Trace(1), new Trace(2)],
  ];
  const values = groups.flat(1);

  const hashes = new Map(values.map((value) => [hashInputs(value), value]));

  assert.equal(hashes.size, values.length);
});

function named(length: number, unit?: string): number[] {
  return Object.assign(Array<number>(length).fill(1), unit !== undefined && { unit });
}

/** What it is made of is called like parts of an error. */
class Trace {
  readonly stack: number;
  constructor(stack: number) {
    this.stack = stack;
  }
}
registerType(Trace, {
  tag: 'trace',
  encode: ({ stack }) => ({ classes: [], stack }),
  decode: ({ stack }: { stack: number }) => new Trace(stack),
});

test('an array of four thousand million holes takes no time', () => {
  const sparse: number[] = [];
  sparse[4_000_000_000] = 1;

  assert.notEqual(hashInputs(sparse), hashInputs([1]));
});

test('it does not count whether two parts are one object, whatever their size', () => {
  for (const length of [1, 100, 5_000]) {
    const rows = () => Array.from({ length }, (_, id) => ({ id }));
    const shared = rows();

    assert.equal(hashInputs([shared, { a: shared }, shared]), hashInputs([rows(), { a: rows() }, rows()]));
  }
});

test('what is shared over and over is read once', () => {
  let value: unknown = [1];
  for (let level = 0; level < 60; level += 1) value = [value, value];

  assert.match(hashInputs(value), /^[\w-]{43}$/);
});

test('a value that holds itself has a hash, in time that follows its size', () => {
  const ring = (length: number) => {
    const nodes = Array.from({ length }, (_, id) => ({ id, others: [] as unknown[] }));
    for (const node of nodes) node.others = nodes;
    return nodes;
  };

  assert.equal(hashInputs(ring(500)), hashInputs(ring(500)));
  assert.notEqual(hashInputs(ring(500)), hashInputs(ring(499)));
  assert.equal(hashInputs(decodeValue(encodeValue(ring(20)))), hashInputs(ring(20)));
});

test('which part a value holds of itself counts', () => {
  const parent: Record<string, unknown> = { at: { up: undefined } };
  const child: Record<string, unknown> = { at: { up: undefined } };
  parent['at'] = { up: parent };
  const inner: Record<string, unknown> = {};
  inner['up'] = inner;
  child['at'] = inner;

  assert.notEqual(hashInputs(parent), hashInputs(child));
});

test('a long text or much memory is read in parts, and any of it counts', () => {
  const text = 'x'.repeat(3_000_000);
  const memory = new Uint8Array(3_000_000);
  const changed = memory.slice();
  changed[2_999_999] = 1;

  assert.notEqual(hashInputs({ text }), hashInputs({ text: `${text.slice(1)}y` }));
  assert.notEqual(hashInputs([memory]), hashInputs([changed]));
  assert.equal(hashInputs([memory]), hashInputs([memory.slice()]));
});

test('a nesting as deep as what can travel is no trouble', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 900; level += 1) deep = [{ level, text: 'x'.repeat(100) }, deep];

  assert.match(hashInputs(deep), /^[\w-]{43}$/);
});

test('a small view counts as what it shows, not as the buffer behind it', () => {
  const pool = Buffer.from('a long text');

  assert.equal(hashInputs(pool.subarray(2, 6)), hashInputs(Buffer.from('long')));
});

test('a value whose content is out of sight has no hash, and the error says where', () => {
  class Secretive {
    readonly #amount = 1;
    get amount() {
      return this.#amount;
    }
  }

  assert.throws(() => hashInputs({ pay: [new Secretive()] }), {
    code: 'VALUE_NOT_SERIALIZABLE',
    path: 'value.pay[0]',
    message: /^This value cannot be told from others by its content\.\n\n {2}value\.pay\[0\]\n {4}is a Secretive /,
  });
  assert.throws(() => hashInputs(() => 1), { code: 'VALUE_NOT_SERIALIZABLE', path: 'value' });
});

/** Few values, so that two are often equal; each of them as it is written most plainly. */
const { small } = fc.letrec<{ small: unknown }>((tie) => ({
  small: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(0, -0, 1, Number.NaN, '', 'a', null, undefined, true, 0n, '0'),
    fc.array(tie('small'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0'), tie('small'), { maxKeys: 2, noNullPrototype: true }),
    fc.array(fc.constantFrom<unknown>(0, 1, 'a', null), { maxLength: 2 }).map((items) => new Set(items)),
    fc
      .array(fc.tuple(fc.constantFrom<unknown>(0, '0', 'a'), tie('small')), { maxLength: 2 })
      .map((items) => new Map(items)),
    fc.constantFrom(0, 1).map((time) => new Date(time)),
    fc.uint8Array({ maxLength: 1, max: 1 }),
  ),
}));
