// The always-on question: would the copier (`v8.serialize`) rebuild exactly this? It answers yes or no and never says
// where or why; `diagnosis.ts` does, when the answer is no.
//
// Exact means what a program can see by reading: the same values, keys, holes, prototypes and shared references. The
// scan does not look at property attributes (frozen, hidden; an own getter arrives as the value it gave), nor at
// whether two views share one buffer.

import { inspect, types } from 'node:util';
import { frozenPrototype, ordinaryPrototype } from './deep-frozen.ts';
import { Envelope } from './envelope.ts';
import { viewClasses } from './view-classes.ts';

/** Deeper values are refused: the copier recurses, and gives up at about 1,600 levels when the stack is all its own. */
export const maxDepth = 1_000;

/** An envelope is written and read by functions of ours, which take as much of the stack as so many levels. */
const envelopeLevels = 3;
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
    const verdict = scanQuickly(value, 0, { stepsLeft: quickSteps });
    return verdict === 'unsure' ? scanThoroughly(value) : verdict;
  } catch {
    // A getter threw. The diagnosis meets it again, and names it.
    return 'inexact';
  }
}

function isExactPrimitive(value: unknown): boolean {
  return typeof value !== 'function' && typeof value !== 'symbol';
}

interface Budget {
  stepsLeft: number;
}

/** Remembers nothing of a tree, and so follows a shared part as often as it is met: hence the budget. */
function scanQuickly(value: object, depth: number, budget: Budget): Verdict {
  if (types.isProxy(value)) return 'inexact';
  if (depth > quickDepth || budget.stepsLeft < 0) return 'unsure';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return scanObject(value, depth, budget);
  const members = exactMembers(value, prototype);
  if (members === undefined) return 'inexact';
  budget.stepsLeft -= members.length;
  for (let index = 0; index < members.length; index += 1) {
    const member = members[index];
    if (typeof member === 'object' && member !== null) {
      const verdict = scanQuickly(member, depth + 1, budget);
      if (verdict !== 'exact') return verdict;
    } else if (!isExactPrimitive(member)) return 'inexact';
  }
  return 'exact';
}

/** Does not collect the members first, which would take half as long again: most of what there is are rows. */
function scanObject(value: object, depth: number, budget: Budget): Verdict {
  if (isOdd(value) || isDressedUp(value)) return 'inexact';
  for (const key in value) {
    budget.stepsLeft -= 1;
    const member: unknown = (value as Record<string, unknown>)[key];
    if (typeof member === 'object' && member !== null) {
      const verdict = scanQuickly(member, depth + 1, budget);
      if (verdict !== 'exact') return verdict;
    } else if (!isExactPrimitive(member)) return 'inexact';
  }
  return 'exact';
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
    const members = types.isProxy(value) ? undefined : exactMembers(value, Object.getPrototypeOf(value));
    if (members === undefined) return 'inexact';
    for (let index = members.length - 1; index >= 0; index -= 1) {
      const member = members[index];
      if (typeof member === 'object' && member !== null) {
        stack.push(member);
        depths.push(depth + levelsOf(value));
      } else if (!isExactPrimitive(member)) return 'inexact';
    }
  }
  return 'exact';
}

/** How much deeper the copier is in what is inside of `value`. */
export function levelsOf(value: object): number {
  return Envelope.is(value) ? envelopeLevels : 1;
}

/** What the copier reads in a value that is itself exact; `undefined` when it is not. */
function exactMembers(value: object, prototype: unknown): readonly unknown[] | undefined {
  if (prototype === Object.prototype) return isOdd(value) || isDressedUp(value) ? undefined : Object.values(value);
  if (prototype === Array.prototype && Array.isArray(value)) {
    if (isOdd(value)) return undefined;
    return value.length >= longList && hasElementsOnly(value) && !isSparse(value) ? value : Object.values(value);
  }
  const ofNative = exactNatives.get(prototype);
  if (ofNative !== undefined) return ofNative(value);
  const ordinary = ordinaryPrototype(prototype as object | null);
  return ordinary === prototype ? undefined : exactMembers(value, ordinary);
}

/** Besides symbol keys this finds `arguments`, `Math` and their like, which only look like plain objects. */
export function isOdd(value: object): boolean {
  return Object.getOwnPropertySymbols(value).length > 0;
}

/** From this length on, it is cheaper to ask whether a list has properties besides its elements than to collect all. */
const longList = 256;
/** Below this length, it is cheaper to collect the keys. */
const fewElements = 5;
/** Every option that counts, since the user may have set `inspect.defaultOptions`. */
const elementsHidden = {
  maxArrayLength: 0,
  depth: 0,
  customInspect: false,
  showHidden: false,
  getters: false,
  sorted: false,
  colors: false,
};

/** Whether there are no properties besides the elements, or as many as there are holes. */
export function hasElementsOnly(list: readonly unknown[] | NodeJS.TypedArray): boolean {
  if (list.length < fewElements) return Object.keys(list).length === list.length;
  if (list.length < longList) return Object.values(list).length === list.length;
  // Node shows what a list has besides its elements; nothing else tells that without going through those.
  return !inspect(list, elementsHidden).includes(',');
}

