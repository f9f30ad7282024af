// Values of every sort that people put into inputs and results, with what must become of each: `exact`, `packed` (exact
// too, by way of an envelope), or the kind of the first finding. Made anew on each call, since some of them hold on to something until they are collected.

import { createSecretKey } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { statSync } from 'node:fs';
import { Agent } from 'node:http';
import { BlockList, Socket, SocketAddress } from 'node:net';
import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { HeddleError } from '../../src/lib/heddle-error.ts';
import type { Finding } from '../../src/values/diagnosis.ts';

export type Fate = 'exact' | 'packed' | `refused ${Finding['kind']}` | `changed ${Finding['kind']}`;

export function valueTable(): [name: string, fate: Fate, value: unknown][] {
  return [...exactValues(), ...packedValues(), ...changedValues(), ...refusedCode(), ...refusedResources()];
}

function exactValues(): [string, Fate, unknown][] {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const shared = { a: 1 };
  const sparse: number[] = [];
  sparse[4_000_000_000] = 1;
  return [
    ['undefined', 'exact', undefined],
    ['null', 'exact', null],
    ['NaN', 'exact', Number.NaN],
    ['minus zero', 'exact', -0],
    ['infinity', 'exact', -Infinity],
    ['a boolean', 'exact', false],
    ['a small bigint', 'exact', 5n],
    ['a big bigint [N04]', 'exact', -(2n ** 200n)],
    ['half a surrogate pair', 'exact', 'a\ud800b'],
    ['a text with a byte order mark', 'exact', `\ufeff${'x'.repeat(100)}`],
    ['an object with undefined', 'exact', { a: undefined, b: -0 }],
    ['an own __proto__ key', 'exact', JSON.parse('{"__proto__":{"x":1},"a":1}')],
    ['integer-like keys', 'exact', { b: 1, 2: 2, '-0': 3 }],
    [
      '100,000 keys [D091]',
      'exact',
      Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index])),
    ],
    // oxlint-disable-next-line no-sparse-arrays -- holes are tested
    ['an array with holes', 'exact', [1, , undefined, -0]],
    // oxlint-disable-next-line unicorn/no-new-array -- holes are tested
    ['an array of holes', 'exact', Array(5)],
    ['a very sparse array', 'exact', sparse],
    ['an array with a named property', 'exact', Object.assign([1, 2], { note: 'x' })],
    ['a match', 'exact', 'ab12'.match(/\d+/)],
    ['a cycle [N04]', 'exact', cyclic],
    ['a shared part', 'exact', [shared, shared]],
    ['a Date', 'exact', new Date(1e12)],
    ['an invalid Date', 'exact', new Date(Number.NaN)],
    ['a RegExp', 'exact', /a\/b/giu],
    [
      'a Map with object keys',
      'exact',
      new Map<unknown, unknown>([
        [shared, new Set([1])],
        [Number.NaN, shared],
      ]),
    ],
    ['a Set', 'exact', new Set([1, { a: 1 }, 'x'])],
    // oxlint-disable-next-line no-new-wrappers, unicorn/new-for-builtins -- what is boxed is tested
    ['boxed primitives', 'exact', [new Number(-0), new String('x'), new Boolean(false), Object(1n)]],
    ['an Error', 'exact', new Error('m')],
    ['a TypeError with a cause', 'exact', new TypeError('m', { cause: new RangeError('c') })],
    ['a Uint8Array', 'exact', new Uint8Array([1, 2, 3])],
    ['a Buffer', 'exact', Buffer.from('hey')],
    ['a view of a large buffer', 'exact', new Uint8Array(1 << 20).subarray(10, 20)],
    ['a Float64Array', 'exact', new Float64Array([1.5, -0, Number.NaN])],
    ['a BigInt64Array', 'exact', new BigInt64Array([5n])],
    ['a Uint8ClampedArray', 'exact', new Uint8ClampedArray([300])],
    ['a DataView', 'exact', new DataView(new ArrayBuffer(8), 2, 4)],
    ['an ArrayBuffer', 'exact', new Uint8Array([1, 2, 3]).buffer],
    ['a frozen object', 'exact', Object.freeze({ a: 1 })],
    ['900 levels', 'exact', nested(900)],
  ];
}

