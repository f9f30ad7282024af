import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { HeddleError, UsageError } from '../../src/lib/heddle-error.ts';
import { sendable } from '../../src/values/travels.ts';
import { RemoteError, type ThrownRecord, ThrownValueError } from '../../src/values/error-record.ts';
import { encodeThrown } from '../../src/values/thrown.ts';
import { decodeThrown } from '../../src/values/thrown-again.ts';
import { registerError, registerType } from '../../src/values/types.ts';
import { HttpError, Money, hostile } from './value-table.ts';

test('errors of the language are instances of their class again', () => {
  for (const type of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const thrown = new type('went wrong');

    const error = arrived(thrown);

    assert.ok(error instanceof type);
    assert.deepStrictEqual(error, thrown);
    assert.equal(error.stack, thrown.stack);
  }
});

test('the stack that arrives is the one of the place that threw', () => {
  assert.match(arrived(new Error('here')).stack ?? '', /Error: here\n\s+at .*thrown\.test\.ts/);
});

test('a class that is not known arrives by its names, with its fields [D075]', () => {
  const error = arrived(
    Object.assign(new HttpError('down'), { code: 'E_DOWN', at: new Date(5), rest: -0, no: undefined }),
  );

  assert.ok(error instanceof RemoteError);
  assert.deepEqual(error.remoteClass, ['HttpError', 'Error']);
  assert.deepStrictEqual(Object.fromEntries(Object.entries(error)), {
    remoteClass: ['HttpError', 'Error'],
    code: 'E_DOWN',
    status: 503,
    at: new Date(5),
    rest: -0,
    no: undefined,
  });
});

test('fields that cannot travel are named [N05]', () => {
  const error = arrived(
    Object.assign(new Error('m'), { request: new Socket(), retry: () => 1, url: '/x', text: 'x'.repeat(70_000) }),
  );

  const { retry, ...others } = Reflect.get(error, 'notSent') as Record<string, string>;
  assert.match(retry ?? '', /^is a function .*: functions are code, not data\. Fix: send the data/);
  assert.deepEqual(others, {
    request:
      'is a Socket (node:net): a live connection belongs to the process that opened it. Fix: give it to tasks as a ' +
      'resource, which each thread opens for itself: resourceManager() (docs/resources.md)',
    text:
      'is a string of 70,000 characters: an error takes along 64 KB a field, and 1 MB in all. Fix: write it to ' +
      'storage, and let the error say where',
  });
  assert.equal(Reflect.get(error, 'url'), '/x');
});

test('a cause arrives, and the cause of the cause', () => {
  const error = arrived(new TypeError('a', { cause: new RangeError('b', { cause: { reason: 'c' } }) }));

  assert.ok(error.cause instanceof RangeError);
  assert.deepEqual(error.cause.cause, { reason: 'c' });
});

test('a cause of undefined is a cause', () => {
  assert.ok(Object.hasOwn(arrived(new Error('m', { cause: undefined })), 'cause'));
});

test('an AggregateError keeps what it gathered, up to 50 [N02]', () => {
  const thrown = new AggregateError(
    Array.from({ length: 60 }, (_, index) => new TypeError(`${index}`)),
    'all',
  );

  const error = arrived(thrown);

  assert.ok(error instanceof AggregateError);
  assert.equal(error.errors.length, 51);
  assert.ok(error.errors[0] instanceof TypeError);
  assert.equal(Reflect.get(error.errors[50] as object, 'message'), '[and 10 more]');
});

test('plain findings in a field called errors stay what they are', () => {
  assert.deepEqual(Reflect.get(arrived(Object.assign(new Error('m'), { errors: [{ path: '/a' }] })), 'errors'), [
    { path: '/a' },
  ]);
});

test('a SuppressedError keeps both of its errors', () => {
  const error = arrived(new SuppressedError(new TypeError('a'), new RangeError('b'), 'm'));

  assert.ok(error instanceof SuppressedError);
  assert.ok(error.error instanceof TypeError);
  assert.ok(error.suppressed instanceof RangeError);
});

test('a DOMException keeps its name and its number', () => {
  const error = arrived(new DOMException('stopped', 'AbortError'));

  assert.ok(error instanceof DOMException);
  assert.deepEqual([error.name, error.code, error.message], ['AbortError', 20, 'stopped']);
});

