// Types that the copier cannot rebuild by itself, and the functions of the user that can. A type is found by its class
// when it is sent, and by its tag when it arrives. Where it was registered, and so how it comes to be there too, is no
// business of this room: see `engine/types.ts`.

import { types as kinds } from 'node:util';
import { ordinaryPrototype } from './deep-frozen.ts';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { processWide } from '../lib/process-wide.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { EnvelopeChange } from './envelope.ts';

/** How instances of a class travel. */
export interface TypeCodec<T, Data> {
  /** Names the type to the other side: unique, and the same there. */
  readonly tag: string;
  /** What is to be sent of an instance: anything that travels, instances of other registered types included. */
  readonly encode: (value: T) => Data;
  /** The instance again. Data that holds the instance itself cannot be made into one. */
  readonly decode: (data: Data) => T;
}

/** How errors of a class are rebuilt. */
export interface ErrorCodec<E> {
  /** Names the class to the other side; its own name by default. */
  readonly tag?: string;
  /**
   * The error again, from one that has its message, `code`, `cause` and all other fields that could be sent. Those are
   * put on what it returns too. Without it, no constructor is called, and private fields (`#field`) are not there.
   */
  readonly decode?: (error: Error & Readonly<Record<string, unknown>>) => E;
}

/** Any class, whatever its constructor takes or however hidden it is. */
export interface ClassOf<T> {
  readonly prototype: T;
  readonly name: string;
}

export interface RegisteredType {
  readonly tag: string;
  readonly name: string;
  readonly encode: (value: object) => unknown;
  readonly decode: (data: unknown) => unknown;
  /** In which way what arrives is not the same, though it was registered. */
  readonly changeOf?: (value: object, data: unknown) => EnvelopeChange | undefined;
}

export interface RegisteredError {
  readonly tag: string;
  readonly name: string;
  readonly prototype: object;
  readonly decode: ErrorCodec<Error>['decode'];
}

export type Registered = RegisteredType | RegisteredError;

const registry = processWide('types', () => ({
  byPrototype: new Map<object, RegisteredType>(),
  byTag: new Map<string, RegisteredType>(),
  errors: new Map<object, RegisteredError>(),
  errorsByTag: new Map<string, RegisteredError>(),
}));

/** Types of the platform that were not looked at yet, by the names of their classes. */
const late = new Map<string, { readonly load: () => ClassOf<object>; readonly type: RegisteredType }>();

export const ownPrefix = 'heddle:';
export const sharedViewTag = 'heddle:a view of a SharedArrayBuffer';
const tagRule = {
  expected: `a text that is not empty and does not begin with '${ownPrefix}'`,
  holds: (tag: unknown) => rules.text.holds(tag) && !String(tag).startsWith(ownPrefix),
};

/** What it would give is a Promise, and what it throws would end the process. */
const codecRule = {
  expected: 'a function that is not async',
  holds: (value: unknown) => typeof value === 'function' && !kinds.isAsyncFunction(value),
  got: (value: unknown) => (kinds.isAsyncFunction(value) ? 'an async one' : describe(value)),
};

/** Throws a `UsageError` for what cannot be registered, or a tag that another class has. */
export function registerType<T extends object, Data>(type: ClassOf<T>, codec: TypeCodec<T, Data>): RegisteredType {
  const name = nameOfClass('registerType', type);
  const owner = `registerType(${name})`;
  checkOptions(owner, codec, { tag: tagRule, encode: codecRule, decode: codecRule });
  for (const option of ['tag', 'encode', 'decode'] as const) {
    if (codec[option] !== undefined) continue;
    throw new UsageError('INVALID_OPTION', `${owner} needs the option '${option}'`, { owner, option });
  }
  const { prototype } = type;
  if (isRebuiltAnyway(prototype)) {
    const message = `${owner}: a ${name} travels as it is, so there is nothing to register`;
    throw new UsageError('INVALID_TYPE', message);
  }
  if (prototype instanceof Error) {
    throw new UsageError('INVALID_TYPE', `${owner}: ${name} is a class of errors. Use registerError(${name}).`);
  }
  const { tag, encode, decode } = codec as unknown as RegisteredType;
  assertFree(owner, tag, { name, other: registry.byTag.get(tag)?.name });
  return add(prototype, { tag, name, encode, decode });
}

/** Likewise, for a class of errors. */
export function registerError<E extends Error>(type: ClassOf<E>, codec: ErrorCodec<E> = {}): RegisteredError {
  const name = nameOfClass('registerError', type);
  const owner = `registerError(${name})`;
  checkOptions(owner, codec, { tag: tagRule, decode: codecRule });
  if (!(type.prototype instanceof Error)) {
    throw new UsageError('INVALID_TYPE', `${owner}: ${name} is no class of errors. Use registerType(${name}, …).`);
  }
  const { tag = name, decode } = codec;
  assertFree(owner, tag, { name, other: registry.errorsByTag.get(tag)?.name });
  const registered = { tag, name, prototype: type.prototype, decode };
  registry.errors.set(type.prototype, registered);
  registry.errorsByTag.set(tag, registered);
  return registered;
}

/** From here on, a tag stands for this one of several classes of one name. */
export function useTypes(types: readonly Registered[]): void {
  for (const each of types) {
    if ('encode' in each) registry.byTag.set(each.tag, each);
    else registry.errorsByTag.set(each.tag, each);
  }
}

interface BuiltInCodec<T> extends Pick<RegisteredType, 'changeOf'> {
  readonly encode: (value: T) => unknown;
  readonly decode: (data: never) => T;
}