/**
 * Whether what has no symbol keys, and the prototype of ordinary objects, was something else before it got that: the
 * same as `isExotic`, for each of the many objects there are. Lists, dates and errors say so in one text.
 */
export function isDressedUp(value: object): boolean {
  return Object.prototype.toString.call(value) !== '[object Object]' || isNamedByClass(value);
}

/** What `Object.setPrototypeOf` can dress up as an ordinary object. */
export function isExotic(value: object): boolean {
  const saysSo = types.isNativeError(value) || types.isDate(value) || types.isRegExp(value) || Array.isArray(value);
  return saysSo || isNamedByClass(value);
}

/** What says of which kind it is only while it has the prototype of its class. */
function isNamedByClass(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isPromise(value) ||
    types.isBoxedPrimitive(value) ||
    types.isGeneratorObject(value)
  );
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

type Look = (value: object) => readonly unknown[] | undefined;

const nothing: readonly unknown[] = [];

/** By prototype: what is inside an object that has it, if that is the real thing, and has nothing the copier loses. */
const exactNatives: ReadonlyMap<unknown, Look> = new Map<unknown, Look>([
  ...whetherFrozen(Map.prototype, (value) => (types.isMap(value) && isBare(value) ? [...value].flat(1) : undefined)),
  ...whetherFrozen(Set.prototype, (value) => (types.isSet(value) && isBare(value) ? [...value] : undefined)),
  ...whetherFrozen(
    Date.prototype,
    leaf((value) => types.isDate(value) && isBare(value)),
  ),
  [Envelope.prototype, (value) => (Envelope.is(value) ? envelopeMembers(value) : undefined)],
  [RegExp.prototype, leaf((value) => types.isRegExp(value) && value.lastIndex === 0 && isBare(value, 1))],
  [ArrayBuffer.prototype, leaf((value) => types.isArrayBuffer(value) && !value.detached && isBare(value))],
  [Number.prototype, leaf((value) => types.isNumberObject(value) && isBare(value))],
  [Boolean.prototype, leaf((value) => types.isBooleanObject(value) && isBare(value))],
  [BigInt.prototype, leaf((value) => types.isBigIntObject(value) && isBare(value))],
  [String.prototype, leaf((value) => types.isStringObject(value) && isBare(value, value.length + 1))],
  [DataView.prototype, leaf((value) => types.isDataView(value) && hasOrdinaryMemory(value) && isBare(value))],
  ...viewClasses
    .filter((type) => type !== DataView)
    .map((type): [unknown, Look] => {
      const kind = type === Buffer ? 'Uint8Array' : type.name;
      return [type.prototype, leaf((value) => isExactTypedArray(value, kind))];
    }),
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type): [unknown, Look] => [
    type.prototype,
    (value) => (isExactError(value) ? [value.cause] : undefined),
  ]),
]);

/** What many runs share is frozen. */
function whetherFrozen(prototype: object, look: Look): readonly [unknown, Look][] {
  return [prototype, frozenPrototype(prototype)].map((each) => [each, look]);
}

function leaf(isExactLeaf: (value: object) => boolean): Look {
  return (value) => (isExactLeaf(value) ? nothing : undefined);
}

function envelopeMembers({ problem, change, isShared, data }: Envelope): readonly unknown[] | undefined {
  if (problem !== undefined || change !== undefined) return undefined;
  return isShared ? nothing : [data];
}

function isBare(value: object, ownKeys = 0): boolean {
  return Reflect.ownKeys(value).length === ownKeys;
}

const viewPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** The name of the class that a typed array was made by, whatever its prototype is now; of other things, nothing. */
export function kindOfView(value: object): string | undefined {
  return Reflect.get(viewPrototype, Symbol.toStringTag, value) as string | undefined;
}

function isExactTypedArray(value: object, kind: string): boolean {
  if (kindOfView(value) !== kind || !hasOrdinaryMemory(value as NodeJS.TypedArray)) return false;
  return !isOdd(value) && hasElementsOnly(value as NodeJS.TypedArray);
}

/** The copier makes shared memory private, and fixes the length of a view that follows its buffer. */
export function hasOrdinaryMemory(view: { readonly buffer: ArrayBufferLike }): boolean {
  return types.isArrayBuffer(view.buffer) && !view.buffer.detached && !view.buffer.resizable;
}

function isExactError(value: object): value is Error {
  if (!types.isNativeError(value) || typeof value.stack !== 'string' || typeof value.message !== 'string') return false;
  // The copier does not ask a getter for either.
  return Reflect.ownKeys(value).every((key) => {
    return key === 'stack' || ((key === 'message' || key === 'cause') && isData(value, key));
  });
}

function isData(owner: object, key: string): boolean {
  return Object.hasOwn(Object.getOwnPropertyDescriptor(owner, key)!, 'value');
}
