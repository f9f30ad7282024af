// Names for what people put into values, and the table of what cannot travel. A wrong guess here must only ever change
// the wording: nothing is refused for its name alone, since anybody may call a class of rows `Session`.

import { EventEmitter } from 'node:events';
import { Stream } from 'node:stream';
import { types } from 'node:util';
import { hasOrdinaryMemory, isExotic } from './exactness.ts';
import { shorten } from './members.ts';

export type RefusedKind = keyof typeof refusals;

/** Why a kind of thing stays where it is, and what to do instead: the likeliest first, at most three. */
export const refusals = {
  function: {
    why: 'functions are code, not data',
    remedy: ['send the data that the function needs', 'or import the function inside the task that calls it'],
  },
  symbol: { why: 'a symbol has no identity outside its process', remedy: ['use a string'] },
  promise: {
    why: 'a Promise is a wait, not a value',
    remedy: ['await it before you return or pass it on', 'for several: await Promise.all(promises)'],
  },
  iterator: {
    why: 'an iterator is paused code',
    remedy: ['collect it first: [...iterator] or await Array.fromAsync(iterator)'],
  },
  weak: {
    why: 'what is held weakly cannot be listed, and so not copied',
    remedy: ['use a Map, a Set or the object itself'],
  },
  proxy: {
    why: 'a Proxy runs code on every access, so it is not looked into',
    remedy: [
      'send the plain object behind it',
      'if it is a client: give it to tasks as a resource (docs/resources.md)',
    ],
  },
  context: {
    why: 'it answers for the task run that asks it, and for no other',
    remedy: [
      'send what you need of it, such as context.parameters or context.mapIndex',
      `or ask it in the other task: import { context } from 'heddle' where it is needed`,
    ],
  },
  namespace: {
    why: 'a module holds functions',
    remedy: ['import the module inside the task, or send the values you need'],
  },
  arguments: { why: 'the arguments object is not an array', remedy: ['use [...arguments] or rest parameters'] },
  connection: {
    why: 'a live connection belongs to the process that opened it',
    remedy: [
      'give it to tasks as a resource, which each thread opens for itself: resourceManager() (docs/resources.md)',
      'or open it inside the task that uses it, and return the rows that it read',
    ],
  },
  stream: {
    why: 'a stream is tied to its file, socket or producer',
    remedy: ['read it to the end and send the bytes or rows', 'or write it to storage and send the path'],
  },
  file: {
    why: 'an open file belongs to the process that opened it',
    remedy: ['send its path, and open it inside the task that uses it', 'or read it first and send the bytes'],
  },
  logger: {
    why: 'a logger writes where it was made',
    remedy: ['use context.logger inside the task: its lines reach the log of the run from every worker'],
  },
  signal: { why: 'a signal only works inside its process', remedy: ['use context.signal inside the task'] },
  timer: { why: 'a timer belongs to its event loop', remedy: ['clear it, and leave it out'] },
  emitter: { why: 'it holds its listeners, which are functions', remedy: ['send the data that you need from it'] },
  platform: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['send the plain data it was made from'],
  },
  url: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['send value.href, and rebuild it with new URL(href)'],
  },
  headers: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['send [...value], and rebuild it from the list'],
  },
  response: {
    why: 'its content is kept by the platform, where a copy does not reach',
    remedy: ['read it first: await value.text() or await value.json()'],
  },
  memory: {
    why: 'shared memory cannot leave its process',
    remedy: [
      'send a copy: new Uint8Array(memory).slice().buffer',
      'or run the flow on threads of its own process, with LocalCluster',
    ],
  },
  detached: {
    why: 'its memory was transferred away, so there is nothing left to copy',
    remedy: ['send it before it is transferred, or transfer a copy'],
  },
  environment: {
    why: 'it reads the variables of its own process each time it is asked',
    remedy: [
      'send the variables that you need: process.env.NAME, or all of them: { ...process.env }',
      'for keys and passwords: context.secrets inside the task (docs/configuration.md)',
    ],
  },
  getter: {
    why: 'reading this property runs code, which failed',
    remedy: ['fix the getter, or leave the property out'],
  },
  codec: {
    why: 'what a type is registered with must give the data to rebuild it from',
    remedy: ['mend the encode() that is given to registerType()', 'or send plain data'],
  },
  depth: {
    why: 'the copier recurses, and its stack has an end',
    remedy: [
      'flatten it: a long linked list is better as an array',
      'or leave out a getter that makes a new object each time it is read',
    ],
  },
  unknown: { why: 'the copier refused it', remedy: ['send plain data'] },
} as const satisfies Record<string, { why: string; remedy: readonly string[] }>;

