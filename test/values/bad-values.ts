// Fifteen values that people really pass and return, which cannot travel: each in the place where it was met.

import { createReadStream } from 'node:fs';
import { ClientRequest } from 'node:http';
import { Redis } from 'ioredis';
// @ts-expect-error -- it comes without types
import pg from 'pg';
import type { Destination } from '../../src/values/travels.ts';
import { hostile, nested } from './value-table.ts';

interface BadValue {
  readonly name: string;
  readonly destination: Destination;
  readonly value: unknown;
}

export function badValues(): readonly BadValue[] {
  return [
    ...ofPeople(),
    bad('one bad row in 40,000', { role: 'result', task: 'rows' }, rowsWithOneBad()),
    bad('too deep', { role: 'result', task: 'list' }, { head: nested(20_000) }),
    bad('a response of axios', { role: 'result', task: 'http' }, axiosResponse()),
    bad('memory of WebAssembly', { role: 'input', name: 'mem', task: 'wasm' }, { inner: { m: wasmMemory() } }),
    bad('a client of ioredis', { role: 'input', name: 'redis', task: 'cache' }, new Redis({ lazyConnect: true })),
    bad('a timer', { role: 'result', task: 'poll' }, { handle: setTimeout(() => {}, 0).unref() }),
  ];
}

function ofPeople(): readonly BadValue[] {
  const pool = new (pg as Record<'Pool', new () => object>).Pool();
  const owner = { rows: [{ id: 1, owner: Promise.resolve({}) }] };
  return [
    bad('a pool in an input', { role: 'input', name: 'db', task: 'load', mapIndex: 3 }, { pool, opts: { retries: 3 } }),
    bad('a Response', { role: 'result', task: 'download' }, { res: new Response('x'), ok: true }),
    bad('a Promise within', { role: 'result', task: 'enrich', mapIndex: 7 }, owner),
    bad('an async generator', { role: 'result', task: 'pages' }, pages()),
    bad('a class with a callback', { role: 'input', name: 'repo', task: 'sync' }, new Repository()),
    bad('a cycle, and a function in a Map', { role: 'result', task: 'tree' }, tree()),
    bad('a Proxy', { role: 'input', name: 'prisma', task: 'query' }, { prisma: new Proxy({}, hostile) }),
    bad('a getter that throws', { role: 'result', task: 'lazy' }, [{ ok: 1 }, unloaded]),
    bad('a stream of a file', { role: 'result', task: 'open' }, { file: closedFile() }),
  ];
}

function bad(name: string, destination: Destination, value: unknown): BadValue {
  return { name, destination, value };
}

async function* pages(): AsyncGenerator<number> {
  yield 1;
}

const unloaded = {
  get total(): number {
    throw new Error('not loaded');
  },
};

class Repository {
  readonly table = 'users';
  readonly log = (message: string): string => message;
}

function tree(): object {
  const root: { name: string; kids: object[] } = { name: 'c', kids: [] };
  root.kids.push({ parent: root, meta: new Map([['onDone', function onDone() {}]]) });
  return root;
}

function closedFile(): object {
  return createReadStream(import.meta.filename)
    .on('error', () => {})
    .destroy();
}

function rowsWithOneBad(): object[] {
  const rows: object[] = Array.from({ length: 40_000 }, (_, id) => ({ id, tags: ['a', 'b'] }));
  Object.assign(rows[31_234]!, { cb: () => 1 });
  return rows;
}

function axiosResponse(): object {
  const request = new ClientRequest('http://127.0.0.1:9').on('error', () => {}).destroy();
  return { status: 200, data: { a: 1 }, config: { transformRequest: [() => 1], adapter: ['xhr'] }, request };
}

function wasmMemory(): object {
  const { Memory } = Reflect.get(globalThis, 'WebAssembly') as Record<'Memory', new (from: object) => object>;
  return new Memory({ initial: 1 });
}
