// Names for what people put into values, and which of it cannot travel. A wrong guess here must only ever change the
// wording: nothing is refused for its name alone, since anybody may call a class of rows `Session`.

import { EventEmitter } from 'node:events';
import { Stream, Writable } from 'node:stream';
import { types } from 'node:util';
import { ordinaryPrototype } from './deep-frozen.ts';
import { hasOrdinaryMemory, isExotic, isOdd } from './exactness.ts';
import { shorten } from './members.ts';
import { withArticle } from '../lib/article.ts';
import { adviceFor } from '../lib/own-classes.ts';
import type { RefusedKind } from './refusals.ts';

/** The Proxy of our own that people hold in their hands. */
const contexts = new WeakSet<object>();

/** From here on, findings call it by its name. */
export function nameContext(context: object): void {
  contexts.add(context);
}

/** What to do with a part of Heddle, which cannot travel; `undefined` for all else. */
export function adviceOn(value: unknown): string | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  return adviceFor(prototypesOf(value));
}

/** What keeps this very value from travelling, its members aside; `undefined` when its kind is no hindrance. */
export function refusedKind(value: unknown): RefusedKind | undefined {
  if (typeof value === 'symbol') return 'symbol';
  if (types.isProxy(value)) return contexts.has(value as object) ? 'context' : 'proxy';
  if (typeof value === 'function') return adviceOn(value) === undefined ? 'function' : 'own';
  if (typeof value !== 'object' || value === null) return undefined;
  if (value === process.env) return 'environment';
  if (globalName(value) !== undefined) return 'global';
  if (isPlain(value)) return languageKind(value);
  if (adviceOn(value) !== undefined) return 'own';
  return isProxied(value) ? 'proxy' : (languageKind(value) ?? liveKind(value, prototypesOf(value)));
}

/** Whether to ask it for anything may run a trap: of the Proxy that it is, or of one that it inherits from. */
export function isProxied(value: object | null): boolean {
  for (let next = value; next !== null; next = ordinaryPrototype(Object.getPrototypeOf(next) as object | null)) {
    if (types.isProxy(next)) return true;
  }
  return false;
}

/** Whether `value`, which is no Proxy, is an ordinary object or array. Most are, and need no closer look. */
export function isPlain(value: object): boolean {
  const prototype = ordinaryPrototype(Object.getPrototypeOf(value) as object | null);
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
  const global = globalName(value);
  if (global !== undefined) return `the global ${global}`;
  if (types.isGeneratorObject(value)) return 'a generator';
  if (types.isModuleNamespaceObject(value)) return 'a module namespace';
  if (types.isArgumentsObject(value)) return 'an arguments object';
  if (adviceOn(value) === undefined && isProxied(value)) return 'an object that inherits from a Proxy';
  const prototypes = prototypesOf(value);
  if (prototypes.length === 0) return 'an object without a prototype';
  const name = tagOf(prototypes[0]) ?? classNames(prototypes)[0] ?? 'object';
  return `${withArticle(name)}${origin(prototypes)}`;
}

/** The names of the classes of an object, its own first. */
export function classNames(prototypes: readonly object[]): string[] {
  return prototypes.flatMap((prototype) => classNameOf(constructorOf(prototype)) ?? []);
}

/** The prototypes of an object, nearest first, as if it were not frozen. Ends at a Proxy, whose traps must not run. */
export function prototypesOf(value: object): object[] {
  const prototypes: object[] = [];
  let next: object | null = types.isProxy(value)
    ? null
    : ordinaryPrototype(Object.getPrototypeOf(value) as object | null);
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
  if (prototypes.some(isEmitting)) return emitterKind(value, prototypes, names);
  const platformClass = prototypes.map(constructorOf).find((constructor) => platformOf(constructor) !== undefined);
  const name = classNameOf(platformClass);
  if (name === undefined || isData(value, name) || prototypes.includes(Error.prototype)) return undefined;
  return tagOf(prototypes[0])?.startsWith('WebAssembly.') === true ? 'wasm' : (platformKinds[name] ?? 'platform');
}

function emitterKind(value: object, prototypes: readonly object[], names: readonly string[]): RefusedKind {
  const known = names.find((name) => Object.hasOwn(emitterKinds, name));
  if (known !== undefined) return emitterKinds[known]!;
  if (value === process.stdout || value === process.stderr) return 'output';
  if (names.some((name) => connectionNames.test(name))) return 'connection';
  if (prototypes.includes(Writable.prototype)) return 'sink';
  return prototypes.includes(Stream.prototype) ? 'stream' : 'emitter';
}

