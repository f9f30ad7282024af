import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { decodeValue, encodeValue } from '../../src/values/encode.ts';
import { registerType } from '../../src/values/types.ts';
import { NotSerializableError, describeChange, sendable, type Destination } from '../../src/values/travels.ts';
import { HttpError, Money } from './value-table.ts';

class Cache extends Map<string, Date> {}
class List extends Array<unknown> {}
class Sum {
  readonly of: number;
  constructor(of: number) {
    this.of = of;
  }
}
registerType(Sum, { tag: 'Sum', encode: ({ of }) => of, decode: (of: number) => new Sum(of) });

/** Whose own methods must not be asked. */
class Deaf extends Map<unknown, unknown> {
  override set(): never {
    throw new Error('set');
  }
  override entries(): never {
    throw new Error('entries');
  }
  override [Symbol.iterator](): never {
    throw new Error('iterator');
  }
}

const destination: Destination = { role: 'result', task: 't' };
const values: Readonly<Record<string, unknown>> = {
  'rows with a Money': { rows: [{ id: 1 }, { id: 2, price: new Money(995) }] },
  'an error of a class': { errors: [new HttpError('down')] },
  'an error with a function': { error: Object.assign(new Error('m'), { retry: () => 1 }) },
  'a subclass of Map': new Cache([['k', new Date(0)]]),
  'a symbol key': { [Symbol.for('meta')]: 1 },
  'an added property': Object.assign(new Date(0), { note: 1 }),
  'a Buffer': { body: Buffer.from('x') },
  'a getter': { get now() { return 1; }, a: 1 }, // prettier-ignore
  'groups of a match': 'ab12'.match(/(?<n>\d+)/),
  'an error of an instance': { of: Object.assign(new Money(5), { reason: new RangeError('m') }) },
  'a Map dressed up': Object.assign(Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype) as object, { id: 1 }),
  'good data': { a: [1, { b: new Date() }, new Map([[1, new Set([2])]])], u: new Uint8Array(3) },
};

test('what is plain in another realm, as test runners have one of their own, arrives as what it is, without a word', () => {
  const strict: Destination = { ...destination, check: 'strict' };

  for (const plain of ['[1]', '({ rows: [{ a: 1 }] })', 'new Map([[1, new Date(0)]])', 'new Uint8Array(2)']) {
    assert.deepEqual(sendable(runInNewContext(plain), strict).changed, []);
  }
  assert.throws(() => sendable(runInNewContext('class Money {} [new Money()]'), strict), {
    code: 'VALUE_WOULD_CHANGE',
  });
});

test('what is put on a URL or on headers, and does not arrive, is told', () => {
  for (const value of [new URL('https://a.b'), new URLSearchParams('a=1'), new Headers({ a: 'b' })]) {
    const { changed } = sendable(Object.assign(value, { note: 1, [Symbol('at')]: 2 }), destination);
    assert.deepEqual(
      changed.map(({ kind, why }) => [kind, why]),
      [['added-property', 'it arrives without note, Symbol(at)']],
    );
  }
});

test('a URL arrives as what it is, whatever it says of itself', () => {
  const url = Object.defineProperty(new URL('https://a.b/'), 'href', { value: 'https://c.d/', enumerable: true });

  const { value, changed } = sendable(url, destination);

  assert.equal((decodeValue(encodeValue(value)) as URL).href, 'https://a.b/');
  assert.deepEqual(
    changed.map(({ why }) => why),
    ['it arrives without href'],
  );
});

test('a property that was added is named, whatever it is', () => {
  const values = [Object.assign(Object('ab') as object, { 5: 'x' }), Object.defineProperty(/a/, 'at', { value: 1 })];

  const paths = values.map((value) => sendable(value, destination).changed.map(({ path }) => path));

  assert.deepEqual(paths, [['[5]'], ['.at']]);
});

const remote = 'it arrives as a RemoteError, since its class is not registered';
const register = (name: string) =>
  `register it: registerType(${name}, { tag, encode, decode }), in a module that both sides import`;

