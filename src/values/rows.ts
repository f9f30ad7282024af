// Rows of the same keys, by column: the keys are written once, and numbers as they lie in memory. What is in a column
// may be rows again, lists or dates. What is put together of columns is all of one shape, which V8 makes several times
// as fast as it reads one object after the other.

import { types } from 'node:util';
import { ordinaryPrototype } from './deep-frozen.ts';
import { hasElementsOnly, isDressedUp, isOdd } from './exactness.ts';

type Column = ArrayLike<unknown> | Words | Rows | Dates | Lists | Mixed;

export interface Rows {
  readonly keys: readonly string[];
  readonly columns: readonly Column[];
}

/** Few different texts, or the like, each written once. */
interface Words {
  readonly words: readonly unknown[];
  readonly at: Uint8Array;
}

interface Dates {
  readonly times: Float64Array;
}

/** The elements of all, one list after the other. */
interface Lists {
  readonly lengths: Uint32Array;
  readonly elements: Column;
}

/** Primitives and, in some places, objects, of one kind. */
interface Mixed {
  readonly primitives: readonly unknown[];
  readonly places: Uint32Array;
  readonly objects: Column;
}

/** Stands for a list of rows that was taken apart, where that is to be encoded. */
export class Table implements Rows {
  readonly keys: readonly string[];
  readonly columns: readonly Column[];