/** The Proxy of our own that people hold in their hands. */
const contexts = new WeakSet<object>();

/** From here on, findings call it by its name. */
export function nameContext(context: object): void {
  contexts.add(context);
}

/** What keeps this very value from travelling, its members aside; `undefined` when its kind is no hindrance. */
export function refusedKind(value: unknown): RefusedKind | undefined {
  if (typeof value === 'symbol') return 'symbol';
  if (types.isProxy(value)) return contexts.has(value as object) ? 'context' : 'proxy';
  if (typeof value === 'function') return 'function';
  if (typeof value !== 'object' || value === null) return undefined;
  if (value === process.env) return 'environment';
  return languageKind(value) ?? (isPlain(value) ? undefined : liveKind(value, prototypesOf(value)));
}

/** Whether `value`, which is no Proxy, is an ordinary object or array. Most are, and need no closer look. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) ? prototype === Array.prototype : prototype === Object.prototype && !isExotic(value);
}

/** A value in a few words: `a Promise`, `a Socket (node:net)`, `a Money (class instance)`, `a string`. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return types.isProxy(value) ? 'a Proxy' : functionName(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (types.isProxy(value)) return contexts.has(value) ? 'the context of a task run' : 'a Proxy';
  if (value === console) return 'the console';
  if (value === process.env) return 'the environment, process.env';
  if (types.isGeneratorObject(value)) return 'a generator';
  if (types.isModuleNamespaceObject(value)) return 'a module namespace';
  if (types.isArgumentsObject(value)) return 'an arguments object';
  const prototypes = prototypesOf(value);
  if (prototypes.length === 0) return 'an object without a prototype';
  const name = tagOf(prototypes[0]) ?? classNames(prototypes)[0] ?? 'object';
  return `${/^[AEIOU]/i.test(name) && !/^U(?:RL|int)/.test(name) ? 'an' : 'a'} ${name}${origin(prototypes)}`;
}

/** The names of the classes of an object, its own first. */
export function classNames(prototypes: readonly object[]): string[] {
  return prototypes.flatMap((prototype) => classNameOf(constructorOf(prototype)) ?? []);
}

/** The prototypes of an object, nearest first. Ends at a Proxy, whose traps must not run. */
export function prototypesOf(value: object): object[] {
  const prototypes: object[] = [];
  let next: object | null = types.isProxy(value) ? null : (Object.getPrototypeOf(value) as object | null);
  while (next !== null && !types.isProxy(next) && prototypes.length < 20) {
    prototypes.push(next);
    next = Object.getPrototypeOf(next) as object | null;
  }
  return prototypes;
}

function languageKind(value: object): RefusedKind | undefined {
  if (types.isPromise(value)) return 'promise';
  if (types.isWeakMap(value) || types.isWeakSet(value)) return 'weak';
  if (types.isGeneratorObject(value) || types.isMapIterator(value) || types.isSetIterator(value)) return 'iterator';
  if (types.isModuleNamespaceObject(value)) return 'namespace';
  if (types.isArgumentsObject(value)) return 'arguments';
  if (types.isSymbolObject(value)) return 'symbol';
  if (types.isSharedArrayBuffer(value)) return 'memory';
  if (types.isArrayBuffer(value)) return value.detached ? 'detached' : undefined;
  if (ArrayBuffer.isView(value)) {
    if (types.isSharedArrayBuffer(value.buffer)) return 'memory';
    return !hasOrdinaryMemory(value) && types.isArrayBuffer(value.buffer) && value.buffer.detached
      ? 'detached'
      : undefined;
  }
  return types.isExternal(value) ? 'unknown' : undefined;
}

