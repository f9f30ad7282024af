import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open, opendir } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { pino } from 'pino';
import winston from 'winston';
import { diagnose } from '../../src/values/diagnosis.ts';
import { NotSerializableError, sendable } from '../../src/values/travels.ts';
import { badValues } from './bad-values.ts';

const texts: ReadonlyMap<string, string> = new Map([
  [
    'a pool in an input',
    `Task 'load' [map index 3] was given an input that cannot be sent to a worker.

  input 'db'.pool
    is a BoundPool (pg …)

  Why: a live connection belongs to the process that opened it.
  Fix:
    - give it to tasks as a resource, which each thread opens for itself: resourceManager() (docs/resources.md)
    - or open it inside the task that uses it, and return the rows that it read`,
  ],
  [
    'a Response',
    `Task 'download' returned a value that cannot be sent back to the flow.

  result.res
    is a Response

  Why: its content is kept by the platform, where a copy does not reach.
  Fix:
    - read it first: await value.text(), await value.json() or await value.bytes()`,
  ],
  [
    'a Promise within',
    `Task 'enrich' [map index 7] returned a value that cannot be sent back to the flow.

  result.rows[0].owner
    is a Promise

  Why: a Promise is a wait, not a value.
  Fix:
    - await it before you return or pass it on
    - for several: await Promise.all(promises)`,
  ],
  [
    'an async generator',
    `Task 'pages' returned a value that cannot be sent back to the flow.

  result
    is a generator

  Why: an iterator is paused code.
  Fix:
    - collect it first: [...iterator] or await Array.fromAsync(iterator)`,
  ],
  [
    'a class with a callback',
    `Task 'sync' was given an input that cannot be sent to a worker.

  input 'repo'.log
    is a function (test/values/bad-values.ts:…)

  Why: functions are code, not data.
  Fix:
    - send the data that the function needs
    - or import the function inside the task that calls it`,
  ],
  [
    'a cycle, and a function in a Map',
    `Task 'tree' returned a value that cannot be sent back to the flow.

  result.kids[0].meta.get("onDone")
    is a function (test/values/bad-values.ts:…)

  Why: functions are code, not data.
  Fix:
    - send the data that the function needs
    - or import the function inside the task that calls it`,
  ],
  [
    'a Proxy',
    `Task 'query' was given an input that cannot be sent to a worker.

  input 'prisma'.prisma
    is a Proxy

  Why: a Proxy runs code on every access, so it is not looked into.
  Fix:
    - send the plain object behind it
    - if it is a client: give it to tasks as a resource (docs/resources.md)`,
  ],
  [
    'a getter that throws',
    `Task 'lazy' returned a value that cannot be sent back to the flow.

  result[1].total
    is a getter that threw: not loaded

  Why: reading this property runs code, which failed.
  Fix:
    - fix the getter, or leave the property out`,
  ],
  [
    'a stream of a file',
    `Task 'open' returned a value that cannot be sent back to the flow.

  result.file
    is a ReadStream (node:fs)

  Why: a stream is tied to its file, socket or producer.
  Fix:
    - read it to the end and send the bytes or rows
    - or write it to storage and send the path`,
  ],
  [
    'one bad row in 40,000',
    `Task 'rows' returned a value that cannot be sent back to the flow.

  result[31234].cb
    is a function (test/values/bad-values.ts:…)

  Why: functions are code, not data.
  Fix:
    - send the data that the function needs
    - or import the function inside the task that calls it`,
  ],
  [
    'too deep',
    `Task 'list' returned a value that cannot be sent back to the flow.

  result.head.next
    is nested more than 1,000 levels deep

  Why: the copier recurses, and its stack has an end.
  Fix:
    - flatten it: a long linked list is better as an array
    - or leave out a getter that makes a new object each time it is read`,
  ],
  [
    'a response of axios',
    `Task 'http' returned a value that cannot be sent back to the flow.

  result.request
    is a ClientRequest (node:http)

  Why: a live connection belongs to the process that opened it.
  Fix:
    - give it to tasks as a resource, which each thread opens for itself: resourceManager() (docs/resources.md)
    - or open it inside the task that uses it, and return the rows that it read

  Also: result.config.transformRequest[0] is a function (test/values/bad-values.ts:…).`,
  ],
  [
    'memory of WebAssembly',
    `Task 'wasm' was given an input that cannot be sent to a worker.

  input 'mem'.inner.m
    is a WebAssembly.Memory

  Why: its content is kept by the platform, where a copy does not reach.
  Fix:
    - send the bytes or the path of the module, and compile it inside the task that uses it
    - of a memory, send a copy of what is in it: new Uint8Array(memory.buffer).slice()`,
  ],
  [
    'a client of ioredis',
    `Task 'cache' was given an input that cannot be sent to a worker.

  input 'redis'
    is a Commander (ioredis …)

  Why: a live connection belongs to the process that opened it.
  Fix:
    - give it to tasks as a resource, which each thread opens for itself: resourceManager() (docs/resources.md)
    - or open it inside the task that uses it, and return the rows that it read`,
  ],
  [
    'a timer',
    `Task 'poll' returned a value that cannot be sent back to the flow.

  result.handle
    is a Timeout (class instance)

  Why: a timer belongs to its event loop.
  Fix:
    - clear it, and leave it out`,
  ],
]);

for (const { name, destination, value } of badValues()) {
  test(`${name} is refused with its place, its kind, the reason and a remedy`, () => {
    assert.equal(
      textOf(() => sendable(value, destination)),
      texts.get(name),
    );
  });
}

const loggers: readonly (readonly [name: string, logger: object])[] = [
  ['pino', pino({ enabled: false })],
  ['winston', winston.createLogger({ silent: true })],
  ['the console', console],
];

for (const [name, logger] of loggers) {
  test(`a logger, ${name}, is answered with the one that reaches the log of the run`, () => {
    const text = textOf(() => sendable({ logger }, { role: 'input', name: 'tools', task: 'load' }));

    assert.match(text, /^ {2}input 'tools'\.logger\n/m);
    assert.match(text, /Why: a logger writes where it was made\.\n {2}Fix:\n {4}- use context\.logger inside the task/);
  });
}

test('an open file is answered with its path', async () => {
  await using file = await open(import.meta.filename);

  const text = textOf(() => sendable(file, { role: 'result', task: 'open' }));

  assert.match(text, /is a FileHandle .*\n\n {2}Why: an open file belongs to the process that opened it\./);
  assert.match(text, /- send its path, and open it inside the task that uses it/);
});

test('what Node opens without events is told for what it is, and a hash not as something to be read', async () => {
  using database = new DatabaseSync(':memory:');
  await using folder = await opendir('.');
  const things = { database, statement: database.prepare('select 1'), folder, hash: createHash('sha256') };

  const told = diagnose(things).refused.map(({ path, what, kind }) => [path, what, kind]);
  assert.deepEqual(told, [
    ['.database', 'is a DatabaseSync (node:sqlite)', 'connection'],
    ['.statement', 'is a StatementSync (node:sqlite)', 'connection'],
    ['.folder', 'is a Dir (node:fs)', 'file'],
    ['.hash', 'is a Hash (node:crypto)', 'platform'],
  ]);
});

/** Without versions and lines, which change. */
function textOf(send: () => unknown): string {
  try {
    send();
  } catch (error) {
    assert.ok(error instanceof NotSerializableError);
    return error.message.replaceAll(/(\.ts):\d+/g, '$1:…').replaceAll(/\((pg|ioredis) \d[^)]*\)/g, '($1 …)');
  }
  throw new Error('it travels');
}
