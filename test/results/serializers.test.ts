import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { HeddleError, UsageError } from '../../src/lib/heddle-error.ts';
import type { Serializer } from '../../src/results/serializer.ts';
import { registerSerializer, sentNameOf, serializerOf } from '../../src/results/serializer-names.ts';
import { type CompressionFormat, serializers } from '../../src/results/serializers.ts';
import { isExact } from '../../src/values/exactness.ts';
import { anything, oddNumbers } from './stored-values.ts';

const { v8, json, msgpack, compressed } = serializers;
const formats: readonly CompressionFormat[] = ['gzip', 'deflate', 'brotli', 'zstd'];
const packed = formats.map((format) => compressed(v8, { format }));
const all: readonly Serializer[] = [v8, json, msgpack, ...packed];

for (const serializer of all) {
  test(`${serializer.name} gives back what it was given, or refuses it`, () => {
    fc.assert(
      fc.property(anything, (value) => {
        const bytes = bytesOf(serializer, value);
        if (bytes !== undefined) assertSame(serializer.deserialize(bytes), value);
      }),
      { numRuns: 500 },
    );
  });

  test(`${serializer.name} refuses bytes whose end is missing, wherever they were cut`, () => {
    const values = [42, -7.25, 'a text that is long enough', [1, 2, 3], { a: null, b: [true] }, 1_234_567];

    for (const value of values) {
      const bytes = serializer.serialize(value);
      // The line end of a JSON text is no part of a value, and only a number needs it.
      const isWhole = (length: number) =>
        serializer === json && length === bytes.length - 1 && typeof value !== 'number';
      for (let length = 0; length < bytes.length; length += 1) {
        if (!isWhole(length)) assert.throws(() => serializer.deserialize(bytes.subarray(0, length)), `${length} bytes`);
      }
    }
  });
}

test('v8 and its packed forms store whatever can travel exactly [P434]', () => {
  fc.assert(
    fc.property(anything, (value) => {
      for (const serializer of [v8, ...packed]) assert.equal(bytesOf(serializer, value) !== undefined, isExact(value));
    }),
    { numRuns: 200 },
  );
});

test('v8 notices any bit that was flipped', () => {
  const bytes = v8.serialize({ day: new Date(0), rows: [1, 2.5, 'three'] });

  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const damaged = Uint8Array.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => v8.deserialize(damaged), `bit ${bit}`);
  }
});

test('v8 keeps cycles, and what is in two places', () => {
  const shared = { n: 1 };
  const value: Record<string, unknown> = { a: shared, b: shared };
  value['self'] = value;

  const back = v8.deserialize(v8.serialize(value)) as typeof value;

  assert.equal(back['a'], back['b']);
  assert.equal(back['self'], back);
});

test('plain data is stored by all of them', () => {
  const plain = {
    rows: [{ id: 1, name: 'é\u0000 "x"', ok: true, none: null }],
    total: 1e300,
    '': [[]],
    deep: { a: { b: {} } },
  };

  for (const serializer of all) assert.deepEqual(serializer.deserialize(serializer.serialize(plain)), plain);
});

test('json stores exactly what JSON can say, and nothing that it would change', () => {
  fc.assert(
    fc.property(fc.oneof(anything, fc.jsonValue()), (value) => {
      const isKept = isDeepStrictEqual(throughJson(value), value);
      assert.equal(bytesOf(json, value) !== undefined, isKept && isExact(value));
    }),
    { numRuns: 2_000 },
  );
});

test('json writes one line of ordinary JSON', () => {
  assert.equal(Buffer.from(json.serialize({ a: [1, '\ud800'] })).toString(), '{"a":[1,"\\ud800"]}\n');
  assert.deepEqual(json.deserialize(Buffer.from(' { "a" : 1 } ')), { a: 1 });
});

test('json does not read bytes that are no text', () => {
  assert.throws(() => json.deserialize(Uint8Array.of(0x22, 0xff, 0x22)), TypeError);
});

test('json says where the value is, what it is, why it would change, and what to do [S14]', () => {
  const error = refusalOf(json, { rows: [{ id: 1, day: new Date(0) }] });

  assert.equal(error.code, 'VALUE_NOT_SERIALIZABLE');
  assert.equal(
    error.message,
    `The serializer 'json' cannot store this value as it is.

  value.rows[0].day
    is a Date

  Why: JSON has no such value.
  Fix:
    - use serializers.v8, which keeps it
    - or store plain data`,
  );
});