test("Heddle's own errors stay what they are, over more than one way", () => {
  const error = arrived(arrived(new HeddleError('SOME_CODE', 'm', { cause: new Error('c'), port: 80 })));
  const usage = arrived(new UsageError('BAD_OPTION', 'm', { option: 'x' }));
  const value = arrived(arrived({ reason: 'x' }));
  const remote = arrived(arrived(new HttpError('m')));

  assert.ok(error instanceof HeddleError && usage instanceof UsageError);
  assert.deepEqual([error.code, Reflect.get(error, 'port'), (error.cause as Error).message], ['SOME_CODE', 80, 'c']);
  assert.deepEqual([usage.code, usage.name, Reflect.get(usage, 'option')], ['BAD_OPTION', 'TypeError', 'x']);
  assert.ok(value instanceof ThrownValueError);
  assert.deepEqual(value.value, { reason: 'x' });
  assert.ok(remote instanceof RemoteError);
  assert.deepEqual(remote.remoteClass, ['HttpError', 'Error']);
});

test('the error about a value that cannot travel can itself travel', () => {
  let thrown: unknown;
  try {
    sendable({ a: Symbol('s') }, { role: 'result', task: 't' });
  } catch (error) {
    thrown = error;
  }

  const error = arrived(thrown);

  assert.ok(error instanceof HeddleError);
  assert.deepEqual(
    [error.name, error.code, Reflect.get(error, 'path')],
    ['NotSerializableError', 'VALUE_NOT_SERIALIZABLE', 'result.a'],
  );
});

test('what is thrown and is no error is told and kept', () => {
  const cases: [thrown: unknown, what: string, told: string, again: string][] = [
    ["it's", 'a string', `"it's"`, `"it's"`],
    ['x'.repeat(101), 'a string', `'${'x'.repeat(101)}'`, '…'],
    [undefined, 'undefined', 'undefined', '…'],
    [-0, 'a number', '-0', '…'],
    [{ reason: 'x', n: 1n }, 'an Object', `{ reason: 'x', n: 1n }`, '…'],
  ];
  for (const [thrown, what, told, again] of cases) {
    const error = arrived(thrown);

    assert.ok(error instanceof ThrownValueError);
    const remedy = `Write throw new Error(${again}), which also says where it was thrown.`;
    assert.equal(error.message, `a task threw ${what}, not an Error: ${told}. ${remedy}`);
    assert.deepStrictEqual([error.code, error.value], ['THREW_NON_ERROR', thrown]);
  }
});

test('what is thrown, is no error and cannot travel is told', () => {
  for (const thrown of [Symbol('s'), (): number => 1, new Socket(), new Proxy({}, hostile), Promise.resolve(1)]) {
    const error = arrived(thrown);

    assert.ok(error instanceof ThrownValueError);
    assert.ok(!('value' in error));
    assert.match(error.message, /^a task threw a .+, not an Error: /);
  }
});

test('what cannot be made again of a thrown value costs nothing but itself', () => {
  const value = arrived(new Spoiled());
  const cause = arrived(new TypeError('m', { cause: new Spoiled() }));
  const inside = arrived(new TypeError('m', { cause: { in: new Spoiled() } }));
  const several = arrived(new AggregateError([new RangeError('a'), new Spoiled()], 'm')) as AggregateError;

  assert.ok(value instanceof ThrownValueError && !('value' in value));
  assert.match(
    value.message,
    /^a task threw a Spoiled .* cannot be made again here: the decode\(\) .* threw .*no luck/,
  );
  assert.equal((value.cause as { code?: string }).code, 'TYPE_CODEC_FAILED');
  for (const [error, step] of [
    [cause, 'cause'],
    [inside, 'cause'],
    [several, 'errors[1]'],
  ] as const) {
    assert.deepEqual([error.message, error.stack?.includes('thrown.test.ts')], ['m', true]);
    assert.match((error as { notSent?: Record<string, string> }).notSent?.[step] ?? '', /no luck/);
  }
  assert.ok(cause instanceof TypeError && several.errors[0] instanceof RangeError);
});

