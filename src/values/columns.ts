// What is put together again of columns: values of one kind, each part of all of them by itself. Keys are written once,
// and numbers as they lie in memory. What is put together of columns is all of one shape, which V8 makes several times
// as fast as it reads one object after the other. How values are taken apart is in `rows.ts`.

import { onceIn } from '../lib/once.ts';

export type Column = ArrayLike<unknown> | Words | Rows | Dates | Lists | Mixed;

/** Objects of the same keys. */
export interface Rows {
  readonly keys: readonly string[];
  readonly columns: readonly Column[];
}

/** Few different texts, or the like, each written once. */
export interface Words {
  readonly words: readonly unknown[];
  readonly at: Uint8Array;
}

export interface Dates {
  readonly times: Float64Array;
}

/** The elements of all, one list after the other. */
export interface Lists {
  readonly lengths: Uint32Array;
  readonly elements: Column;
}

/** Primitives and, in some places, objects, of one kind. */
interface Mixed {
  readonly primitives: readonly unknown[];
  readonly places: Uint32Array;
  readonly objects: Column;
}

/** The values that a column was made of. */
export function putTogether(column: Column): ArrayLike<unknown> {
  if (Array.isArray(column) || ArrayBuffer.isView(column)) return column as ArrayLike<unknown>;
  if ('words' in column) return spell(column);
  if ('keys' in column) return rowsOf(column);
  if ('times' in column) return Array.from(column.times, (time) => new Date(time));
  return 'lengths' in column ? listsOf(column) : mixedOf(column as Mixed);
}

const mostRoom = 64 * 1_024;
/** As many as the longest list had that was given room. */
const zeros: number[] = [];

/**
 * A list to be filled from the front. Unless it is very long, it has room for all, which spares the time to grow. One
 * that is made by its length has gaps to V8, and so takes long to write; a part of another one has none.
 */
export function listOf(length: number): unknown[] {
  if (length > mostRoom) return [];
  while (zeros.length < length) zeros.push(0);
  return zeros.slice(0, length);
}

function rowsOf({ keys, columns }: Rows): unknown[] {
  const { make } = rowCodeOf(keys);
  const members = columns.map(putTogether);
  const rows = listOf(members[0]!.length);
  for (let index = 0; index < members[0]!.length; index += 1) rows[index] = make(members, index);
  return rows;
}

function spell({ words, at }: Words): unknown[] {
  const members = listOf(at.length);
  for (let index = 0; index < at.length; index += 1) members[index] = words[at[index]!];
  return members;
}

function listsOf({ lengths, elements }: Lists): unknown[] {
  const members = putTogether(elements);
  if (lengths.length === 1 && Array.isArray(members)) return [members];
  const lists: unknown[] = [];
  let start = 0;
  for (let at = 0; at < lengths.length; at += 1) {
    const end = start + lengths[at]!;
    lists.push(slice(members, start, end));
    start = end;
  }
  return lists;
}

function slice(members: ArrayLike<unknown>, start: number, end: number): unknown[] {
  // As fast as it gets for the points of a map.
  if (end - start === 2) return [members[start], members[start + 1]];
  const list = listOf(end - start);
  for (let index = start; index < end; index += 1) list[index - start] = members[index];
  return list;
}

function mixedOf({ primitives, places, objects }: Mixed): unknown[] {
  const members = [...primitives];
  const others = putTogether(objects);
  for (let at = 0; at < places.length; at += 1) members[places[at]!] = others[at];
  return members;
}

/** Takes the members of a column, each at its place, and says whether it can. */
export interface Taker {
  put(index: number, member: unknown): boolean;
}

/** What is written for the rows of one set of keys. */
interface RowCode {
  readonly make: (columns: readonly ArrayLike<unknown>[], index: number) => unknown;
  readonly take: (row: Readonly<Record<string, unknown>>, index: number, columns: readonly Taker[]) => boolean;
}

const rowCodes = new Map<string, RowCode>();
const mostRowCodes = 100;

export function rowCodeOf(keys: readonly string[]): RowCode {
  const text = JSON.stringify(keys);
  if (rowCodes.size >= mostRowCodes && !rowCodes.has(text)) rowCodes.clear();
  return onceIn(rowCodes, text, () => newRowCode(keys));
}

/**
 * Functions that are written for these keys make rows ten times as fast as one that sets any key, and read them faster
 * than one that gets any, since V8 knows the shape of what they make and read.
 */
function newRowCode(keys: readonly string[]): RowCode {
  const names = keys.map((key) => JSON.stringify(key));
  const members = names.map((name, column) => `${name}: columns[${column}][index]`);
  const puts = names.map((name, column) => `columns[${column}].put(index, row[${name}])`);
  try {
    const make = `(columns, index) => ({ ${members.join()} })`;
    const take = `(row, index, columns) => ${puts.join('&&')}`;
    const body = `return { make: ${make}, take: ${take} }`;
    // oxlint-disable-next-line typescript/no-implied-eval -- the keys are in it as texts, and nothing else of a user's
    if (!keys.includes('__proto__')) return (new Function(body) as () => RowCode)();
  } catch {
    // Node was started with --disallow-code-generation-from-strings.
  }
  return {
    make: (columns, index) => Object.fromEntries(keys.map((key, column) => [key, columns[column]![index]])),
    take: (row, index, columns) => keys.every((key, column) => columns[column]!.put(index, row[key])),
  };
}