const cyclic: { next?: { at: unknown } } = {};
cyclic.next = { at: cyclic };

function sum(): number {
  return 1;
}

class Money {
  readonly amount = 5;
}

const losses: readonly [Serializer, unknown, string][] = [
  [json, undefined, 'value is undefined'],
  [json, { a: undefined }, 'value.a is undefined'],
  [json, [1, , 3], 'value[1] is a hole in an array'], // oxlint-disable-line no-sparse-arrays -- holes are tested
  [json, { a: { b: -0 } }, 'value.a.b is -0'],
  [json, [NaN], 'value[0] is NaN'],
  [json, [Infinity], 'value[0] is Infinity'],
  [json, 5n, 'value is a bigint'],
  [json, new Map([[1, 2]]), 'value is a Map'],
  [json, { s: new Set([1]) }, 'value.s is a Set'],
  [json, { '': { 'a b': /x/ } }, 'value[""]["a b"] is a RegExp'],
  [json, Buffer.from('x'), 'value is a Buffer'],
  [json, { total: sum }, 'value.total is a function'],
  [json, [Symbol('x')], 'value[0] is a symbol'],
  [msgpack, { total: sum }, 'value.total is a function'],
  [json, { toJSON: () => 1 }, 'value has a toJSON method'],
  [json, Object.defineProperty({}, 'toJSON', { value: () => 1 }), 'value has a toJSON method'],
  [json, { [Symbol('x')]: 1 }, 'value has symbol keys'],
  [json, /a/.exec('a'), 'value is an array with properties of its own'],
  [json, Object.assign(Array(300).fill(1), { unit: 'kg' }), 'value is an array with properties of its own'],
  [json, cyclic, 'value.next.at is a value that holds itself'],
  [json, new Proxy({}, {}), 'value is a Proxy'],
  [json, { get a() { throw new Error('no'); } }, 'value.a is a getter that threw: no'], // oxfmt-ignore
  [json, Promise.resolve(1), 'value is a Promise'],
  [json, new Money(), 'value is a Money (class instance)'],
  [msgpack, [-0], 'value[0] is -0'],
  [msgpack, '\ud800', 'value is a text that is not well-formed'],
  [msgpack, JSON.parse('{"__proto__":1}'), 'value.__proto__ has a key that would change'],
  [msgpack, 2n ** 64n, 'value is a bigint'],
  [msgpack, new Uint8Array(2), 'value is a Uint8Array'],
  [msgpack, new Map(), 'value is a Map'],
  [v8, { rows: [{ owner: Promise.resolve(1) }] }, 'value.rows[0].owner is a Promise'],
  [v8, [new Money()], 'value[0] is a Money (class instance)'],
  [compressed(v8, { format: 'zstd' }), { f: Symbol('f') }, 'value.f is a symbol'],
];

for (const [serializer, value, expected] of losses) {
  test(`${serializer.name}: ${expected}`, () => {
    const { message, path } = refusalOf(serializer, value);
    const [, , place, what] = message.split('\n');

    assert.equal(`${place!.trim()} ${what!.trim()}`, expected);
    assert.equal(path, place!.trim());
  });
}

test('of many places that cannot be stored, the refusal tells of the first, and names three more', () => {
  const value = { a: Symbol('a'), b: Symbol('b'), c: new WeakMap(), d: new WeakSet(), e: Symbol('e') };

  const { message } = refusalOf(v8, value);

  assert.match(message, /^  value\.a$\n    is a symbol$/m);
  assert.match(message, /^  Also: value\.b is a symbol; value\.c is a WeakMap; value\.d is a WeakSet\.$/m);
});

test('a value nested without end is refused, not a crash', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 20_000; level += 1) deep = { next: deep };

  for (const serializer of all) assert.match(refusalOf(serializer, deep).message, /nested more than 1,000 levels deep/);
});

test('what is shared over and over is looked at once', () => {
  const shared = Array.from({ length: 100 }, (_, n) => ({ n }));
  const value = Array.from({ length: 100 }, () => shared);

  for (const serializer of all) assert.deepEqual(serializer.deserialize(serializer.serialize(value)), value);
});

test('an object without a prototype comes back as an ordinary one', () => {
  const value = Object.assign(Object.create(null), { a: 1 }) as object;

  for (const serializer of all) assert.deepEqual(serializer.deserialize(serializer.serialize(value)), { a: 1 });
});

