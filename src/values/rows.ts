// Rows of the same keys, by column: the keys are written once, and numbers as they lie in memory.

import { types } from 'node:util';
import { hasElementsOnly, isOdd } from './exactness.ts';

export interface Rows {
  readonly keys: readonly string[];
  readonly columns: readonly ArrayLike<unknown>[];
}

/** Stands for a list of rows that was taken apart, where that is to be encoded. */
export class Table implements Rows {
  readonly keys: readonly string[];
  readonly columns: readonly ArrayLike<unknown>[];

  constructor({ keys, columns }: Rows) {
    this.keys = keys;
    this.columns = columns;
  }
}

/** With wider rows, taking them apart gains nothing. */
const mostKeys = 100;
/** Of a list that is itself a value: a shorter one is as fast as it is. */
const leastTableRows = 64;

/**
 * A list of rows by column; `undefined` for any other value, and when a row is in it twice, which would not be so any
 * more. What can be taken apart is exact: nobody has to look whether it is.
 */
export function takeTableApart(value: unknown): Table | undefined {
  if (!Array.isArray(value) || types.isProxy(value) || value.length < leastTableRows) return undefined;
  try {
    const list: readonly unknown[] = value;
    if (Object.getPrototypeOf(list) !== Array.prototype || isOdd(list)) return undefined;
    if (!isPlainObject(list[0]) || !hasElementsOnly(list)) return undefined;
    const rows = takeApart(list);
    if (rows === undefined || (list as readonly object[]).some(isOdd)) return undefined;
    return rows.columns.some(isRising) || new Set(list).size === list.length ? new Table(rows) : undefined;
  } catch {
    // A getter threw. Whoever looks at the value more closely meets it again, and names it.
    return undefined;
  }
}

/** The rows by column; `undefined` unless all are plain objects of primitives with the same keys in one order. */
export function takeApart(values: readonly unknown[]): Rows | undefined {
  const [first] = values;
  if (!isPlainObject(first)) return undefined;
  const keys = Object.keys(first);
  // Setting `__proto__` on an object makes no such key.
  if (keys.length === 0 || keys.length > mostKeys || keys.includes('__proto__')) return undefined;
  const columns = keys.map((key) => new Column(first[key], values.length));
  for (let index = 0; index < values.length; index += 1) {
    if (!appendRow(values[index], keys, columns)) return undefined;
  }
  return { keys, columns: columns.map((column) => column.members) };
}

export function putTogether({ keys, columns }: Rows): unknown[] {
  const make = makerOf(keys);
  const rows: unknown[] = [];
  for (let index = 0; index < columns[0]!.length; index += 1) rows.push(make(columns, index));
  return rows;
}

function appendRow(row: unknown, keys: readonly string[], columns: readonly Column[]): boolean {
  if (!isPlainObject(row)) return false;
  let column = 0;
  for (const key in row) {
    if (key !== keys[column]) return false;
    const member = row[key];
    if (!isPlainPrimitive(member)) return false;
    columns[column]!.push(member);
    column += 1;
  }
  return column === keys.length;
}

function isPlainPrimitive(value: unknown): boolean {
  if (typeof value === 'object') return value === null;
  return typeof value !== 'function' && typeof value !== 'symbol';
}

/** One member of each row: as numbers, as long as there is nothing else. */
class Column {
  #numbers: Float64Array | undefined;
  #others: unknown[] = [];
  #length = 0;

  constructor(first: unknown, length: number) {
    if (typeof first === 'number') this.#numbers = new Float64Array(length);
  }

  get members(): ArrayLike<unknown> {
    return this.#numbers ?? this.#others;
  }

  push(member: unknown): void {
    if (this.#numbers === undefined) this.#others.push(member);
    else if (typeof member === 'number') this.#numbers[this.#length] = member;
    else {
      this.#others = [...this.#numbers.subarray(0, this.#length), member];
      this.#numbers = undefined;
    }
    this.#length += 1;
  }
}

/** Then no two rows can be the same object. */
function isRising(column: ArrayLike<unknown>): boolean {
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
  return Object.getPrototypeOf(value) === Object.prototype;
}
