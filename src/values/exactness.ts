// The always-on question: would the copier (`v8.serialize`) rebuild exactly this? It answers yes or no and never says
// where or why; `diagnosis.ts` does, when the answer is no.
//
// Exact means what a program can see by reading: the same values, keys, holes, prototypes and shared references. The
// scan does not look at property attributes (frozen, hidden; an own getter arrives as the value it gave), nor at
// whether two views share one buffer. Symbol keys, and named properties of arrays, cost as much to look for as all the
// rest, so a large value is only searched for them at first: a habit of the program shows in its first few hundred
// objects.

import { types } from 'node:util';
import { Envelope } from './envelope.ts';

/** Deeper values are refused: the copier recurses, and gives up at about 1,600 levels when the stack is all its own. */
export const maxDepth = 1_000;

/** Arrays and views up to this length are asked for properties besides their elements. */
export const namedUpTo = 64;
/** How many objects of a value the quick scan asks for symbol keys, and arrays for named properties. */
export const closeLooks = 256;
/** Past these the quick scan hands over to the thorough one: a cycle or a much shared part would keep it for ever. */
const quickDepth = 100;
const quickSteps = 200_000;

type Verdict = 'exact' | 'inexact' | 'too-deep' | 'unsure';

/** Whether the copier rebuilds `value` exactly. Never throws, and never runs the trap of a Proxy. */
export function isExact(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string' || verdictOn(value) === 'exact';
}

/** Whether nothing but its depth keeps `value` from travelling. */
export function isTooDeep(value: unknown): boolean {
  return verdictOn(value) === 'too-deep';
}

function verdictOn(value: unknown): Verdict {
  if (typeof value !== 'object' || value === null) return isExactPrimitive(value) ? 'exact' : 'inexact';
  try {
    const verdict = new QuickScan().scan(value, 0);
    return verdict === 'unsure' ? scanThoroughly(value) : verdict;
  } catch {
    // A getter threw. The diagnosis meets it again, and names it.
    return 'inexact';
  }
}

function isExactPrimitive(value: unknown): boolean {
  return typeof value !== 'function' && typeof value !== 'symbol';
}

/** Allocates nothing for a tree, and so follows a shared part as often as it is met: hence the budget. */
class QuickScan {
  #stepsLeft = quickSteps;
  #looksLeft = closeLooks;

  scan(value: object, depth: number): Verdict {
    if (types.isProxy(value)) return 'inexact';
    if (depth > quickDepth || this.#stepsLeft < 0) return 'unsure';
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#scanObject(value, depth);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#scanArray(value, depth);
    if (!isExactNative(value, prototype)) return 'inexact';
    return this.#scanEach(nativeMembers(value), depth);
  }

  #scanObject(value: object, depth: number): Verdict {
    // Besides real symbol keys this finds `arguments`, `Math` and their like, which only look like plain objects.
    if (this.#looksClosely() && Object.getOwnPropertySymbols(value).length > 0) return 'inexact';
    for (const key in value) {
      this.#stepsLeft -= 1;
      const member: unknown = (value as Record<string, unknown>)[key];
      const verdict = this.#scanMember(member, depth);
      if (verdict !== 'exact') return verdict;
    }
    return 'exact';
  }

  #scanArray(array: readonly unknown[], depth: number): Verdict {
    if (isSparse(array)) return 'unsure';
    this.#stepsLeft -= array.length;
    if (this.#looksClosely() && mayHaveNamed(array)) return 'unsure';
    return this.#scanEach(array, depth);
  }

  #looksClosely(): boolean {
    this.#looksLeft -= 1;
    return this.#looksLeft >= 0;
  }

  #scanEach(members: readonly unknown[], depth: number): Verdict {
    for (let index = 0; index < members.length; index += 1) {
      const verdict = this.#scanMember(members[index], depth);
      if (verdict !== 'exact') return verdict;
    }
    return 'exact';
  }

  #scanMember(member: unknown, depth: number): Verdict {
    if (typeof member === 'object' && member !== null) return this.scan(member, depth + 1);
    return isExactPrimitive(member) ? 'exact' : 'inexact';
  }
}

/**
 * Visits everything once, in the order of the copier: a value is first met at the depth at which the copier recurses
 * into it, which is what its stack must hold. (Members are pushed last first, and are seen when popped.)
 */
function scanThoroughly(root: object): Verdict {
  const stack = [root];
  const depths = [0];
  const seen = new Set<object>();
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    const depth = depths.pop()!;
    if (seen.has(value)) continue;
    if (depth > maxDepth) return 'too-deep';
    seen.add(value);
    const members = exactMembers(value);
    if (members === undefined) return 'inexact';
    for (let index = members.length - 1; index >= 0; index -= 1) {
      const member = members[index];
      if (typeof member === 'object' && member !== null) {
        stack.push(member);
        depths.push(depth + 1);
      } else if (!isExactPrimitive(member)) return 'inexact';
    }
  }
  return 'exact';
}