/** Of `EventEmitter`, be it by inheritance or mixed in. */
function isEmitting(prototype: object): boolean {
  return Object.getOwnPropertyDescriptor(prototype, 'emit')?.value === EventEmitter.prototype.emit;
}

/** The console, or one of a library: it emits events, and has a method for each level. */
function isLogger(value: object, prototypes: readonly object[]): boolean {
  if (value === console) return true;
  const places = [value, ...prototypes];
  return prototypes.some(isEmitting) && ['info', 'warn', 'error'].every((name) => hasMethod(places, name));
}

export function hasMethod(places: readonly object[], name: string): boolean {
  return places.some((place) => typeof Object.getOwnPropertyDescriptor(place, name)?.value === 'function');
}

/** The name of an object that every process has one of, by which it is found there. */
function globalName(value: object): string | undefined {
  if (value === globalThis) return 'globalThis';
  if (isPlain(value) && !isOdd(value)) return undefined;
  const tag = tagOf(value) ?? tagOf(prototypesOf(value)[0]) ?? '';
  const name = Object.hasOwn(globalNames, tag) ? globalNames[tag]! : '';
  return name !== '' && Reflect.get(globalThis, name) === value ? name : undefined;
}

/** By what they say of themselves. */
const globalNames: Readonly<Record<string, string>> = {
  Math: 'Math',
  JSON: 'JSON',
  Reflect: 'Reflect',
  Intl: 'Intl',
  Atomics: 'Atomics',
  WebAssembly: 'WebAssembly',
  process: 'process',
  Crypto: 'crypto',
  Performance: 'performance',
  Navigator: 'navigator',
};

/** The classes of the language that the copier rebuilds, if perhaps without what was added to them. */
function isData(value: object, name: string): boolean {
  if (name === 'Object') {
    const tag = tagOf(Object.getPrototypeOf(value) as object) ?? '';
    return !/^(?:Intl|Temporal|WebAssembly)\./.test(tag);
  }
  return Array.isArray(value) || isExotic(value) || name === 'Stats' || name === 'Dirent';
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
  ReadableStreamDefaultReader: 'stream',
  WritableStream: 'sink',
  TransformStream: 'stream',
  CompressionStream: 'stream',
  DecompressionStream: 'stream',
  TextDecoderStream: 'stream',
  MessagePort: 'port',
  MessageChannel: 'port',
  BroadcastChannel: 'port',
  CryptoKey: 'key',
  KeyObject: 'key',
  AsyncLocalStorage: 'store',
  WebSocket: 'connection',
  DatabaseSync: 'connection',
  StatementSync: 'connection',
  Dir: 'file',
  WeakRef: 'weak',
  FinalizationRegistry: 'weak',
};

/** Likewise, of classes that emit events. */
const emitterKinds: Readonly<Record<string, RefusedKind>> = {
  FileHandle: 'file',
  Hash: 'platform',
  Hmac: 'platform',
  FSWatcher: 'watcher',
  StatWatcher: 'watcher',
  ChildProcess: 'program',
  Worker: 'thread',
  Interface: 'lines',
  Server: 'server',
  Http2Server: 'server',
  Http2SecureServer: 'server',
  WebSocketServer: 'server',
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
  Stats: ['fs'],
  Dirent: ['fs'],
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
    const { [name]: exported } = (process.getBuiltinModule(`node:${module}`) ?? {}) as Record<string, unknown>;
    // What is deprecated is wrapped, but for its prototype.
    return typeof exported === 'function' && exported.prototype === constructor!.prototype;
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
  if (baseName === 'Object') return ' (class instance)';
  return baseName === classNames(prototypes)[0] ? '' : ` (extends ${baseName})`;
}

/** Whether the class was made in another context of `node:vm`, where even `Object` is another. */
export function isForeign(prototype: object | undefined): boolean {
  const constructor = prototype === undefined ? undefined : constructorOf(prototype);
  return constructor !== undefined && !prototypesOf(constructor).includes(Function.prototype);
}

/** What tells where a thing comes from: its class, or if that cannot be had, the methods of it; a function itself. */
export function makersOf(value: unknown): readonly object[] {
  if (adviceOn(value) !== undefined) return [];
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
  if (adviceOn(callable) !== undefined) return 'a task';
  const isClass = /^class\b/.test(Function.prototype.toString.call(callable));
  return isClass ? `the class ${classNameOf(callable as Constructor) ?? '(anonymous)'}` : 'a function';
}

function tagOf(prototype: object | undefined): string | undefined {
  if (prototype === undefined) return undefined;
  const tag: unknown = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
  return typeof tag === 'string' && tag !== '' ? tag : undefined;
}
