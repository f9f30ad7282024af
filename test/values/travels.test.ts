import assert from 'node:assert/strict';
import { Resolver } from 'node:dns';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { diagnose } from '../../src/values/diagnosis.ts';
import { type Destination, NotSerializableError, sendable } from '../../src/values/travels.ts';
import { DatabaseClient, HttpError, Money } from './value-table.ts';

test('an input that holds a client says whose it is, where, why, and what to do [S03]', () => {
  const text = textFor(
    { db: { pool: new DatabaseClient() } },
    { role: 'input', task: 'load', mapIndex: 3, name: 'model' },
  );

  assert.equal(
    text,
    `Task 'load' [map index 3] was given an input that cannot be sent to a worker.

  input 'model'.db.pool
    is a DatabaseClient (extends EventEmitter)

  Why: a live connection belongs to the process that opened it.
  Fix:
    - give it to tasks as a resource, which each thread opens for itself: resourceManager() (docs/resources.md)
    - or open it inside the task that uses it, and return the rows that it read`,
  );
});

test('a result that holds several says the nearest first', () => {
  const rows = [{ owner: Promise.resolve(1), done: (): void => undefined }, { 'full name': Symbol('x') }];

  assert.equal(
    textFor({ rows }, { role: 'result', task: 'score' }),
    `Task 'score' returned a value that cannot be sent back to the flow.

  result.rows[0].owner
    is a Promise

  Why: a Promise is a wait, not a value.
  Fix:
    - await it before you return or pass it on
    - for several: await Promise.all(promises)

  Also: result.rows[0].done is a function (test/values/travels.test.ts:…); result.rows[1]["full name"] is a symbol.`,
  );
});

test('a parameter says its name', () => {
  assert.equal(
    textFor(new Response('x'), { role: 'parameter', name: 'page' }),
    `Parameter 'page' has a value that cannot be sent to a worker.

  parameter 'page'
    is a Response

  Why: its content is kept by the platform, where a copy does not reach.
  Fix:
    - read it first: await value.text(), await value.json() or await value.bytes()`,
  );
});

test('the path leads through every container', () => {
  const value = { byId: new Map([['a', new Set([1, { sockets: [new Socket()] }])]]) };

  assert.equal(
    textFor(value, { role: 'constant', task: 'send', name: 'registry' }),
    `Task 'send' was given a constant that cannot be sent to a worker.

  constant 'registry'.byId.get("a").item(1).sockets[0]
    is a Socket (node:net)

  Why: a live connection belongs to the process that opened it.
  Fix:
    - give it to tasks as a resource, which each thread opens for itself: resourceManager() (docs/resources.md)
    - or open it inside the task that uses it, and return the rows that it read`,
  );
});

test('the text of what would arrive changed says how', () => {
  const texts = [new Money(5), new HttpError('m'), Object.create(null), { at: /a/g }].map((value) => {
    if (typeof value === 'object' && 'at' in value && value.at instanceof RegExp) value.at.lastIndex = 1;
    const [finding] = diagnose([value]).changed;
    return `${finding?.path} ${finding?.what}: ${finding?.why}`;
  });

  assert.deepEqual(texts, [
    '[0] is a Money (class instance): it arrives as a plain object, without its class and so without amount',
    '[0] is an HttpError (extends Error): it arrives as a RemoteError, since its class is not registered',
    '[0] is an object without a prototype: it arrives as an ordinary object, which inherits from Object.prototype',
    '[0].at is a RegExp with lastIndex 1: a regular expression arrives with lastIndex 0',
  ]);
});

test('an error carries its facts as fields', () => {
  const error = errorFor({ a: [() => 1] }, { role: 'result', task: 'score', mapIndex: 7 });

  assert.deepEqual(
    {
      name: error.name,
      code: error.code,
      role: error.role,
      task: error.task,
      mapIndex: error.mapIndex,
      path: error.path,
    },
    {
      name: 'NotSerializableError',
      code: 'VALUE_NOT_SERIALIZABLE',
      role: 'result',
      task: 'score',
      mapIndex: 7,
      path: 'result.a[0]',
    },
  );
  assert.equal(error.findings[0]?.kind, 'function');
  assert.ok(!('mapIndex' in errorFor(() => 1, { role: 'parameter', name: 'x' })));
});

test('what arrives changed is returned, what is exact is not mentioned', () => {
  assert.deepEqual(sendable({ a: [1] }, { role: 'result' }).changed, []);
  assert.deepEqual(
    sendable({ rows: [new Money(5)] }, { role: 'result' }).changed.map(({ path, kind }) => [path, kind]),
    [['.rows[0]', 'class']],
  );
});

test('one bad row among many is found', () => {
  const rows = Array.from({ length: 40_000 }, (_, index) => ({ index, cb: index === 31_234 ? (): number => 1 : null }));

  assert.equal(diagnose(rows).refused[0]?.path, '[31234].cb');
});

test('at most five findings are listed', () => {
  const nine = (make: (key: string) => unknown) =>
    Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`key${at}`, make(`key${at}`)]));
  const { refused, changed } = diagnose([nine(() => new Money(1)), nine(Symbol)]);

  assert.deepEqual([refused.length, changed.length], [5, 5]);
});

test('a thing that no table knows is found by asking the copier', () => {
  const { refused } = diagnose({ a: { b: [1, { names: new Resolver() }] } });

  assert.equal(refused[0]?.path, '.a.b[1].names._handle');
  assert.equal(refused[0].why, 'the copier refused it: Unserializable host object');
});

function textFor(value: unknown, destination: Destination): string {
  return errorFor(value, destination).message.replaceAll(/(\.ts):\d+/g, '$1:…');
}

function errorFor(value: unknown, destination: Destination): NotSerializableError {
  try {
    sendable(value, destination);
  } catch (error) {
    assert.ok(error instanceof NotSerializableError);
    return error;
  }
  throw new Error('it travels');
}
