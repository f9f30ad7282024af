import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { HeddleError } from '../../src/lib/heddle-error.ts';
import { decodeColumn, decodeValue, encodeColumn, encodeValue } from '../../src/values/encode.ts';
import { isExact } from '../../src/values/exactness.ts';
import { Numbers, Pixels } from './value-table.ts';

const [copier, numbers, columns, constant] = [0, 1, 2, 3];

test('each column goes by the fastest codec that keeps it exact', () => {
  const all: [codec: number | undefined, column: unknown[]][] = [
    [constant, []],
    [constant, [undefined, undefined]],
    [constant, [null]],
    [constant, [false, false, false]],
    [copier, [true, false]],
    [numbers, [0, -0, Number.NaN, Infinity, 5e-324, 2 ** 53]],
    [copier, [1, 2n]],
    [copier, ['a', 'b']],
    [columns, fourTimes({ id: 1, name: 'a', at: undefined, big: 2n ** 70n, nothing: null })],
    [columns, fourTimes({ b: -0, 2: 'x', 'a b': '\ud800' })],
    [copier, [{ id: 1 }, { id: 2 }]],
    [copier, fourTimes({})],
    [copier, fourTimes({ nested: {} })],
    [copier, [...fourTimes({ a: 1, b: 2 }), { b: 2, a: 1 }]],
    [copier, [...fourTimes({ a: 1, b: 2 }), { a: 1 }]],
    [copier, [...fourTimes({ a: 1 }), { a: 1, b: 2 }]],
    [columns, [...fourTimes({ a: 1 }), null]],
    [copier, [...fourTimes({ a: 1 }), [1]]],
    [copier, fourTimes(JSON.parse('{"__proto__":1}'))],
  ];

  for (const [codec, column] of all) {
    const bytes = encodeColumn(column);
    assert.equal(bytes[0], codec);
    assert.deepStrictEqual(decodeColumn(bytes), column);
  }
});

test('numbers arrive however many there are, and none is made up where a block breaks off', () => {
  for (const count of [1, 511, 512, 513, 1_300]) {
    const column = Array.from({ length: count }, (_, index) => index + 0.5);
    const bytes = encodeColumn(column, [7]).subarray(1);

    assert.deepEqual(decodeColumn(bytes), column);
    assert.throws(() => decodeColumn(bytes.subarray(0, -3)), RangeError);
  }
});

test('the order of keys arrives', () => {
  const column = fourTimes({ z: 1, a: 2, 1: 3 });

  assert.deepEqual(
    decodeColumn(encodeColumn(column)).map((row) => Object.keys(row as object)),
    column.map(Object.keys),
  );
});

test('rows arrive as they were, whatever is in a column, and however often a row is there', () => {
  const row = (number: unknown) => ({ id: number, "it's": `"${String(number)}"`, 'a b': null, 7: -0 });
  const lists: unknown[][] = [
    Array.from({ length: 100 }, (_, index) => row(index)),
    Array.from({ length: 100 }, (_, index) => row(index < 90 ? index : `number ${index}`)),
    Array.from({ length: 100 }, (_, index) => row(index % 2 === 0 ? undefined : index)),
    Array.from({ length: 100 }, (_, index) => row(index % 10 === 0 ? NaN : -index)),
  ];
  for (const list of lists) {
    assert.deepEqual(decodeValue(encodeValue(list)), list);
    assert.deepEqual(decodeColumn(encodeColumn(list)), list);
  }

  const shared = row(1);
  const twice = decodeValue(encodeValue(Array.from({ length: 100 }, () => shared))) as unknown[];

  assert.equal(new Set(twice).size, 1);
});

test('rows are put together where Node makes no code of texts', () => {
  const list = Array.from({ length: 100 }, (_, index) => ({ index, text: 'here' }));
  const encode = new URL('../../src/values/encode.ts', import.meta.url).href;
  const script =
    `import { decodeValue } from '${encode}';` +
    `process.stdout.write(JSON.stringify(decodeValue(Buffer.from(process.argv[1], 'base64'))));`;
  const args = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];

  const said = execFileSync(process.execPath, [...args, Buffer.from(encodeValue(list)).toString('base64')]);

  assert.deepEqual(JSON.parse(said.toString()), list);
});