test('msgpack keeps odd numbers, undefined, dates and bigints', () => {
  const value = { odd: oddNumbers.slice(1), u: undefined, day: new Date(-1), big: [2n ** 64n - 1n, -(2n ** 63n), 1n] };

  assertSame(msgpack.deserialize(msgpack.serialize(value)), value);
});

test('what is read does not change with the bytes that it was read from', () => {
  for (const serializer of [v8, msgpack]) {
    const bytes = Uint8Array.from(serializer.serialize(Buffer.from('abc')));
    const back = serializer.deserialize(bytes) as Buffer;

    bytes.fill(0);

    assert.equal(back.toString(), 'abc');
  }
});

test('a packed value is smaller', () => {
  const value = Array.from({ length: 1_000 }, () => 'the same text');

  // The copier writes an array in one of two ways, by how V8 happens to hold it.
  for (const serializer of packed) assert.ok(serializer.serialize(value).length < v8.serialize(value).length / 4);
});

// Prefect also takes a pair of functions in place of a format; here that is a serializer of one's own.
test('a compressed serializer without a format, or with an unknown one, is refused at once [P274]', () => {
  assert.throws(
    () => compressed(v8, { format: 'gzp' as 'gzip' }),
    usage(/'gzip', 'deflate'.*got 'gzp'\. Did you mean 'gzip'\?/),
  );
  assert.throws(() => compressed(v8, {} as { format: 'gzip' }), usage(/got undefined/));
  assert.throws(() => Reflect.apply(compressed, undefined, [v8]), usage(/got undefined/));
  assert.throws(() => compressed({} as Serializer, { format: 'gzip' }), usage(/packs a serializer/));
  assert.throws(() => compressed(v8, { format: 'toString' as 'gzip' }), usage(/got 'toString'/));
});

test('a serializer is found again by its name, also when it is packed twice', () => {
  const twice = compressed(compressed(json, { format: 'gzip' }), { format: 'zstd' });

  assert.equal(twice.name, 'json+gzip+zstd');
  assert.deepEqual(serializerOf(twice.name).deserialize(twice.serialize([1])), [1]);
  for (const serializer of [v8, json, msgpack]) assert.equal(serializerOf(serializer.name), serializer);
});

test("a serializer of one's own is found once it is registered, under a name that is free", () => {
  const upper: Serializer = { ...json, name: 'upper' };
  assert.throws(() => sentNameOf(upper), {
    code: 'UNKNOWN_SERIALIZER',
    message: /'upper' is not registered.*registerSerializer/,
  });

  registerSerializer(upper);

  assert.equal(registerSerializer(upper), upper);
  assert.equal(sentNameOf(upper), 'upper');
  assert.equal(sentNameOf(compressed(upper, { format: 'gzip' })), 'upper+gzip');
  assert.throws(() => registerSerializer({ ...json, name: 'upper' }), usage(/another serializer called 'upper'/));
  assert.throws(() => registerSerializer({ ...json }), usage(/another serializer called 'json'/));
  assert.throws(() => registerSerializer({ ...json, name: 'a+b' }), usage(/the name 'a\+b'/));
  const impostor = compressed({ ...v8, name: 'json' }, { format: 'gzip' });
  assert.throws(() => sentNameOf(impostor), { code: 'UNKNOWN_SERIALIZER', message: /'json' is not registered/ });
  assert.throws(() => serializerOf('jsn'), { code: 'UNKNOWN_SERIALIZER', message: /Did you mean 'json'\?/ });
  assert.throws(() => serializerOf('json+zip'), { code: 'UNKNOWN_SERIALIZER' });
});

function bytesOf(serializer: Serializer, value: unknown): Uint8Array | undefined {
  try {
    return serializer.serialize(value);
  } catch (error) {
    assert.ok(error instanceof HeddleError && error.code === 'VALUE_NOT_SERIALIZABLE', String(error));
    return undefined;
  }
}

function refusalOf(serializer: Serializer, value: unknown): HeddleError & { readonly path?: string } {
  try {
    serializer.serialize(value);
  } catch (error) {
    assert.ok(error instanceof HeddleError);
    return error;
  }
  throw new Error('it was stored');
}

function throughJson(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return Symbol('no JSON');
  }
}

function assertSame(actual: unknown, expected: unknown): void {
  assert.ok(isDeepStrictEqual(actual, expected));
}

function usage(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof UsageError && error.code === 'INVALID_OPTION' && message.test(error.message);
}
