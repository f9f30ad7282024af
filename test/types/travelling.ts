// What the compiler says of inputs and results that cannot travel, and that it says nothing of those that may. It is the
// test: nothing here is run.

import type { FileHandle } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { Parameter, resourceManager, sensor, task, Task, unmapped, type Node } from 'heddle';
import type { Redis } from 'ioredis';
import type { Travelling } from '../../src/values/type-check.ts';
import { exactly } from './exactly.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type UserId = string & { readonly brand: 'UserId' };
declare const unit: unique symbol;
type Cents = number & { readonly [unit]: 'cents' };

interface Tree {
  readonly name: string;
  readonly kids: readonly Tree[];
  readonly above: Tree | null;
  readonly byName: Map<string, Tree>;
}

interface Options {
  readonly retries?: number;
  readonly onProgress?: (done: number) => void;
  readonly log: ((text: string) => void) | undefined;
}

interface Client {
  readonly host: string;
  query(text: string): Promise<unknown[]>;
}

/** What the platform has only from Node 26 on, and the compiler's `lib` with it. */
interface Instant {
  readonly [Symbol.toStringTag]: 'Temporal.Instant';
  add(duration: string): Instant;
}

class Repository {
  readonly table = 'users';

  find(id: number): string {
    return `${this.table}/${id}`;
  }
}

class Decimal {
  readonly #digits = '1';

  plus(other: Decimal): Decimal {
    return other.#digits === this.#digits ? this : other;
  }
}
declare module 'heddle' {
  interface RegisteredTypes {
    Decimal: Decimal;
  }
}

class HttpError extends Error {
  describe(): string {
    return this.message;
  }
}

/** What stands there for a function that cannot run on a worker; `'fine'` for one that can. */
declare function told<Implementation>(
  implementation: Implementation,
): Travelling<Implementation, 'fine'> extends infer Told
  ? Told extends { readonly 'this task cannot run on a worker': infer Text }
    ? Text
    : Told
  : never;

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what is asked for is given
declare function of<T>(): T;
const fine = exactly<'fine'>();

export function nothingIsSaidOfWhatMayTravel(): void {
  fine(told((x: string, y: bigint, z: boolean | null | undefined) => [x, y, z] as const));
  fine(told((x: Json) => x));
  fine(told((x: Tree) => x));
  fine(told((x: UserId, y: Cents) => ({ x, y })));
  fine(told((x: Options) => x));
  fine(told((x: unknown, y: object, z: Record<string, unknown>) => ({ x, y, z })));
  // oxlint-disable-next-line typescript/no-explicit-any -- which is what is asked for
  fine(told((x: any, ...more: any[]) => [x, more] as any));
  fine(told((x: readonly [string, Date?, ...number[]]) => x));
  fine(told((x: Record<number, Map<string, Set<Uint8Array>>>) => x));
  fine(told(() => of<[Buffer, URL, URLSearchParams, Headers, RegExp, SharedArrayBuffer, DataView]>()));
  fine(told(() => of<Instant>()));
  fine(told(() => new HttpError('gone')));
  fine(told(() => new AggregateError([new TypeError('x')])));
  fine(told((x: Decimal) => ({ sums: [x.plus(x)] })));
  fine(told((x: Iterable<number>) => [...x]));
  fine(told((x: number | (() => number)) => (typeof x === 'number' ? x : x())));
  fine(told(async () => {}));
  fine(told((): never => of<never>()));
  fine(told(<T>(x: T) => [x]));
  fine(told(() => 'ab'.match(/b/)));
}

/** They may be resources: where a task is called, it is told whether they are. */
export function nothingIsSaidOfInputsThatMayBeOpened(): void {
  fine(told((x: Client) => x.host));
  fine(told((x: Redis, key: string) => x.get(key)));
  fine(told(({ log }: { log: { info: (text: string) => void } }) => log.info('x')));
}