function liveKind(value: object, prototypes: readonly object[]): RefusedKind | undefined {
  if (prototypes.includes(Iterator.prototype)) return 'iterator';
  if (Object.hasOwn(value, '_idleTimeout') || Object.hasOwn(value, '_onImmediate')) return 'timer';
  if (isLogger(value, prototypes)) return 'logger';
  const names = classNames(prototypes);
  if (prototypes.some(isEmitting)) {
    if (names[0] === 'FileHandle') return 'file';
    if (names[0] === 'Hash' || names[0] === 'Hmac') return 'platform';
    if (names.some((name) => connectionNames.test(name))) return 'connection';
    return prototypes.includes(Stream.prototype) ? 'stream' : 'emitter';
  }
  const platformClass = prototypes.map(constructorOf).find((constructor) => platformOf(constructor) !== undefined);
  const name = classNameOf(platformClass);
  if (name === undefined || isData(value, name) || prototypes.includes(Error.prototype)) return undefined;
  return platformKinds[name] ?? 'platform';
}

/** Of `EventEmitter`, be it by inheritance or mixed in. */
function isEmitting(prototype: object): boolean {
  return Object.getOwnPropertyDescriptor(prototype, 'emit')?.value === EventEmitter.prototype.emit;
}

/** The console, or one of a library: it emits events, and has a method for each level. */
function isLogger(value: object, prototypes: readonly object[]): boolean {
  if (value === console) return true;
  const hasMethod = (name: string) =>
    [value, ...prototypes].some((at) => typeof Object.getOwnPropertyDescriptor(at, name)?.value === 'function');
  return prototypes.some(isEmitting) && ['info', 'warn', 'error'].every(hasMethod);
}

/** The classes of the language that the copier rebuilds, if perhaps without what was added to them. */
function isData(value: object, name: string): boolean {
  if (name === 'Object') {
    const tag = tagOf(Object.getPrototypeOf(value) as object) ?? '';
    return !/^(?:Intl|Temporal|WebAssembly)\./.test(tag);
  }
  return Array.isArray(value) || isExotic(value);
}

const platformKinds: Readonly<Record<string, RefusedKind>> = {
  URL: 'url',
  URLSearchParams: 'headers',
  Headers: 'headers',
  FormData: 'headers',
  Request: 'response',
  Response: 'response',
  Blob: 'response',
  File: 'response',
  AbortSignal: 'signal',
  AbortController: 'signal',
  EventTarget: 'emitter',
  ReadableStream: 'stream',
  WritableStream: 'stream',
  TransformStream: 'stream',
  WebSocket: 'connection',
  DatabaseSync: 'connection',
  StatementSync: 'connection',
  Dir: 'file',
  WeakRef: 'weak',
  FinalizationRegistry: 'weak',
};

/** Read only of classes that emit events, so that nobody's class of rows is refused for being called `Pool`. */
const connectionNames = new RegExp(
  `^(?:${[
    String.raw`\w*(?:Socket|Client|Pool|Connection|Server)`,
    'Redis|Cluster|Agent|ClientRequest|IncomingMessage|ServerResponse|Http2Session|Database|Sequelize|DataSource',
  ].join('|')})$`,
);

/** In which modules of Node a class of this name may be at home. The class itself decides, not the name. */
const homes: Readonly<Record<string, readonly string[]>> = {
  Socket: ['net', 'dgram'],
  Server: ['net', 'http', 'https', 'tls'],
  TLSSocket: ['tls'],
  Agent: ['http', 'https'],
  ClientRequest: ['http'],
  IncomingMessage: ['http'],
  ServerResponse: ['http'],
  ReadStream: ['fs', 'tty'],
  WriteStream: ['fs', 'tty'],
  Readable: ['stream'],
  Writable: ['stream'],
  Duplex: ['stream'],
  Transform: ['stream'],
  PassThrough: ['stream'],
  Stream: ['stream'],
  EventEmitter: ['events'],
  KeyObject: ['crypto'],
  X509Certificate: ['crypto'],
  Hash: ['crypto'],
  Hmac: ['crypto'],
  DatabaseSync: ['sqlite'],
  StatementSync: ['sqlite'],
  Dir: ['fs'],
  BlockList: ['net'],
  SocketAddress: ['net'],
  Worker: ['worker_threads'],
  ChildProcess: ['child_process'],
  Interface: ['readline'],
  AsyncLocalStorage: ['async_hooks'],
  AsyncResource: ['async_hooks'],
  Script: ['vm'],
};

