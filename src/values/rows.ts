// Values that are much of the same, taken apart into columns: rows of the same keys, lists, dates, and what is within
// them. Whoever takes a value apart looks at all of it on the way, so nobody has to ask once more whether it is exact.

import { types } from 'node:util';
import {
  listOf,
  rowCodeOf,
  type Column,
  type Dates,
  type Lists,
  type Rows,
  type Taker,
  type Words,
} from './columns.ts';
import { ordinaryPrototype } from './deep-frozen.ts';
import { hasElementsOnly, isDressedUp, isOdd } from './exactness.ts';

/** Stands for a value that was taken apart, where that is to be encoded. */
export class Table {
  /** In which the value is alone. */
  readonly column: Column;

  constructor(column: Column) {
    this.column = column;
  }
}

/** With wider rows, taking them apart gains nothing. */
const mostKeys = 100;
const mostDepth = 8;
/** A column of fewer is written as it is. */
const leastWorded = 64;
/** Of so many, more than a few are different where it is not worth to look at all. */
const lookedAt = 32;
const fewWords = 8;
const mostWords = 256;
/** Of a list in a value that is alone: what has only shorter ones is as fast as it is. */
const leastListed = 64;
/** How deep such a list is looked for. */
const mostWrapped = 3;

const nothing: readonly object[] = [];

/**
 * A value with a long list in it by column; `undefined` for any other value, and when an object is in it twice, which
 * would not be so any more. What can be taken apart is exact: nobody has to look whether it is.
 */
export function takeTableApart(value: unknown): Table | undefined {
  try {
    if (!isWorthIt(value, mostWrapped)) return undefined;
    const column = new TakingApart({ areLookedAt: false }).values([value]);
    return column && new Table(column);
  } catch {
    // A getter threw. Whoever looks at the value more closely meets it again, and names it.
    return undefined;
  }
}

