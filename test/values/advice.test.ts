// What somebody is told who gives a task one of the things that programs are full of: what it is, why it stays, and what
// to do instead.

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { spawn } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createWriteStream, readdirSync, statSync, watch } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import PQueue from 'p-queue';
// @ts-expect-error -- it comes without types
import pg from 'pg';
import { z } from 'zod';
import { diagnose, type Finding } from '../../src/values/diagnosis.ts';

test('live things of Node are told apart, each with what is done in its place', () => {
  const told = Object.entries(liveThings()).map(([name, thing]) => {
    const { refused } = diagnose({ thing });
    assert.deepEqual(
      refused.map(({ path }) => path),
      ['.thing'],
      name,
    );
    return textOf(refused[0]!);
  });

  assert.deepEqual(told, [
    [
      'is an FSWatcher (extends EventEmitter), it watches for the process that opened it',
      'leave it out, and send the paths of the files that changed',
      'or start a run of the flow when it reports something: flow.run({ parameters })',
    ],
    [
      'is an Interface (node:readline), it reads from a stream that belongs to its process',
      'read the lines first: for await (const line of value) lines.push(line)',
      'or send the path of the file, and read it inside the task that uses it',
    ],
    [
      'is a Server (node:http), a server listens in the process that opened it',
      'send its address, such as http://host:port, and let the task call it there',
      'if tasks need one of their own: make it a resource (docs/resources.md)',
    ],
    [
      'is a Writable (node:stream), what is written to it ends where it was opened',
      'return what is to be written, and write it where the flow was started',
      'or send the path, and open it inside the task that uses it',
    ],
    [
      'is a WriteStream (node:fs), what is written to it ends where it was opened',
      'return what is to be written, and write it where the flow was started',
      'or send the path, and open it inside the task that uses it',
    ],
    [
      'is a MessagePort, it is an end of a channel between threads of one process',
      'return what you would post: results reach the flow, and the tasks behind, by themselves',
    ],
    [
      'is a SecretKeyObject (extends KeyObject), a key is kept by the platform, where a copy does not reach',
      'read it inside the task: context.secrets (docs/configuration.md)',
      `or export it: key.export({ format: 'jwk' }) or await crypto.subtle.exportKey('jwk', key), and import that there`,
    ],
    [
      'is an AsyncLocalStorage (node:async_hooks), what it holds is known to its own process only',
      'send what it holds: value.getStore()',
    ],
    [
      'is an EventEmitter (node:events), it holds its listeners, which are functions',
      'send the data that you need from it',
      'to follow what tasks do, use state handlers (docs/handlers.md) or context.logger',
    ],
    [
      'is an Intl.NumberFormat, its content is kept by the platform, where a copy does not reach',
      'send the plain data it was made from, and make it again inside the task that uses it',
    ],
  ]);
});

test('a running program and a thread are started where they are used', async () => {
  const program = spawn(process.execPath, ['--version']);
  const thread = new Worker('', { eval: true });

  const told = diagnose([program, thread]).refused.map(textOf);
  await Promise.all([once(program, 'close'), once(thread, 'exit')]);

  assert.deepEqual(told, [
    [
      'is a ChildProcess (node:child_process), a running program belongs to the process that started it',
      'start it inside the task, wait there for its end, and return what it printed',
      'for one that many task runs use: make it a resource (docs/resources.md)',
    ],
    [
      'is a Worker (node:worker_threads), a thread belongs to the process that started it',
      'leave it out: on a LocalCluster each task runs on a thread already (docs/running.md)',
      'for one that many task runs use: make it a resource (docs/resources.md)',
    ],
  ]);
});

test('what each process has one of is told by its name', () => {
  const globals = { process, globalThis, Math, performance, crypto, env: process.env };
  const told = Object.entries(globals).map(([, value]) => textOf(diagnose([value]).refused[0]!)[0]);

  assert.deepEqual(told, [
    'is the global process, it belongs to its process, and each worker has its own',
    'is the global globalThis, it belongs to its process, and each worker has its own',
    'is the global Math, it belongs to its process, and each worker has its own',
    'is the global performance, it belongs to its process, and each worker has its own',
    'is the global crypto, it belongs to its process, and each worker has its own',
    'is the environment, process.env, it reads the variables of its own process each time it is asked',
  ]);
  assert.equal(diagnose([process.stdout]).refused[0]?.kind, 'output');
});