type Constructor = abstract new (...parameters: never[]) => unknown;

function constructorOf(prototype: object): Constructor | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function' || types.isProxy(constructor)) return undefined;
  // Where another class was mixed in, its name took the place of the own one.
  const own: unknown = Object.getOwnPropertyDescriptor(constructor, 'prototype')?.value;
  return own === prototype ? (constructor as Constructor) : undefined;
}

/** A class may have a static `name` of its own, which may be anything, even a getter that throws. */
function classNameOf(constructor: Constructor | undefined): string | undefined {
  if (constructor === undefined) return undefined;
  const name: unknown = Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
  return typeof name === 'string' && name !== '' ? shorten(name) : undefined;
}

/** `'global'` or the module of Node that a class comes from; `undefined` when it comes from neither. */
function platformOf(constructor: Constructor | undefined): string | undefined {
  const name = classNameOf(constructor);
  if (name === undefined) return undefined;
  if (Object.hasOwn(globalThis, name) && Reflect.get(globalThis, name) === constructor) return 'global';
  const home = (Object.hasOwn(homes, name) ? homes[name] : undefined)?.find((module) => {
    const exports: unknown = process.getBuiltinModule(`node:${module}`);
    return typeof exports === 'object' || typeof exports === 'function'
      ? Reflect.get(exports as object, name) === constructor
      : false;
  });
  return home === undefined ? undefined : `node:${home}`;
}

function origin(prototypes: readonly object[]): string {
  const platforms = prototypes.map((prototype) => platformOf(constructorOf(prototype)));
  if (isForeign(prototypes[0])) return ' (of another realm)';
  if (platforms[0] === 'global' || tagOf(prototypes[0]) !== undefined) return '';
  if (platforms[0] !== undefined) return ` (${platforms[0]})`;
  const base = platforms.findIndex((platform) => platform !== undefined);
  const baseName = base < 0 ? 'Object' : classNameOf(constructorOf(prototypes[base]!));
  return baseName === 'Object' ? ' (class instance)' : ` (extends ${baseName})`;
}

/** Whether the class was made in another context of `node:vm`, where even `Object` is another. */
export function isForeign(prototype: object | undefined): boolean {
  const constructor = prototype === undefined ? undefined : constructorOf(prototype);
  return constructor !== undefined && !prototypesOf(constructor).includes(Function.prototype);
}

/** What tells where a thing comes from: its class, or if that cannot be had, the methods of it; a function itself. */
export function makersOf(value: unknown): readonly object[] {
  if (typeof value === 'function' && !types.isProxy(value)) return [value];
  if (typeof value !== 'object' || value === null) return [];
  const [own] = prototypesOf(value);
  if (own === undefined || platformOf(constructorOf(own)) !== undefined) return [];
  const maker = constructorOf(own);
  if (maker !== undefined) return [maker];
  const members = Object.values(Object.getOwnPropertyDescriptors(own)).map((member): unknown => member.value);
  return members.filter((member) => typeof member === 'function').slice(0, 5);
}

function functionName(callable: object): string {
  const isClass = /^class\b/.test(Function.prototype.toString.call(callable));
  return isClass ? `the class ${classNameOf(callable as Constructor) ?? '(anonymous)'}` : 'a function';
}

function tagOf(prototype: object | undefined): string | undefined {
  if (prototype === undefined) return undefined;
  const tag: unknown = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
  return typeof tag === 'string' && tag !== '' ? tag : undefined;
}