/** Whether there is a long list of rows in it, or of lists of numbers, perhaps wrapped in an object or some. */
function isWorthIt(value: unknown, levels: number): boolean {
  if (!isObject(value) || levels === 0 || types.isProxy(value)) return false;
  if (Array.isArray(value)) return value.length >= leastListed && isObject(value[0]) && !isOfTexts(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  let keys = 0;
  for (const key in value) {
    if ((keys += 1) > mostKeys) return false;
    if (isWorthIt((value as Record<string, unknown>)[key], levels - 1)) return true;
  }
  return false;
}

/** Lists of texts, in lists perhaps: to take them apart gains nothing. */
function isOfTexts(list: readonly unknown[]): boolean {
  let first = list[0];
  // No deeper than anything is taken apart: a list can be the first in itself.
  for (let depth = 0; depth < mostDepth && !types.isProxy(first) && Array.isArray(first); depth += 1) first = first[0];
  return !isObject(first) && typeof first !== 'number';
}

/**
 * Values that were looked at by column; `undefined` unless all are plain objects with the same keys in one order, and
 * what is in a column is primitive, or rows again, lists or dates, each of them there once.
 */
export function takeApart(values: readonly unknown[]): Column | undefined {
  return isPlainObject(values[0]) ? new TakingApart({ areLookedAt: true }).values(values) : undefined;
}

class TakingApart {
  /** Then nobody has to ask for symbols as keys. */
  readonly #areLookedAt: boolean;
  /** By kind, the objects of the first column of that kind: no two of them are the same. */
  readonly #first = new Map<string, readonly object[]>();
  /** The objects of all others, and those that look alike. */
  readonly #seen = new Set<object>();

  constructor({ areLookedAt }: { areLookedAt: boolean }) {
    this.#areLookedAt = areLookedAt;
  }

  values(values: readonly unknown[]): Column | undefined {
    const column = new Filling(values[0], values.length);
    for (let index = 0; index < values.length; index += 1) if (!column.put(index, values[index])) return undefined;
    return this.#column(column, 0);
  }

  #column(column: Filling, depth: number): Column | undefined {
    if (column.hasPrimitivesOnly) return wordsOf(column.members) ?? column.members;
    const members = column.members as readonly unknown[];
    if (column.hasObjectsOnly) return this.#objects(members as readonly object[], depth);
    const primitives: unknown[] = [];
    const places: number[] = [];
    for (let at = 0; at < members.length; at += 1) {
      const member = members[at];
      primitives.push(isObject(member) ? undefined : member);
      if (isObject(member)) places.push(at);
    }
    const objects = this.#objects(members.filter(isObject), depth);
    return objects && { primitives, places: Uint32Array.from(places), objects };
  }

  #objects(objects: readonly object[], depth: number): Column | undefined {
    if (depth > mostDepth || types.isProxy(objects[0])) return undefined;
    if (Array.isArray(objects[0])) return this.#lists(objects, depth);
    if (types.isDate(objects[0])) return this.#dates(objects);
    return this.#rows(objects, depth);
  }

  #rows(objects: readonly object[], depth: number): Rows | undefined {
    const [first] = objects;
    if (!isPlainObject(first)) return undefined;
    const keys = Object.keys(first);
    // Setting `__proto__` on an object makes no such key.
    if (keys.length === 0 || keys.length > mostKeys || keys.includes('__proto__')) return undefined;
    const fillings = keys.map((key) => new Filling(first[key], objects.length));
    const { take } = rowCodeOf(keys);
    for (let index = 0; index < objects.length; index += 1) {
      const row = objects[index]!;
      if (!isPlainObject(row) || !hasKeys(row, keys) || this.#isOdd(row)) return undefined;
      if (!take(row, index, fillings)) return undefined;
    }
    const alike = fillings.some(({ members }) => isRising(members)) ? nothing : objects;
    // One value may be in another one, or the same as that: they are read one by one.
    if (depth > 0 && !this.#areNew(JSON.stringify(keys), objects, alike)) return undefined;
    const columns: Column[] = [];
    for (const filling of fillings) {
      const column = this.#column(filling, depth + 1);
      if (column === undefined) return undefined;
      columns.push(column);
    }
    return { keys, columns };
  }

  #lists(objects: readonly object[], depth: number): Lists | undefined {
    const lengths = new Uint32Array(objects.length);
    let sum = 0;
    for (let at = 0; at < objects.length; at += 1) {
      const list = objects[at]!;
      if (!isBareList(list) || this.#isOdd(list)) return undefined;
      lengths[at] = list.length;
      sum += list.length;
    }
    const lists = objects as readonly (readonly unknown[])[];
    const elements = new Filling(lists.find((list) => list.length > 0)?.[0], sum);
    let start = 0;
    for (let at = 0; at < lists.length; at += 1) {
      const list = lists[at]!;
      if (!elements.putAll(start, list)) return undefined;
      start += list.length;
    }
    const { members } = elements;
    const alike = members instanceof Float64Array ? alikeAmong(objects, lengths, members) : objects;
    const kind = elements.hasObjectsOnly && !lengths.includes(0) ? 'lists of objects' : 'lists';
    if (!this.#areNew(kind, objects, alike)) return undefined;
    const column = this.#column(elements, depth + 1);
    return column && { lengths, elements: column };
  }

  #dates(objects: readonly object[]): Dates | undefined {
    const times = new Float64Array(objects.length);
    for (let index = 0; index < objects.length; index += 1) {
      const date = objects[index]!;
      if (!isBareDate(date) || this.#isOdd(date)) return undefined;
      times[index] = date.getTime();
    }
    return this.#areNew('dates', objects, isRising(times) ? nothing : objects) ? { times } : undefined;
  }

  /**
   * Whether none of these objects of one kind was met before, since what is met again would be another object. Only
   * those that look alike can be the same; to remember all takes longer than to take them apart.
   */
  #areNew(kind: string, objects: readonly object[], alike: readonly object[]): boolean {
    const first = this.#first.get(kind);
    this.#first.set(kind, first === undefined ? objects : nothing);
    if (first === undefined) return this.#remember(alike);
    for (let at = 0; at < first.length; at += 1) this.#seen.add(first[at]!);
    return this.#remember(objects);
  }

  #isOdd(object: object): boolean {
    return !this.#areLookedAt && isOdd(object);
  }

  #remember(objects: readonly object[]): boolean {
    const before = this.#seen.size;
    for (let at = 0; at < objects.length; at += 1) this.#seen.add(objects[at]!);
    return this.#seen.size === before + objects.length;
  }
}

/** Whether it has these keys, in this order. */
function hasKeys(row: object, keys: readonly string[]): boolean {
  let count = 0;
  for (const key in row) if (key !== keys[count++]) return false;
  return count === keys.length;
}