  constructor({ keys, columns }: Rows) {
    this.keys = keys;
    this.columns = columns;
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
/** Of a list that is itself a value: a shorter one is as fast as it is. */
const leastTableRows = 64;

/**
 * A list of rows by column; `undefined` for any other value, and when a row is in it twice, which would not be so any
 * more. What can be taken apart is exact: nobody has to look whether it is.
 */
export function takeTableApart(value: unknown): Table | undefined {
  if (types.isProxy(value) || !Array.isArray(value) || value.length < leastTableRows) return undefined;
  try {
    const list: readonly unknown[] = value;
    if (Object.getPrototypeOf(list) !== Array.prototype || isOdd(list)) return undefined;
    if (!isPlainObject(list[0]) || !hasElementsOnly(list)) return undefined;
    const rows = takeApart(list);
    if (rows === undefined || rows.columns.some(isNested)) return rows && new Table(rows);
    if ((list as readonly object[]).some(isOdd)) return undefined;
    return rows.columns.some(isRising) || new Set(list).size === list.length ? new Table(rows) : undefined;
  } catch {
    // A getter threw. Whoever looks at the value more closely meets it again, and names it.
    return undefined;
  }
}

/**
 * The rows by column; `undefined` unless all are plain objects with the same keys in one order, and what is in a column
 * is primitive, or rows again, lists or dates, each of them there once.
 */
export function takeApart(values: readonly unknown[]): Rows | undefined {
  const taking = new Taking();
  const rows = taking.rows(values, 0);
  return rows?.columns.some(isNested) === true && !taking.areApart(values) ? undefined : rows;
}

class Taking {
  /** All objects that are in columns. */
  readonly #seen = new Set<object>();

  rows(values: readonly unknown[], depth: number): Rows | undefined {
    const [first] = values;
    if (!isPlainObject(first)) return undefined;
    const keys = Object.keys(first);
    // Setting `__proto__` on an object makes no such key.
    if (keys.length === 0 || keys.length > mostKeys || keys.includes('__proto__')) return undefined;
    if (!Object.values(first).every(mayBeInColumn)) return undefined;
    const columns = keys.map((key) => new Filling(first[key], values.length));
    for (let index = 0; index < values.length; index += 1) {
      if (!this.#append(values[index], keys, columns)) return undefined;
    }
    const parts: Column[] = [];
    for (const column of columns) {
      const part = this.#column(column, depth);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return { keys, columns: parts };
  }

  /** Whether these are in no column. */
  areApart(objects: readonly unknown[]): boolean {
    return objects.every((object) => isObject(object) && this.#isNew(object));
  }

  #append(row: unknown, keys: readonly string[], columns: readonly Filling[]): boolean {
    if (!isPlainObject(row)) return false;
    let column = 0;
    for (const key in row) {
      if (key !== keys[column]) return false;
      const member = row[key];
      if (!this.#isFit(member)) return false;
      columns[column]!.push(member);
      column += 1;
    }
    return column === keys.length;
  }

  #isFit(member: unknown): boolean {
    return isObject(member) ? this.#isNew(member) : typeof member !== 'function' && typeof member !== 'symbol';
  }

  /** Not met before, since it would be another object when it is met again, and without symbols as keys. */
  #isNew(object: object): boolean {
    if (types.isProxy(object) || isOdd(object)) return false;
    const before = this.#seen.size;
    this.#seen.add(object);
    return this.#seen.size > before;
  }

  #column(column: Filling, depth: number): Column | undefined {
    if (column.isPrimitive) return wordsOf(column.members) ?? column.members;
    const members = column.members as readonly unknown[];
    if (column.isObjects) return this.#objects(members as readonly object[], depth + 1);
    const objects = this.#objects(members.filter(isObject), depth + 1);
    if (objects === undefined) return undefined;
    const places = members.flatMap((member, at) => (isObject(member) ? at : []));
    const primitives = members.map((member) => (isObject(member) ? undefined : member));
    return { primitives, places: Uint32Array.from(places), objects };
  }

  #objects(members: readonly object[], depth: number): Column | undefined {
    if (depth > mostDepth) return undefined;
    if (Array.isArray(members[0])) return this.#lists(members, depth);
    return types.isDate(members[0]) ? datesOf(members) : this.rows(members, depth);
  }

  #lists(members: readonly object[], depth: number): Lists | undefined {
    if (!members.every(isBareList)) return undefined;
    const lengths = Uint32Array.from(members, (list) => list.length);
    const elements = new Filling(
      members.find((list) => list.length > 0)?.[0],
      lengths.reduce((sum, length) => sum + length, 0),
    );
    for (const list of members) {
      for (let index = 0; index < list.length; index += 1) {
        const element = list[index];
        if (!this.#isFit(element) || (element === undefined && !(index in list))) return undefined;
        elements.push(element);
      }
    }
    const column = this.#column(elements, depth);
    return column && { lengths, elements: column };
  }
}

/** Whether it is worth to go on: that nothing of it keeps the copier from having to do it. */
function mayBeInColumn(member: unknown): boolean {
  return !isObject(member) || isPlainObject(member) || isBareList(member) || isBareDate(member);
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

function datesOf(members: readonly object[]): Dates | undefined {
  const times = new Float64Array(members.length);
  for (let index = 0; index < members.length; index += 1) {
    const date = members[index]!;
    if (!isBareDate(date)) return undefined;
    times[index] = date.getTime();
  }
  return { times };
}

export function putTogether({ keys, columns }: Rows): unknown[] {
  const make = makerOf(keys);
  const members = columns.map(membersOf);
  const rows: unknown[] = [];
  for (let index = 0; index < members[0]!.length; index += 1) rows.push(make(members, index));
  return rows;
}

function membersOf(column: Column): ArrayLike<unknown> {
  if (Array.isArray(column) || ArrayBuffer.isView(column)) return column as ArrayLike<unknown>;
  if ('words' in column) return spell(column);
  if ('keys' in column) return putTogether(column);
  if ('times' in column) return Array.from(column.times, (time) => new Date(time));
  return 'lengths' in column ? listsOf(column) : mixedOf(column as Mixed);
}

function spell({ words, at }: Words): unknown[] {
  const members: unknown[] = [];
  for (let index = 0; index < at.length; index += 1) members.push(words[at[index]!]);
  return members;
}

function listsOf({ lengths, elements }: Lists): unknown[] {
  const members = membersOf(elements);
  const lists: unknown[] = [];
  let start = 0;
  for (let at = 0; at < lengths.length; at += 1) {
    const list: unknown[] = [];
    const end = start + lengths[at]!;
    for (let index = start; index < end; index += 1) list.push(members[index]);
    start = end;
    lists.push(list);
  }
  return lists;
}

function mixedOf({ primitives, places, objects }: Mixed): unknown[] {
  const members = [...primitives];
  const others = membersOf(objects);
  for (let at = 0; at < places.length; at += 1) members[places[at]!] = others[at];
  return members;
}

/** One member of each row: as numbers, as long as there is nothing else. */
class Filling {
  #numbers: Float64Array | undefined;
  #others: unknown[] = [];
  #length = 0;
  #objects = 0;

  constructor(first: unknown, length: number) {
    if (typeof first === 'number') this.#numbers = new Float64Array(length);
  }

  get members(): ArrayLike<unknown> {
    return this.#numbers ?? this.#others;
  }

  get isPrimitive(): boolean {
    return this.#objects === 0;
  }

  get isObjects(): boolean {
    return this.#objects === this.#length;
  }

  push(member: unknown): void {
    if (this.#numbers !== undefined) {
      if (typeof member === 'number') {
        this.#numbers[this.#length++] = member;
        return;
      }
      this.#others = [...this.#numbers.subarray(0, this.#length)];
      this.#numbers = undefined;
    }
    if (isObject(member)) this.#objects += 1;
    this.#others.push(member);
    this.#length += 1;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isNested(column: Column): boolean {
  return !Array.isArray(column) && !ArrayBuffer.isView(column) && !('words' in column);
}

/** Then no two rows can be the same object. */
function isRising(column: Column): boolean {
  if (!(column instanceof Float64Array)) return false;
  for (let index = 1; index < column.length; index += 1) if (!(column[index]! > column[index - 1]!)) return false;
  return true;
}

type RowMaker = (columns: readonly ArrayLike<unknown>[], index: number) => unknown;

const makers = new Map<string, RowMaker>();
const mostMakers = 100;

function makerOf(keys: readonly string[]): RowMaker {
  const text = JSON.stringify(keys);
  let maker = makers.get(text);
  if (maker === undefined) {
    if (makers.size >= mostMakers) makers.clear();
    maker = newMaker(keys);
    makers.set(text, maker);
  }
  return maker;
}

/**
 * A function that is written for these keys makes rows ten times as fast as one that sets any key, since V8 knows the
 * shape of what it makes.
 */
function newMaker(keys: readonly string[]): RowMaker {
  const members = keys.map((key, column) => `${JSON.stringify(key)}: columns[${column}][index]`);
  try {
    const body = `return { ${members.join()} }`;
    // oxlint-disable-next-line typescript/no-implied-eval -- the keys are in it as texts, and nothing else of a user's
    if (!keys.includes('__proto__')) return new Function('columns', 'index', body) as RowMaker;
  } catch {
    // Node was started with --disallow-code-generation-from-strings.
  }
  return (columns, index) => Object.fromEntries(keys.map((key, column) => [key, columns[column]![index]]));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return Object.getPrototypeOf(value) === Object.prototype && !isDressedUp(value);
}