test('a block owns its memory, and a small view of a large buffer travels alone', () => {
  const secret = Buffer.from('a secret in the same pool');
  const column = [Buffer.from('abc'), new Uint8Array(1 << 20).subarray(5, 9), new DataView(secret.buffer, 0, 2)];

  for (const bytes of [
    encodeColumn(column),
    encodeColumn([1, 2]),
    encodeColumn([null]),
    encodeColumn(fourTimes({ a: 1 })),
  ]) {
    assert.equal(bytes.buffer.byteLength, bytes.byteLength);
    assert.ok(bytes.length < 200);
    assert.ok(!Buffer.from(bytes).includes('secret'));
  }
});

test('whatever a view calls itself, its bytes arrive in one of the class that made it', () => {
  const named = Object.defineProperty(new Uint16Array([1, 2, 3]), Symbol.toStringTag, { value: 'Uint8Array' });
  for (const value of [new Pixels([1, 2, 3]), new Numbers([1, 2, 3]), named]) {
    const back = decodeValue(encodeValue(value)) as Uint8Array;

    assert.deepStrictEqual(back, value === named ? new Uint16Array([1, 2, 3]) : new Uint8Array([1, 2, 3]));
  }
});

test('whatever a view says of its memory, its own bytes arrive', () => {
  class Window extends Uint8Array {
    override get byteLength(): number {
      return 1;
    }
  }
  const other = { value: new Uint8Array([9, 9, 9, 9]).buffer };
  for (const make of [() => new Window([1, 2, 3]), () => new DataView(new Uint8Array([1, 2, 3]).buffer)]) {
    for (const value of [make(), Object.defineProperty(make(), 'buffer', other)]) {
      const back = decodeValue(encodeValue(value)) as DataView | Uint8Array;

      assert.deepEqual(new Uint8Array(back.buffer), new Uint8Array([1, 2, 3]));
    }
  }
});

test('what is decoded does not look into the message: neither sees what is written to the other', () => {
  const column = [
    Buffer.from('abc'),
    new Uint8Array([1, 2]),
    new Float64Array([1.5]),
    new DataView(new ArrayBuffer(2)),
  ];
  const bytes = encodeColumn(column);

  for (const view of decodeColumn(bytes) as NodeJS.ArrayBufferView[]) {
    assert.equal(view.buffer.byteLength, view.byteLength);
    new Uint8Array(view.buffer).fill(255);
  }

  assert.deepStrictEqual(decodeColumn(bytes), column);
});

test('a block is read at any offset, and out of shared memory', () => {
  for (const column of [[1.5, -0], fourTimes({ a: 1.5, b: '€' }), [new Float64Array([2.5])], ['€uro', 'x'], [null]]) {
    const bytes = encodeColumn(column);
    for (const offset of [1, 3, 8]) {
      const memory = new Uint8Array(new SharedArrayBuffer(bytes.length + offset), offset);
      memory.set(bytes);

      const decoded = decodeColumn(memory);

      memory.fill(0);
      assert.deepStrictEqual(decoded, column);
    }
  }
});

test('shared references and cycles are kept within a value', () => {
  const shared = { a: 1 };
  const value = { list: [shared, shared], map: new Map([[shared, shared]]) };

  const arrived = decodeValue(encodeValue(value)) as typeof value;

  assert.equal(arrived.list[0], arrived.list[1]);
  assert.equal([...arrived.map.keys()][0], arrived.list[0]);
});

test('a block of another version is an error that says so', () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array([9, 1, 2])]) {
    assert.throws(
      () => decodeColumn(bytes),
      (error) => error instanceof HeddleError && error.code === 'UNKNOWN_VALUE_CODEC',
    );
  }
});

test('what changed after it was looked at, and cannot be written any more, is told with a code', () => {
  let reads = 0;
  const value = { get next() { return reads++ === 0 ? 1 : () => 1; } }; // prettier-ignore
  assert.ok(isExact(value));

  assert.throws(() => encodeValue(value), {
    code: 'VALUE_NOT_SERIALIZABLE',
    message: / cannot be written: \(\) => 1 could not be cloned\. A getter /,
  });
});

function fourTimes(row: object): object[] {
  return [row, { ...row }, { ...row }, { ...row }].map((each) => Object.fromEntries(Object.entries(each)));
}