export function thePathIsToldAndWhatToDo(): void {
  const code = 'is a function: send data, or register its class with registerType()';
  const open = 'is a connection, a stream or the like: open it in the task, or use resourceManager()';

  exactly<`input.db.pool.query ${typeof code}`>()(told((x: { db: { pool: Client } }) => x.db.pool.host));
  exactly<`result.done ${typeof code}`>()(told(() => ({ done: () => 1 })));
  exactly<`result.repository.find ${typeof code}`>()(told(() => ({ repository: new Repository() })));
  exactly<`result ${typeof code}`>()(told(() => Repository));
  exactly<`result ${typeof open}`>()(told(() => of<Socket>()));
  exactly<`result.file ${typeof open}`>()(told(async () => ({ file: of<FileHandle>() })));
  exactly<'result.rows[].owner is a Promise: await it'>()(told(() => ({ rows: [{ owner: Promise.resolve(1) }] })));
  exactly<'argument 2[].to.owner is a Promise: await it'>()(
    told((x: number, y: { to: { owner: Promise<string> } }[]) => [x, y.length]),
  );
  exactly<'result.get(…) is an abort signal: use context.signal'>()(
    told(() => new Map([['a', new AbortController().signal]])),
  );
  exactly<'result[0] is a symbol: send a text'>()(told(() => [Symbol('x'), 5] as const));
  exactly<'result is a Response or the like: read it first'>()(told(() => fetch('https://a.b')));
  exactly<'result is an iterator: collect it first'>()(
    told(function* () {
      yield 1;
    }),
  );
}

export function eachFormOfATaskIsLookedAt(): void {
  // @ts-expect-error -- a result
  task('repository', () => new Repository());
  // @ts-expect-error -- with options
  task('repository', { retries: 1 }, async () => [new Repository()]);
  // @ts-expect-error -- a sensor
  sensor('repository', () => new Repository());
  // @ts-expect-error -- a sensor with options
  sensor('repository', { every: '1s' }, async () => new Repository());

  class Make extends Task<[], Repository> {
    run(): Repository {
      return new Repository();
    }
  }
  // @ts-expect-error -- a class
  new Make('make');
  class MakeNamed extends Task<[], Repository> {
    constructor() {
      // @ts-expect-error -- a class that names itself
      super('make');
    }

    run(): Repository {
      return new Repository();
    }
  }
  new MakeNamed();
}

export function inputsAreLookedAtWhereTheyAreGiven(): void {
  const ask = task('ask', (client: Client, text: string) => `${client.host}/${text}`);
  const count = task('count', (client: Client) => client.host.length);
  const open = resourceManager('client', { setup: (host: string): Client => ({ host, query: async () => [] }) });
  const client = of<Client>();

  exactly<Node<string>>()(ask(open('a'), 'x'));
  exactly<Node<string[]>>()(ask.map(open('a'), ['x']));
  exactly<Node<number>>()(count(open('a')));
  exactly<Node<number>>()(count(new Parameter<Client>('client')));

  // @ts-expect-error -- it is no resource
  ask(client, 'x');
  // @ts-expect-error -- nor are these
  ask.map([client], ['x']);
  // @ts-expect-error -- nor is it one for all
  ask.map(unmapped(client), ['x']);
  // @ts-expect-error -- nor is a literal
  count({ host: 'a', query: async () => [] });
}

/** Tasks are made and called for any type by helpers of others; what they are of is known where the helper is called. */
export function generics<T, Args extends unknown[], Result>(
  x: T,
  known: Task<[x: T, y: number], T[]>,
  run: (...args: Args) => Result,
): Task<Args, Result> {
  task('any', (each: T) => [each]);
  task('any', async (each: T, of: { rows: Map<string, T> }) => ({ each, of }));
  known(x, 2);
  known.map([x], [2]);

  class Wrapped extends Task<Args, Result> {
    run(...args: Args): Result {
      return run(...args);
    }
  }
  new Wrapped('wrapped');
  return task('all', run);
}