test('a lock, or what counts who is at work, is answered with the limits of a flow', () => {
  class Mutex {
    readonly waiting = [];
    acquire(): void {}
    release(): void {}
  }
  const [lock] = diagnose({ lock: new Mutex() }).changed;
  const [queue] = diagnose({ queue: new PQueue() }).refused;

  const limits =
    `say how many runs may be at work at once, over all workers: tags: ['api'] for the task, and ` +
    `limits: { api: 1 } for the flow (docs/tasks.md)`;
  assert.deepEqual(textOf(lock!).slice(0, 2), [
    'is a Mutex (class instance), it arrives as a plain object, which holds back nobody',
    limits,
  ]);
  assert.deepEqual(textOf(queue!).slice(0, 2), [
    'is a PQueue (p-queue …), it holds back only what runs in its own process, and workers are others',
    limits,
  ]);
});

test('what a query gave is no connection: its rows can be sent', () => {
  const [result] = diagnose({ found: new pg.Result() as object }).changed;

  const [what, ...remedies] = textOf(result!);
  assert.match(what!, /^is a Result \(pg …\), it arrives as a plain object, without its class and so without /);
  assert.deepEqual(remedies, ['send what you need of it as plain data, such as result.rows']);
});

test('an instance of a library is told as a whole, with its package, and what it stands for comes first', () => {
  class Money {
    readonly cents = 5;
    toJSON(): number {
      return this.cents;
    }
  }
  const { changed } = diagnose({ schema: z.object({ a: z.string() }), price: new Money() });

  assert.deepEqual(changed.map(textOf), [
    [
      'is a ZodObject (zod …), it arrives as a plain object, without its class and so without ~standard, check, ' +
        'with, clone, …',
      'make it inside the task that uses it: zod … can be imported there too',
      'or register it: registerType(ZodObject, { tag, encode, decode }), in a module that both sides import',
    ],
    [
      'is a Money (class instance), it arrives as a plain object, without its class and so without toJSON',
      'register it: registerType(Money, { tag, encode, decode }), in a module that both sides import',
      'send what it stands for: value.toJSON()',
    ],
  ]);
  const [refused] = diagnose({ schema: z.string().transform((text) => text.length) }).refused;
  assert.equal(refused?.path, '.schema');
  assert.match(refused.what, /^is a ZodPipe \(zod .*\), which holds a function in \./);
});

test('what is to be awaited, and what Node knows of files, is answered with that', () => {
  class Query {
    readonly sql = 'select 1';
    // oxlint-disable-next-line unicorn/no-thenable -- that is what builders of queries are
    then(): void {}
  }
  const [entry] = readdirSync('.', { withFileTypes: true });

  assert.deepEqual(
    diagnose([new Query(), statSync('.'), entry]).changed.map(({ what, remedy }) => [what, ...remedy]),
    [
      ['is a Query (class instance)', 'await it before you return or pass it on'],
      ['is a Stats (node:fs)', 'send what you need of it, such as { size: stats.size, isFile: stats.isFile() }'],
      ['is a Dirent (node:fs)', 'send what you need of it, such as { name: entry.name, isFile: entry.isFile() }'],
    ],
  );
});

test('what is wrong with every element of a list is told of the first', () => {
  const rows = Array.from({ length: 10 }, (_, id) => ({ id, at: Promise.resolve(id), price: new Price() }));

  const { refused, changed } = diagnose({ rows });

  assert.deepEqual(
    [refused, changed].map((found) => found.map(({ path }) => path)),
    [['.rows[0].at'], ['.rows[0].price']],
  );
});

class Price {
  readonly cents = 5;
}

function liveThings(): Record<string, unknown> {
  const watcher = watch('.');
  watcher.close();
  const { port1, port2 } = new MessageChannel();
  port2.close();
  const lines = createInterface({ input: new PassThrough() });
  lines.close();
  return {
    watcher,
    lines,
    server: createServer(),
    writable: new Writable(),
    file: createWriteStream('/dev/null').destroy(),
    port: port1,
    key: createSecretKey(Buffer.alloc(16)),
    storage: new AsyncLocalStorage(),
    emitter: new EventEmitter(),
    format: new Intl.NumberFormat('en'),
  };
}

/** Without versions, which change. */
function textOf({ what, why, remedy }: Finding): string[] {
  return [`${what}, ${why}`, ...remedy].map((line) => line.replaceAll(/\b(p-queue|pg|zod) \d[\d.]*/g, '$1 …'));
}
