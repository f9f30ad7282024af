// What is inside a value, one step down, and how a person writes that step: `.rows`, `[0]`, `.get("a")`. Only the slow
// path comes here. It reads what the copier would read: it calls an own getter, as the copier does, and nothing else.

import { types } from 'node:util';
import { Envelope } from './envelope.ts';
import { isSparse } from './exactness.ts';

/** One step down from a value. `threw` stands in place of a value whose getter threw. */
export interface Member {
  readonly step: string;
  readonly value: unknown;
  readonly threw?: string;
}

/** Everything that the copier would read in `value`, which is not a Proxy, as far as it is of interest. */
export function membersOf(value: object, isOfInterest: (member: unknown) => boolean = isOpaque): Member[] {
  if (types.isNativeError(value)) return Object.hasOwn(value, 'cause') ? readAll(value, ['cause'], isOfInterest) : [];
  if (Envelope.is(value))
    return isOpaque(value.data) && !value.isShared ? [{ step: '.encode()', value: value.data }] : [];
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return [];
  if (types.isMap(value)) return mapMembers(value).filter((each) => isOfInterest(each.value));
  if (types.isSet(value)) {
    const items = [...Set.prototype.values.call(value)].map((item, at) => ({ step: `.item(${at})`, value: item }));
    return items.filter((item) => isOfInterest(item.value));
  }
  return Array.isArray(value) ? arrayMembers(value, isOfInterest) : readAll(value, Object.keys(value), isOfInterest);
}

/** Whether there may be more to a value than a primitive that always travels. */
function isOpaque(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol';
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

/** The value of a property, or what its getter threw. */
export function read(owner: object, key: string | number): { readonly value: unknown; readonly threw?: string } {
  try {
    return { value: (owner as Record<string | number, unknown>)[key] };
  } catch (error) {
    return { value: undefined, threw: textOf(error) };
  }
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

function arrayMembers(array: readonly unknown[], isOfInterest: (member: unknown) => boolean): Member[] {
  if (isSparse(array)) return readAll(array, Object.keys(array), isOfInterest);
  const members: Member[] = [];
  for (let index = 0; index < array.length; index += 1) {
    const { value, threw } = read(array, index);
    if (isOfInterest(value) || threw !== undefined) members.push(member(`[${index}]`, value, threw));
  }
  return [...members, ...readAll(array, namedKeys(array), isOfInterest)];
}

/** The keys of an array that are no indices. */
export function namedKeys(array: readonly unknown[]): string[] {
  const keys = Object.keys(array);
  return keys.slice(keys.findLastIndex(isIndex) + 1);
}

/** Not every number is: `'007'` is a name, and so is what is beyond the length that a list may have. */
function isIndex(key: string): boolean {
  const index = Number(key) >>> 0;
  return String(index) === key && index < 2 ** 32 - 1;
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

function readAll(owner: object, keys: readonly string[], isOfInterest: (member: unknown) => boolean): Member[] {
  return keys.flatMap((key) => {
    const { value, threw } = read(owner, key);
    return isOfInterest(value) || threw !== undefined ? member(stepTo(key), value, threw) : [];
  });
}

function member(step: string, value: unknown, threw: string | undefined): Member {
  return threw === undefined ? { step, value } : { step, value, threw };
}