/** What is inside a value that is itself exact; `undefined` when it is not. */
function exactMembers(value: object): readonly unknown[] | undefined {
  if (types.isProxy(value)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value)) return arrayMembers(value);
  if (prototype === Object.prototype) {
    return Object.getOwnPropertySymbols(value).length > 0 ? undefined : Object.values(value);
  }
  return isExactNative(value, prototype) ? nativeMembers(value) : undefined;
}

function arrayMembers(array: readonly unknown[]): readonly unknown[] | undefined {
  if (Object.getOwnPropertySymbols(array).length > 0) return undefined;
  // The copier keeps the named properties of an array, so they only have to be exact themselves.
  return array.length <= namedUpTo || isSparse(array) ? Object.values(array) : array;
}

/** Whether walking a long array index by index would be walking over nothing, perhaps four thousand million times. */
export function isSparse(array: readonly unknown[]): boolean {
  if (array.length < 100_000) return false;
  let present = 0;
  for (let sample = 0; sample < 16; sample += 1) {
    if (Math.floor((sample / 16) * array.length) in array) present += 1;
  }
  return present < 8;
}

/** A hole and a named property may cancel out, so an array with a hole counts as one that may have both. */
function mayHaveNamed(array: readonly unknown[]): boolean {
  if (Object.getOwnPropertySymbols(array).length > 0) return true;
  return array.length <= namedUpTo && (Object.keys(array).length !== array.length || hasHole(array));
}

function hasHole(array: readonly unknown[]): boolean {
  for (let index = 0; index < array.length; index += 1) if (!(index in array)) return true;
  return false;
}

function nativeMembers(value: object): readonly unknown[] {
  if (types.isMap(value)) return [...value].flat(1);
  if (types.isSet(value)) return [...value];
  if (types.isNativeError(value)) return [value.cause];
  if (Envelope.is(value)) return value.isShared ? [] : [value.data];
  return [];
}

function isExactNative(value: object, prototype: unknown): boolean {
  return exactNatives.get(prototype)?.(value) ?? false;
}

/** By prototype: whether an object that has it is the real thing, and carries nothing that the copier leaves behind. */
const exactNatives: ReadonlyMap<unknown, (value: object) => boolean> = new Map<unknown, (value: object) => boolean>([
  [Date.prototype, (value) => types.isDate(value) && isBare(value)],
  [Map.prototype, (value) => types.isMap(value) && isBare(value)],
  [Set.prototype, (value) => types.isSet(value) && isBare(value)],
  [RegExp.prototype, (value) => types.isRegExp(value) && value.lastIndex === 0 && isBare(value, 1)],
  [ArrayBuffer.prototype, (value) => types.isArrayBuffer(value) && !value.detached && isBare(value)],
  [Number.prototype, (value) => types.isNumberObject(value) && isBare(value)],
  [Boolean.prototype, (value) => types.isBooleanObject(value) && isBare(value)],
  [BigInt.prototype, (value) => types.isBigIntObject(value) && isBare(value)],
  [String.prototype, (value) => types.isStringObject(value) && isBare(value, value.length + 1)],
  [Envelope.prototype, (value) => Envelope.is(value) && isIntact(value)],
  [DataView.prototype, (value) => types.isDataView(value) && hasOrdinaryMemory(value) && isBare(value)],
  ...[
    Buffer,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    ...('Float16Array' in globalThis ? [Reflect.get(globalThis, 'Float16Array') as { prototype: object }] : []),
  ].map((type): [unknown, (value: object) => boolean] => [type.prototype, isExactTypedArray]),
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (type): [unknown, (value: object) => boolean] => [type.prototype, isExactError],
  ),
]);

function isBare(value: object, ownKeys = 0): boolean {
  return Reflect.ownKeys(value).length === ownKeys;
}

function isExactTypedArray(value: object): boolean {
  if (!types.isTypedArray(value) || !hasOrdinaryMemory(value)) return false;
  return value.length > namedUpTo || isBare(value, value.length);
}

/** The copier makes shared memory private, and fixes the length of a view that follows its buffer. */
export function hasOrdinaryMemory(view: { readonly buffer: ArrayBufferLike }): boolean {
  return types.isArrayBuffer(view.buffer) && !view.buffer.detached && !view.buffer.resizable;
}

function isIntact({ problem, change }: Envelope): boolean {
  return problem === undefined && change === undefined;
}

function isExactError(value: object): boolean {
  if (!types.isNativeError(value) || typeof value.stack !== 'string' || typeof value.message !== 'string') return false;
  return Reflect.ownKeys(value).every((key) => key === 'stack' || key === 'message' || key === 'cause');
}