test('what arrives changed is told in one sentence: where, what, how, and what to do', () => {
  const texts = Object.entries(values).map(([name, value]) => {
    const { changed } = sendable(value, destination);
    return [
      name,
      ...changed.map((change) => describeChange(destination, change).replace(/\(test\/values\/.*:\d+\)/, '(here)')),
    ];
  });

  assert.deepEqual(texts, [
    [
      'rows with a Money',
      `result.rows[1].price of task 't' is a Money (class instance): it arrives as a plain object, without its class ` +
        `and so without amount. Fix: ${register('Money')}`,
    ],
    [
      'an error of a class',
      `result.errors[0] of task 't' is an HttpError (extends Error): ${remote}. Fix: call ` +
        `registerError(HttpError) in a module that both sides import`,
    ],
    [
      'an error with a function',
      `result.error of task 't' is an Error: not all of it arrives: .retry is a function ` +
        `(here): functions are code, not data. Fix: of .retry: send the data that the function needs`,
    ],
    [
      'a subclass of Map',
      `result of task 't' is a Cache (extends Map): it arrives as a plain Map, without its class. Fix: ` +
        register('Cache'),
    ],
    [
      'a symbol key',
      `result[Symbol(meta)] of task 't' is a symbol-keyed property: symbol keys are dropped. Fix: use a ` +
        `string as the key`,
    ],
    [
      'an added property',
      `result.note of task 't' is an added property: properties added to a Date are dropped. Fix: send it ` +
        `beside the value`,
    ],
    ['a Buffer'],
    ['a getter'],
    ['groups of a match'],
    [
      'an error of an instance',
      `result.of of task 't' is a Money (class instance): it arrives as a plain object, without its class ` +
        `and so without amount. Fix: ${register('Money')}`,
    ],
    [
      'a Map dressed up',
      `result of task 't' is an Object: it was made as something else and given another prototype; it arrives as a ` +
        `plain Map. Fix: send it as it was made, or plain data`,
    ],
    ['good data'],
  ]);
});

test('what is in a list or map of a class arrives as it would anywhere, and only the class is told of', () => {
  const list = Object.assign(new List(), { 0: new URL('http://a.b/'), 1: new Sum(3), length: 2, note: new Sum(4) });
  const map = Map.prototype.set.call(new Deaf(), new Sum(5), [list]);

  const { value, changed } = sendable(map, destination);

  assert.deepEqual(
    changed.map(({ path, what }) => [path, what]),
    [
      ['', 'is a Deaf (extends Map)'],
      ['.get(key 0)[0]', 'is a List (extends Array)'],
    ],
  );
  const there = [...(decodeValue(encodeValue(value)) as Map<Sum, [unknown[] & { note: Sum }]>)];
  const [[key, [[first, second, ...others]]]] = there as [[Sum, [unknown[] & { note: Sum }]]];
  assert.deepEqual([key, String(first), second, others], [new Sum(5), 'http://a.b/', new Sum(3), []]);
  assert.deepEqual(there[0]![1][0].note, new Sum(4));
});

test("an error of Node's own, of a class that it hides, arrives as what it passes for", () => {
  const errors = [
    () => process.kill(2 ** 30, 0),
    () => Buffer.from(5 as never),
    () => new URL('no url'),
    () => readFileSync('/not/here'),
  ].map(thrownBy);
  for (const error of errors) {
    const { value, changed } = sendable({ error }, destination);

    assert.deepEqual(changed, []);
    const { error: back } = decodeValue(encodeValue(value)) as { error: Error };
    assert.equal(back.constructor, error.constructor);
    assert.deepEqual(Object.fromEntries(Object.entries(back)), Object.fromEntries(Object.entries(error)));
  }
});

test('what the copier would accept and deliver dead is refused', () => {
  for (const value of [{ s: AbortSignal.timeout(1_000) }, new EventEmitter(), { f: process.stdin }]) {
    assert.throws(() => sendable(value, destination), NotSerializableError);
  }
});

test('the check of a destination decides what becomes of a change', () => {
  const value = { price: new Money(1) };

  assert.equal(sendable(value, destination).changed.length, 1);
  assert.deepEqual(sendable(value, { ...destination, check: 'off' }).changed, []);
  assert.throws(() => sendable(value, { ...destination, check: 'strict' }), {
    code: 'VALUE_WOULD_CHANGE',
    path: 'result.price',
    message: /^Task 't' returned a value that would arrive changed, and its check is 'strict'\.\n\n {2}result\.price\n/,
  });
  assert.deepEqual(sendable(/a/g, { ...destination, check: 'strict' }).changed, []);
});

function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  return assert.fail('nothing was thrown');
}