/** For a type of the platform: it is registered wherever this package is. */
export function registerBuiltIn<T extends object>(type: ClassOf<T>, codec: BuiltInCodec<T>): void {
  const { name } = type;
  add(type.prototype, { ...codec, tag: ownPrefix + name, name } as RegisteredType);
}

/**
 * The same for a class that is costly to look at, because it is loaded then: `load` is called when there is a value of
 * a class of this name.
 */
export function registerBuiltInLate<T extends object>(
  name: string,
  load: () => ClassOf<T>,
  codec: BuiltInCodec<T>,
): void {
  const tag = ownPrefix + name;
  const type = { ...codec, tag, name } as RegisteredType;
  registry.byTag.set(tag, type);
  late.set(name, { load, type });
}

/** For what is put into envelopes by another rule than its class. */
export function registerTag(tag: string, decode: (data: never) => unknown): void {
  const encode = (value: object) => value;
  registry.byTag.set(tag, { tag, name: tag, encode, decode: decode as (data: unknown) => unknown });
}

/** How an object is to be sent whose own class is registered. All errors go the same way. */
export function typeOf(value: object): RegisteredType | undefined {
  const own = Object.getPrototypeOf(value) as object | null;
  const prototype: unknown = kinds.isNativeError(value) ? Error.prototype : ordinaryPrototype(own);
  const type = registry.byPrototype.get(prototype as object) ?? lateTypeOf(prototype);
  return prototype === Error.prototype && !kinds.isNativeError(value) ? undefined : type;
}

function lateTypeOf(prototype: unknown): RegisteredType | undefined {
  // Whatever is asked of a Proxy would run a trap.
  if (typeof prototype !== 'object' || prototype === null || kinds.isProxy(prototype)) return undefined;
  const { value: constructor } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {};
  if (typeof constructor !== 'function' || kinds.isProxy(constructor)) return undefined;
  const found = late.get(Object.getOwnPropertyDescriptor(constructor, 'name')?.value as string);
  return found?.load().prototype === prototype ? add(prototype, found.type) : undefined;
}

/** The nearest registered class of an error, given its prototypes. */
export function errorTypeOf(prototypes: readonly object[]): RegisteredError | undefined {
  const known = prototypes.find((prototype) => registry.errors.has(prototype));
  return known && registry.errors.get(known);
}

export function errorTypeNamed(tag: string): RegisteredError | undefined {
  return registry.errorsByTag.get(tag);
}

export function isRegistered(tag: string): boolean {
  return registry.byTag.has(tag);
}

/** The instance again. Throws `TYPE_NOT_REGISTERED` or `TYPE_CODEC_FAILED`. */
export function decodeTyped(tag: string, data: unknown): unknown {
  const type = registry.byTag.get(tag);
  if (type === undefined) throw notRegistered(tag);
  const subject = `the decode() that is registered for type '${tag}'`;
  let made: unknown;
  try {
    made = type.decode(data);
  } catch (cause) {
    const message = `${subject} threw where a value of it arrived: ${messageIn(cause)}`;
    throw new HeddleError('TYPE_CODEC_FAILED', message, { tag, cause });
  }
  if (typeof made === 'object' && made !== null && !kinds.isPromise(made)) return made;
  const gave = describe(muted(made));
  const message = `${subject} gave ${gave} where a value of it arrived: it must return the instance, at once`;
  throw new HeddleError('TYPE_CODEC_FAILED', message, { tag });
}

/** A Promise that nobody waits for ends the process when it is rejected. */
export function muted(made: unknown): unknown {
  try {
    if (kinds.isPromise(made)) void Promise.prototype.then.call(made, undefined, () => {});
  } catch {
    // Its class does not let another of it be made, which is what waiting does.
  }
  return made;
}

export function notRegistered(tag: string): HeddleError {
  const name = tag.slice(ownPrefix.length);
  const remedy = tag.startsWith(ownPrefix)
    ? `${name} is a class of the platform that Node ${process.version} does not have: run both ends on a Node that ` +
      `does, or send a text.`
    : `Call registerType(…, { tag: '${tag}', … }) at the top level of a module, which workers can import.`;
  const message = `a value of type '${tag}' arrived where no such type is registered. ${remedy}`;
  return new HeddleError('TYPE_NOT_REGISTERED', message, { tag });
}

function add(prototype: object, type: RegisteredType): RegisteredType {
  registry.byPrototype.set(prototype, type);
  registry.byTag.set(type.tag, type);
  return type;
}

/**
 * A class of the same name is taken for the same class: its module may be loaded twice in one thread, in two bundles.
 */
function assertFree(owner: string, tag: string, { name, other }: { name: string; other: string | undefined }): void {
  if (other === undefined || other === name) return;
  const message = `${owner}: the tag '${tag}' is that of the class ${other}. Tags tell types apart: choose another.`;
  throw new UsageError('TYPE_TAG_TAKEN', message, { tag });
}

function nameOfClass(call: string, type: unknown): string {
  const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
  if (typeof prototype === 'object' && prototype !== null) return String((type as { name: unknown }).name);
  throw new UsageError('INVALID_TYPE', `${call}() takes a class first; got ${describe(type)}`);
}

const rebuilt: readonly unknown[] = [Object, Array, Map, Set, Date, RegExp, ArrayBuffer, DataView, Buffer, Promise];

function isRebuiltAnyway(prototype: object): boolean {
  if (rebuilt.includes(prototype.constructor)) return true;
  return Object.getPrototypeOf(prototype) === Object.getPrototypeOf(Uint8Array.prototype);
}
