// Values as bytes. A column is a list of values, each of which passed `isExact` or was let through with its changes
// known; it becomes one block of bytes, by the fastest codec that keeps it exact. The first byte names the codec.
//
// Shared references are kept within a value, not between the values of a column.

import { HeddleError } from '../lib/heddle-error.ts';
import './built-in-types.ts';
import { read, write, type Reading, type Writing } from './copier.ts';
import { putTogether, type Column } from './columns.ts';
import { Table, takeApart, takeTableApart } from './rows.ts';

/** The first byte of a block. It is on the wire: numbers are never given to another codec. */
const codecs = { copier: 0, numbers: 1, columns: 2, constant: 3, separate: 4 } as const;

/** What a column may consist of for the constant codec. Positions are on the wire. */
const constants: readonly unknown[] = [undefined, null, true, false];

/** Of fewer, taking rows apart gains nothing. */
const leastRows = 4;

/**
 * One block of bytes that owns its memory: nothing else is in its buffer, so it can be posted or transferred whole. It
 * begins with the bytes of `head`, below 128, which are no business of ours. Values may be given as a `Table` each, if
 * the first one is.
 */
export function encodeColumn(values: readonly unknown[], head: readonly number[] = [], writing?: Writing): Uint8Array {
  const [first] = values;
  if (typeof first === 'number' && isAllNumbers(values)) return encodeNumbers(values, head);
  if (first instanceof Table && values.length > 1) {
    return joinValues(
      values.map((value) => encodeValue(value, [], writing)),
      head,
    );
  }
  if (constants.includes(first) && isAllSame(values)) return encodeConstant(first, values.length, head);
  const column =
    values.length === 1 ? tableOf(first)?.column : values.length >= leastRows ? takeApart(values) : undefined;
  if (column !== undefined) return write(column, [...head, codecs.columns], writing);
  return write(values, [...head, codecs.copier], writing);
}

function tableOf(value: unknown): Table | undefined {
  return value instanceof Table ? value : takeTableApart(value);
}

/** The values of a block. None of them refers to `bytes`, which may be backed by shared memory. */
export function decodeColumn(bytes: Uint8Array, reading?: Reading): unknown[] {
  const codec = bytes[0];
  if (codec === codecs.numbers) return decodeNumbers(bytes);
  if (codec === codecs.constant) return decodeConstant(bytes);
  if (codec === codecs.copier) return read(bytes, 1, reading) as unknown[];
  if (codec === codecs.separate) return splitValues(bytes, reading);
  if (codec === codecs.columns) return putTogether(read(bytes, 1, reading) as Column) as unknown[];
  const message = `a block of values begins with ${codec ?? 'nothing'}, which is no codec of this version of Heddle`;
  throw new HeddleError('UNKNOWN_VALUE_CODEC', message, { codec });
}

/** A block of values that were encoded one by one, each by `encodeValue`. */
export function joinValues(parts: readonly Uint8Array[], head: readonly number[] = []): Uint8Array {
  const headLength = head.length + 1 + 4 * (parts.length + 1);
  const length = parts.reduce((sum, part) => sum + part.length, headLength);
  const bytes = new Uint8Array(length);
  bytes.set([...head, codecs.separate]);
  const view = new DataView(bytes.buffer, head.length + 1);
  view.setUint32(0, parts.length);
  let offset = headLength;
  for (const [index, part] of parts.entries()) {
    view.setUint32(4 + 4 * index, part.length);
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function splitValues(bytes: Uint8Array, reading: Reading | undefined): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(1);
  let offset = 1 + 4 * (count + 1);
  return Array.from({ length: count }, (_, index) => {
    const length = view.getUint32(5 + 4 * index);
    offset += length;
    return decodeValue(bytes.subarray(offset - length, offset), reading);
  });
}

export function encodeValue(value: unknown, head?: readonly number[], writing?: Writing): Uint8Array {
  return encodeColumn([value], head, writing);
}

export function decodeValue(bytes: Uint8Array, reading?: Reading): unknown {
  return decodeColumn(bytes, reading)[0];
}

function isAllNumbers(values: readonly unknown[]): values is readonly number[] {
  for (let index = 0; index < values.length; index += 1) if (typeof values[index] !== 'number') return false;
  return true;
}

function isAllSame(values: readonly unknown[]): boolean {
  for (let index = 1; index < values.length; index += 1) if (values[index] !== values[0]) return false;
  return true;
}

const size = Float64Array.BYTES_PER_ELEMENT;
/**
 * Numbers go by way of these: in a block they begin at an odd offset, where no Float64Array can look at them, and
 * memory of its own for each block takes longer than a few numbers do.
 */
const packed = new Float64Array(512);
const packedBytes = new Uint8Array(packed.buffer);

// A loop is several times as fast as `Float64Array.from`, and as `Array.from` on the way back: neither goes by index.
function encodeNumbers(numbers: readonly number[], head: readonly number[]): Uint8Array {
  const start = head.length + 1;
  const bytes = new Uint8Array(start + numbers.length * size);
  bytes.set([...head, codecs.numbers]);
  for (let first = 0; first < numbers.length; first += packed.length) {
    const count = Math.min(packed.length, numbers.length - first);
    for (let index = 0; index < count; index += 1) packed[index] = numbers[first + index]!;
    bytes.set(packedBytes.subarray(0, count * size), start + first * size);
  }
  return bytes;
}

function decodeNumbers(bytes: Uint8Array): number[] {
  if (bytes.length % size !== 1) throw new RangeError('a block of numbers ends in the middle of one');
  const numbers: number[] = [];
  for (let offset = 1; offset < bytes.length; offset += packedBytes.length) {
    const part = bytes.subarray(offset, offset + packedBytes.length);
    packedBytes.set(part);
    for (let index = 0; index < part.length / size; index += 1) numbers.push(packed[index]!);
  }
  return numbers;
}

function encodeConstant(constant: unknown, count: number, head: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(head.length + 6);
  bytes.set([...head, codecs.constant, constants.indexOf(constant)]);
  new DataView(bytes.buffer, head.length).setUint32(2, count, true);
  return bytes;
}

function decodeConstant(bytes: Uint8Array): unknown[] {
  const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(2, true);
  const constant = constants[bytes[1]!];
  const values: unknown[] = [];
  for (let index = 0; index < count; index += 1) values.push(constant);
  return values;
}