test('what an error holds travels by the rules of other values, and what is lost of it is told', () => {
  const given = Object.assign(new Error('x'.repeat(70_000)), {
    groups: 'ab'.match(/(?<q>b)/)!.groups,
    row: new Money(1),
    [Symbol('trace')]: 1,
  });

  const error = arrived(given) as Error & { groups: object; row: object; notSent: Record<string, string> };

  assert.deepEqual([{ ...error.groups }, { ...error.row }], [{ q: 'b' }, { currency: 'CHF' }]);
  assert.deepEqual(Object.keys(error.notSent), ['Symbol(trace)', 'message', 'row']);
  assert.match(error.notSent['row']!, /^is a Money \(class instance\): it arrives as a plain object/);
});

test('a message, name or code that no text can say arrives as it is', () => {
  const error = arrived(Object.assign(new Error('m'), { name: 7, message: { a: 1 }, code: '\ud800' }));

  assert.deepEqual([error.name, error.message, (error as { code?: unknown }).code], [7, { a: 1 }, '\ud800']);
});

test('a registered decode that gives no error leaves the error as it was, and says so', () => {
  class Late extends Error {}
  registerError(Late, { decode: () => Promise.reject(new Error('late')) as unknown as Late });

  const error = arrived(new Late('m'));

  assert.ok(error instanceof RemoteError);
  assert.match(
    (error as { notRebuilt?: string }).notRebuilt ?? '',
    /gave a Promise: it must return the error, at once/,
  );
  const asyncCodec = { decode: (async () => new Late()) as never };
  assert.throws(() => registerError(Late, asyncCodec), { code: 'INVALID_OPTION', message: /got an async one/ });
});

test('an error of another realm is an error here', () => {
  assert.ok(arrived(runInNewContext('new RangeError("far")')) instanceof RangeError);
});

test('an error whose every part throws still arrives [D075]', () => {
  const thrown = new Error('m');
  for (const key of ['message', 'stack', 'name', 'cause', 'code', 'errors', 'more'])
    Object.defineProperty(thrown, key, throwing);

  const error = arrived(thrown);

  const told = 'is a getter that threw: no: reading it runs code, which failed. Fix: mend the getter';
  assert.match(error.message, /reading \.message threw: no/);
  assert.deepEqual(Reflect.get(error, 'notSent'), { cause: told, code: told, errors: told, more: told });
});

test('what a getter of an error gives is what arrives, and a cause whose getter throws is told', () => {
  const told = 'is a getter that threw: no: reading it runs code, which failed. Fix: mend the getter';
  for (const enumerable of [true, false]) {
    const asGetter = (get: () => unknown) => ({ get, enumerable, configurable: true });
    const parts = { message: asGetter(() => 'given'), cause: asGetter(() => new RangeError('why')) };
    const error = arrived(Object.defineProperties(new Error('m'), parts));
    const silent = arrived(Object.defineProperty(new Error('m'), 'cause', { ...throwing, enumerable }));

    assert.equal(error.message, 'given');
    assert.ok(error.cause instanceof RangeError && error.cause.message === 'why');
    assert.ok(!('notSent' in error) && !('cause' in silent));
    assert.deepEqual(Reflect.get(silent, 'notSent'), { cause: told });
  }
});

test('a RemoteError that somebody made arrives as what it says, whatever it says of its classes', () => {
  class OwnError extends RemoteError {}

  const errors = [new OwnError('m'), Object.assign(new RemoteError('m'), { remoteClass: [1] })].map(arrived);

  const classes = errors.map((error) => [error.message, (error as RemoteError).remoteClass[0]]);
  assert.deepEqual(classes, [['m', 'OwnError'], ['m', 'RemoteError']]); // prettier-ignore
});

test('a list in a field arrives with its holes and names, and what it has under symbols is told', () => {
  const thrown = Object.assign(new Error('m'), {
    // oxlint-disable-next-line no-sparse-arrays -- holes are tested
    list: Object.assign([1, , undefined], { note: 'x', [Symbol('s')]: 1 }),
  });

  const { list, notSent } = arrived(thrown) as unknown as Record<string, unknown>;

  // oxlint-disable-next-line no-sparse-arrays -- holes are tested
  assert.deepStrictEqual(list, Object.assign([1, , undefined], { note: 'x' }));
  assert.deepEqual(notSent, {
    list: 'has [Symbol(s)], which is a symbol-keyed property: symbol keys are dropped. Fix: use a string as the key',
  });
});