function packedValues(): [string, Fate, unknown][] {
  const url = new URL('https://a.b/c?d=1#e');
  return [
    ['a URL', 'packed', url],
    ['a URL in three places', 'packed', { home: [url, url], of: new Map([[url, new Set([url])]]) }],
    ['URLSearchParams', 'packed', new URLSearchParams('a=1&a=2&b=%20')],
    ['Headers', 'packed', new Headers([['a', 'b'], ['set-cookie', 'c=1'], ['set-cookie', 'd=2']])], // prettier-ignore
    ['an Error with a code', 'packed', Object.assign(new Error('m'), { code: 'E', at: url, rows: [{ id: 1 }] })],
    ['an AggregateError', 'packed', new AggregateError([new Error('a'), new TypeError('b')], 'm')],
    ['a DOMException', 'packed', new DOMException('m', 'AbortError')],
    [
      'an Error whose cause has a code',
      'packed',
      new Error('m', { cause: Object.assign(new Error('c'), { code: 'E' }) }),
    ],
    ['an error of ours', 'packed', new HeddleError('SOME_CODE', 'm', { task: 't' })],
    // oxlint-disable-next-line no-sparse-arrays -- holes are tested
    ['what an array has besides elements', 'packed', Object.assign([1, , -0, url], { note: url })],
    ['an own __proto__ key beside a URL', 'packed', Object.assign(JSON.parse('{"__proto__":{"x":1}}'), { url })],
    ['names of an array that look like numbers', 'packed', Object.assign([url], { of: 2, '007': 3, 4294967295: url })],
    ['a cycle through an Error that leads nowhere', 'packed', cycleAround(url)],
  ];
}

function changedValues(): [string, Fate, unknown][] {
  return [
    ['a symbol key', 'changed symbol-key', { a: 1, [Symbol.for('k')]: 2 }],
    ['a symbol key of an array', 'changed symbol-key', Object.assign([1], { [Symbol.for('k')]: 2 })],
    ['an object without a prototype', 'changed null-prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['a match with groups', 'changed null-prototype', 'ab12'.match(/(?<digits>\d+)/)],
    ['a RegExp in use', 'changed last-index', Object.assign(/a/g, { lastIndex: 3 })],
    ['a class instance', 'changed class', new Money(5)],
    ['a class instance among rows', 'changed class', [{ a: 1 }, new Money(5)]],
    ['a class instance as a Map key', 'changed class', new Map([[new Money(5), 1]])],
    // oxlint-disable-next-line no-sparse-arrays -- holes are tested
    ['a class instance beside a hole', 'changed class', Object.assign([1, , 3], { note: new Money(5) })],
    ['an error made by hand', 'changed class', Object.create(Error.prototype)],
    ['a subclass of Array', 'changed class', Bag.from([1])],
    ['a subclass of Map', 'changed class', new Index([[1, 2]])],
    ['fs.Stats', 'changed class', statSync('.')],
    ['an object of another realm', 'changed realm', runInNewContext('({ a: 1 })')],
    ['a Map of another realm', 'changed realm', runInNewContext('new Map()')],
    ['an instance of a class of another realm', 'changed class', runInNewContext('class Money {} new Money()')],
    ['an Error of a class', 'changed error', new HttpError('m')],
    ['an Error with a function', 'changed error', Object.assign(new Error('m'), { retry: () => 1 })],
    ['a cause of a class', 'changed error', new Error('m', { cause: new HttpError('c') })],
    ['an Error that holds itself', 'changed error', errorWithItself()],
    ['a Map with an added property', 'changed added-property', Object.assign(new Map(), { note: 'x' })],
    ['a Date with an added property', 'changed added-property', Object.assign(new Date(), { note: 'x' })],
    ['a view with an added property', 'changed added-property', Object.assign(new Uint8Array(65), { width: 5 })],
    ['a long view with an added property', 'changed added-property', Object.assign(Buffer.alloc(5_000), { width: 5 })],
    ['a Map dressed up as an object', 'changed class', Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype)],
    ...[new Map([[1, 2]]), new Set([1]), new Date(0), /a/, [1, 2], Object(1n) as object, new ArrayBuffer(8)].flatMap(
      dressedUp,
    ),
    ['bytes dressed up as numbers', 'changed class', Object.setPrototypeOf(new Uint8Array(16), Float64Array.prototype)],
    ['numbers dressed up as a Buffer', 'changed class', Object.setPrototypeOf(new Float64Array(2), Buffer.prototype)],
    ['a Date with a hidden property', 'changed added-property', Object.defineProperty(new Date(0), 'at', { value: 1 })],
    [
      'a boxed text with a hidden property',
      'changed added-property',
      Object.defineProperty(Object('ab'), 'at', { value: 1 }),
    ],
    ['a RegExp with a hidden property', 'changed added-property', Object.defineProperty(/a/, 'at', { value: 1 })],
    ['a view that calls itself something else', 'changed class', new Pixels([1, 2, 3])],
    ['a view that calls itself another view', 'changed class', new Numbers([1, 2, 3])],
    [
      'a view with a name of its own',
      'changed symbol-key',
      Object.defineProperty(new Uint8Array(3), Symbol.toStringTag, { value: 'X' }),
    ],
    ['a view of resizable memory', 'changed memory-layout', new Uint8Array(new ArrayBuffer(4, { maxByteLength: 8 }))],
  ];
}