function isBareList(list: object): list is readonly unknown[] {
  if (types.isProxy(list) || !Array.isArray(list)) return false;
  return Object.getPrototypeOf(list) === Array.prototype && hasElementsOnly(list);
}

function isBareDate(date: object): date is Date {
  if (!types.isDate(date)) return false;
  return (
    ordinaryPrototype(Object.getPrototypeOf(date) as object | null) === Date.prototype && Object.keys(date).length === 0
  );
}

function wordsOf(members: ArrayLike<unknown>): Words | undefined {
  if (ArrayBuffer.isView(members) || members.length < leastWorded) return undefined;
  const places = new Map<unknown, number>();
  const at = new Uint8Array(members.length);
  for (let index = 0; index < members.length; index += 1) {
    const word = members[index];
    let place = places.get(word);
    if (place === undefined) {
      place = places.size;
      // A map takes 0 and -0 for the same.
      const isTooMany = place === mostWords || (index < lookedAt && place === fewWords);
      if (isTooMany || typeof word === 'number') return undefined;
      places.set(word, place);
    }
    at[index] = place;
  }
  return { words: [...places.keys()], at };
}

/** Then no two can be of the same object. */
function isRising(members: ArrayLike<unknown>): boolean {
  if (!(members instanceof Float64Array)) return false;
  for (let at = 1; at < members.length; at += 1) if (!(members[at]! > members[at - 1]!)) return false;
  return true;
}

/** Of lists of numbers, those that may have the same numbers in them as another. */
function alikeAmong(lists: readonly object[], lengths: Uint32Array, numbers: Float64Array): readonly object[] {
  const halves = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2);
  const prints = new Uint32Array(lists.length);
  // Of 16 prints or more for each list, so that few lists share one by chance.
  const unused = Math.max(0, Math.clz32(lists.length) - 4);
  const counts = new Uint8Array(2 ** (32 - unused));
  let half = 0;
  for (let at = 0; at < lists.length; at += 1) {
    let print = lengths[at]!;
    for (const end = half + 2 * lengths[at]!; half < end; half += 1) {
      print = Math.imul(print ^ halves[half]!, 0x9e3779b1);
      print ^= print >>> 15;
    }
    print >>>= unused;
    prints[at] = print;
    if (counts[print]! < 2) counts[print]! += 1;
  }
  return lists.filter((_, at) => counts[prints[at]!]! > 1);
}

/** One member of each: as numbers, as long as there is nothing else. */
class Filling implements Taker {
  #numbers: Float64Array | undefined;
  #others: unknown[] = [];
  readonly #length: number;
  #objects = 0;

  constructor(first: unknown, length: number) {
    this.#length = length;
    if (typeof first === 'number') this.#numbers = new Float64Array(length);
    else this.#others = listOf(length);
  }

  get members(): ArrayLike<unknown> {
    return this.#numbers ?? this.#others;
  }

  get hasPrimitivesOnly(): boolean {
    return this.#objects === 0;
  }

  get hasObjectsOnly(): boolean {
    return this.#objects === this.#length;
  }

  /** Whether it can be in a column. All that come before it are there. */
  put(index: number, member: unknown): boolean {
    if (this.#numbers !== undefined) {
      if (typeof member === 'number') {
        this.#numbers[index] = member;
        return true;
      }
      this.#others = [...this.#numbers.subarray(0, index)];
      this.#numbers = undefined;
    }
    if (isObject(member)) this.#objects += 1;
    else if (typeof member === 'function' || typeof member === 'symbol') return false;
    this.#others[index] = member;
    return true;
  }

  /** The elements of a list, if there are no gaps in it. */
  putAll(start: number, list: readonly unknown[]): boolean {
    for (let index = this.#putNumbers(start, list); index < list.length; index += 1) {
      const element = list[index];
      if (!this.put(start + index, element) || (element === undefined && !(index in list))) return false;
    }
    return true;
  }

  /** Most lists of numbers are nothing else. Gives how many there were before something else. */
  #putNumbers(start: number, list: readonly unknown[]): number {
    const numbers = this.#numbers;
    if (numbers === undefined) return 0;
    let index = 0;
    for (; index < list.length; index += 1) {
      const element = list[index];
      if (typeof element !== 'number') break;
      numbers[start + index] = element;
    }
    return index;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return Object.getPrototypeOf(value) === Object.prototype && !isDressedUp(value);
}
