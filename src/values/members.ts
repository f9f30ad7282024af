// What is inside a value, one step down, and how a person writes that step: `.rows`, `[0]`, `.get("a")`. Only the slow
// path comes here. It reads what the copier would read, so it calls an own getter, as the copier does, and nothing else.

import { types } from 'node:util';
import { isSparse } from './exactness.ts';

/** One step down from a value. `threw` stands in place of a value whose getter threw. */
export interface Member {
  readonly step: string;
  readonly value: unknown;
  readonly threw?: string;
}

/** Everything that the copier would read in `value`, which is not a Proxy. */
export function membersOf(value: object): Member[] {
  if (types.isNativeError(value)) {
    return Object.hasOwn(value, 'cause') ? [read(value, 'cause')] : [];
  }
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return [];
  if (types.isMap(value)) return mapMembers(value);
  if (types.isSet(value))
    return [...Set.prototype.values.call(value)].map((item, at) => ({ step: `.item(${at})`, value: item }));
  if (Array.isArray(value)) return arrayMembers(value);
  return Object.keys(value).map((key) => read(value, key));
}

/** How a person writes the step to a property. */
export function stepTo(key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  if (/^(?:0|[1-9]\d*)$/.test(key)) return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${shorten(key)}` : `[${JSON.stringify(shorten(key))}]`;
}

/** Long texts keep both ends, since the end of a path says more than its middle. */
export function shorten(text: string, length = 120): string {
  if (text.length <= length) return text;
  const half = Math.floor((length - 3) / 2);
  return `${text.slice(0, half)} … ${text.slice(-half)}`.toWellFormed();
}

/** The text of an error of the user, whatever the user made of it. */
export function textOf(thrown: unknown): string {
  try {
    const text: unknown = types.isNativeError(thrown) ? thrown.message : thrown;
    return typeof text === 'string' ? shorten(text) : `a thrown ${typeof text}`;
  } catch {
    return 'an error that cannot be read';
  }
}

function arrayMembers(array: readonly unknown[]): Member[] {
  if (isSparse(array)) return Object.keys(array).map((key) => read(array, key));
  const members: Member[] = [];
  // Holes are skipped: there is nothing in them to look at.
  for (const index of array.keys()) if (index in array) members.push(read(array, String(index)));
  return [...members, ...namedKeys(array).map((key) => read(array, key))];
}

function namedKeys(array: readonly unknown[]): string[] {
  const keys = Object.keys(array);
  return keys.slice(keys.findLastIndex((key) => /^\d+$/.test(key)) + 1);
}

function mapMembers(map: ReadonlyMap<unknown, unknown>): Member[] {
  return [...Map.prototype.entries.call(map)].flatMap(([key, value], at) => [
    { step: `.key(${at})`, value: key },
    { step: `.get(${keyText(key, at)})`, value },
  ]);
}

function keyText(key: unknown, at: number): string {
  if (typeof key === 'string') return JSON.stringify(shorten(key));
  return (typeof key === 'object' && key !== null) || typeof key === 'function' ? `key ${at}` : String(key);
}

function read(owner: object, key: string): Member {
  const step = stepTo(key);
  try {
    return { step, value: Reflect.get(owner, key) as unknown };
  } catch (error) {
    return { step, value: undefined, threw: textOf(error) };
  }
}