/** As an ordinary object, alone with a property that is to be seen, and among rows. */
function dressedUp(value: object): [string, Fate, unknown][] {
  const { name } = value.constructor;
  const object = Object.assign(Object.setPrototypeOf(value, Object.prototype) as object, { id: 70 });
  const rows = Array.from({ length: 100 }, (_, id) => (id === 70 ? object : { id }));
  return [
    [`a ${name} dressed up as an object`, 'changed class', object],
    [`a ${name} dressed up as a row`, 'changed class', rows],
  ];
}

function refusedCode(): [string, Fate, unknown][] {
  return [
    ['a symbol', 'refused symbol', Symbol('s')],
    [
      'a Promise dressed up',
      'refused promise',
      Object.assign(Object.setPrototypeOf(Promise.resolve(), Object.prototype), { id: 1 }),
    ],
    ['a function that an array has beside a number', 'refused function', Object.assign([1], { of: () => 1, '00': 2 })],
    ['a boxed symbol', 'refused symbol', Object(Symbol('s'))],
    ['a boxed symbol dressed up', 'refused symbol', Object.setPrototypeOf(Object(Symbol('s')), Object.prototype)],
    ['a function', 'refused function', { callback: () => 1 }],
    ['a class', 'refused function', Money],
    ['a function in an added property', 'refused function', Object.assign([1], { callback: () => 1 })],
    ['a Promise', 'refused promise', [Promise.resolve(1)]],
    [
      'a Promise that cannot be waited for',
      'refused promise',
      Object.setPrototypeOf(Promise.resolve(1), Map.prototype),
    ],
    ['a Promise of a class that nobody can make', 'refused promise', new Closed()],
    [
      'a generator',
      'refused iterator',
      (function* () {
        yield 1;
      })(),
    ],
    [
      'an async generator',
      'refused iterator',
      (async function* () {
        yield 1;
      })(),
    ],
    ['an array iterator', 'refused iterator', [1].values()],
    ['a Map iterator', 'refused iterator', new Map().entries()],
    ['a WeakMap', 'refused weak', new WeakMap()],
    ['a WeakRef', 'refused weak', new WeakRef({})],
    ['a Proxy', 'refused proxy', { client: new Proxy({}, hostile) }],
    ['a Proxy of a function', 'refused proxy', new Proxy(() => 1, hostile)],
    [
      'arguments',
      'refused arguments',
      (function () {
        return arguments;
      })(),
    ],
    ['shared memory', 'refused memory', new SharedArrayBuffer(8)],
    ['a view of shared memory', 'refused memory', new Uint8Array(new SharedArrayBuffer(4))],
    ['detached memory', 'refused detached', detached()],
    ['a view of detached memory', 'refused detached', detachedView()],
    [
      'a getter that throws',
      'refused getter',
      {
        get total(): number {
          throw new Error('not loaded');
        },
      },
    ],
    ['1,200 levels', 'refused depth', nested(1_200)],
    ['20,000 levels', 'refused depth', nested(20_000)],
    ['20,000 levels and a cycle', 'refused depth', { list: nested(20_000), self: valueWithCycle() }],
  ];
}