test('of a list of errors, all but the errors is told to be lost', () => {
  class Errors extends Array<Error> {}
  const inner = new RangeError('r');
  // oxlint-disable-next-line no-sparse-arrays -- holes are tested
  const lists = [[inner, , inner], Object.assign([inner], { note: 'x' }), Object.assign([inner], { [Symbol('s')]: 1 })];
  for (const errors of [...lists, Errors.of(inner)]) {
    const error = arrived(Object.assign(new AggregateError([], 'm'), { errors })) as AggregateError;

    assert.ok(error.errors[0] instanceof RangeError);
    assert.equal(error.errors.length, errors.length);
    const { notSent } = error as AggregateError & { notSent: { errors: string } };
    assert.match(notSent.errors, /^is a list with holes, other keys or a class of its own: /);
  }
  assert.ok(!('notSent' in arrived(new AggregateError([inner], 'm'))));
});

test('what inherits from a Proxy, or has a class with a hostile name, arrives', () => {
  class Hostile extends Error {
    static override get name(): string {
      throw new Error('no');
    }
  }
  const parent = Object.setPrototypeOf(new Error('child'), new Proxy(Error.prototype, hostile)) as unknown;

  assert.equal(arrived(new Hostile('m')).message, 'm');
  assert.ok(arrived(parent) instanceof Error);
});

test('an error that is there twice arrives twice, since that is no cycle', () => {
  const shared = new TypeError('shared');

  const error = arrived(new AggregateError([shared, shared], 'm', { cause: shared })) as AggregateError;

  for (const each of [...(error.errors as unknown[]), error.cause]) assert.ok(each instanceof TypeError);
});

test('a code that is no plain number is kept exactly', () => {
  for (const code of [-0, 1.5, 5n, 'E', 404])
    assert.ok(Object.is(Reflect.get(arrived(Object.assign(new Error('m'), { code })), 'code'), code));
});

test('a cycle of causes ends where it began', () => {
  const thrown = new Error('a');
  thrown.cause = new Error('b', { cause: thrown });

  const { cause } = arrived(thrown).cause as Error;

  assert.equal((cause as Error).message, '[circular: a]');
});

test('causes arrive eight levels deep', () => {
  let thrown = new Error('0');
  for (let level = 1; level < 20; level += 1) thrown = new Error(`${level}`, { cause: thrown });

  let levels = 0;
  for (let error: unknown = arrived(thrown); error instanceof Error; error = error.cause) levels += 1;

  assert.equal(levels, 9);
});

test('huge texts are cut, and huge families of errors too', () => {
  const family = (depth: number): Error =>
    depth === 0
      ? new Error('leaf')
      : new AggregateError(
          Array.from({ length: 8 }, () => family(depth - 1)),
          'm',
        );

  const long = encodeThrown(Object.assign(new Error('x'.repeat(50_000_000)), { code: 'E' }));

  assert.ok(long.kind === 'error' && long.message.endsWith(' [and 49934464 more characters]'));
  assert.ok(serialize(long).length < 140_000);
  assert.ok(serialize(encodeThrown(family(5))).length < 4_000_000);
});

test('a record is the same after every codec, whatever was thrown', () => {
  fc.assert(
    fc.property(
      fc.anything({ withNullPrototype: true, withBigInt: true, withMap: true, withSparseArray: true }),
      (value) => {
        for (const thrown of [value, Object.assign(new Error(`${typeof value}\ud800`), { value, '\ud800': 1 })])
          arrived(thrown);
      },
    ),
    { numRuns: 500 },
  );
});

class Spoiled {
  readonly is = 1;
}
registerType(Spoiled, {
  tag: 'Spoiled',
  encode: () => 1,
  decode: () => {
    throw new RangeError('no luck');
  },
});

const throwing = {
  get(): never {
    throw new Error('no');
  },
};

/** Over every codec that a record may meet, and back. */
function arrived(thrown: unknown): Error {
  const record = encodeThrown(thrown);
  const packr = new Packr({ useRecords: false });
  assert.deepStrictEqual(packr.unpack(packr.pack(record)), record);
  assert.deepStrictEqual(deserialize(serialize(record)), record);
  assert.deepStrictEqual(JSON.parse(JSON.stringify(record)), record);
  return decodeThrown(packr.unpack(packr.pack(record)) as ThrownRecord);
}
