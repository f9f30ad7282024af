// A value that `isExact` has passed, one step at a time, in an order that depends on its content alone.

import { types } from 'node:util';
import { Envelope } from '../values/envelope.ts';
import { hasElementsOnly, isSparse } from '../values/exactness.ts';
import { ownPrefix } from '../values/types.ts';

/** Stands where an array has no element. */
export const hole = Symbol('hole');

/** Memory, to be taken as it is. */
export class Bytes {
  readonly bytes: Uint8Array;

  constructor(view: ArrayBufferView | ArrayBuffer) {
    this.bytes = ArrayBuffer.isView(view)
      ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
      : new Uint8Array(view);
  }
}

/** What an object is, and what it is made of: primitives, objects, holes and `Bytes`. */
export interface Content {
  readonly kind: string;
  readonly parts: readonly unknown[];
}

export function contentOf(value: object): Content {
  if (Array.isArray(value)) return arrayContent(value);
  if (types.isMap(value)) return { kind: 'Map', parts: mapParts(value) };
  if (types.isSet(value)) return { kind: 'Set', parts: inOrder([...value], (item) => item) };
  if (types.isDate(value)) return { kind: 'Date', parts: [value.getTime()] };
  if (types.isRegExp(value)) return { kind: 'RegExp', parts: [value.source, value.flags] };
  // The stack tells where it was made, not what it is.
  if (types.isNativeError(value)) return { kind: classOf(value), parts: errorParts(value) };
  if (Envelope.is(value)) return { kind: 'envelope', parts: [value.tag, dataIn(value)] };
  if (ArrayBuffer.isView(value) || types.isArrayBuffer(value))
    return { kind: classOf(value), parts: [new Bytes(value)] };
  if (types.isBoxedPrimitive(value)) return { kind: classOf(value), parts: [value.valueOf()] };
  return { kind: '{', parts: fieldParts(value, Object.keys(value).sort()) };
}

function arrayContent(array: readonly unknown[]): Content {
  if (isSparse(array)) return { kind: `sparse ${array.length}`, parts: fieldParts(array, Object.keys(array).sort()) };
  const elements = array.includes(undefined) ? withHoles(array) : array;
  const isPlain = elements === array && hasElementsOnly(array);
  const names = isPlain ? [] : Object.keys(array).filter((key) => !/^\d+$/.test(key));
  if (names.length === 0) return { kind: '[', parts: elements };
  return { kind: `[ ${array.length}`, parts: [...elements, ...fieldParts(array, names.sort())] };
}

function withHoles(array: readonly unknown[]): unknown[] {
  return Array.from(array, (element, at) => (element === undefined && !(at in array) ? hole : element));
}

function fieldParts(owner: object, keys: readonly string[]): unknown[] {
  const parts: unknown[] = [];
  for (const key of keys) parts.push(key, (owner as Record<string, unknown>)[key]);
  return parts;
}

function mapParts(map: ReadonlyMap<unknown, unknown>): unknown[] {
  return inOrder([...map], ([key]) => key).flat(1);
}

function errorParts(error: Error): unknown[] {
  const parts: unknown[] = [error.message];
  if (Object.hasOwn(error, 'cause')) parts.push(error.cause);
  return parts;
}

/** Of an error with fields of its own, what is in the envelope is a record with its stack. */
function dataIn({ tag, data }: Envelope): unknown {
  const isOurs = tag.startsWith(ownPrefix) && typeof data === 'object' && data !== null;
  return isOurs && 'classes' in data && 'stack' in data ? { ...data, stack: '' } : data;
}

/** First what has a primitive as its key, sorted; then what has an object, which has no order, as it was added. */
function inOrder<T>(items: readonly T[], keyOf: (item: T) => unknown): T[] {
  const keyed = items.map((item) => ({ item, text: sortText(keyOf(item)) }));
  const sorted = keyed.filter(({ text }) => text !== '').sort((a, b) => (a.text < b.text ? -1 : 1));
  return [...sorted, ...keyed.filter(({ text }) => text === '')].map(({ item }) => item);
}

/** No two primitives have the same text; an object has none. */
function sortText(key: unknown): string {
  return typeof key === 'object' && key !== null ? '' : `${typeof key} ${String(key)}`;
}

/** The value is exact, so its prototype is the real one. */
function classOf(value: object): string {
  return (Object.getPrototypeOf(value) as { constructor: { name: string } }).constructor.name;
}