function refusedResources(): [string, Fate, unknown][] {
  const { Memory, Module } = Reflect.get(globalThis, 'WebAssembly') as Record<string, new (from: object) => object>;
  return [
    ['a URL of a class', 'refused url', new Page('https://a.b/c')],
    ['FormData', 'refused headers', new FormData()],
    ['a Response', 'refused response', new Response('x')],
    ['a Blob', 'refused response', new Blob(['x'])],
    ['an AbortSignal', 'refused signal', new AbortController().signal],
    ['an Event', 'refused platform', new Event('x')],
    ['a TextEncoder', 'refused platform', new TextEncoder()],
    ['a KeyObject', 'refused key', createSecretKey(Buffer.from('0123456789abcdef'))],
    ['a BlockList', 'refused platform', new BlockList()],
    ['a SocketAddress', 'refused platform', new SocketAddress({})],
    ['WebAssembly memory', 'refused wasm', new Memory!({ initial: 1 })],
    ['a compiled module', 'refused wasm', new Module!(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))],
    ['an Intl.Collator', 'refused platform', new Intl.Collator('en')],
    ['a Socket', 'refused connection', new Socket()],
    ['an http.Agent', 'refused connection', new Agent()],
    ['a client that emits events', 'refused connection', new DatabaseClient()],
    ['a Readable', 'refused stream', Readable.from([1])],
    ['a ReadableStream', 'refused stream', new ReadableStream()],
    ['an EventEmitter', 'refused emitter', new EventEmitter()],
    ['an EventTarget', 'refused emitter', new EventTarget()],
    ['a timer', 'refused timer', endedTimer()],
    ['a view dressed up as an object', 'refused unknown', Object.setPrototypeOf(new Uint8Array(3), Object.prototype)],
    ['the environment', 'refused environment', { env: process.env }],
  ];
}

/** Every trap throws: whoever touches it is found out. */
export const hostile = new Proxy<ProxyHandler<object>>(
  {},
  {
    get: (_, trap) => () => {
      throw new Error(`the trap ${String(trap)} ran`);
    },
  },
);

export class Money {
  readonly #cents: number;
  readonly currency = 'CHF';

  constructor(cents: number) {
    this.#cents = cents;
  }

  get amount(): number {
    return this.#cents / 100;
  }
}

export class HttpError extends Error {
  readonly status = 503;
}

export class DatabaseClient extends EventEmitter {}
class Page extends URL {}
export class Pixels extends Uint8Array {
  // @ts-expect-error -- it says that it is one of its own
  override get [Symbol.toStringTag](): string {
    return 'Pixels';
  }
}

export class Numbers extends Uint8Array {
  // @ts-expect-error -- it says that it is another
  override get [Symbol.toStringTag](): string {
    return 'Float64Array';
  }
}

class Closed extends Promise<void> {
  static override get [Symbol.species](): never {
    throw new Error('not for others');
  }

  constructor() {
    super((resolve) => resolve());
  }
}

class Bag extends Array<number> {}
class Index extends Map<number, number> {}

export function nested(levels: number): object {
  let value: object = {};
  for (let level = 0; level < levels; level += 1) value = { next: value };
  return value;
}

function valueWithCycle(): object {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function detachedView(): Uint8Array {
  const view = new Uint8Array(8);
  structuredClone(view, { transfer: [view.buffer] });
  return view;
}

function errorWithItself(): Error {
  const error: Error & { self?: Error } = new Error('m');
  error.self = error;
  return error;
}

function cycleAround(member: unknown): object {
  const cycle: { self?: unknown; member: unknown } = { member };
  cycle.self = [cycle];
  return cycle;
}

function endedTimer(): NodeJS.Timeout {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return timer;
}
