// What a task threw, as plain data that always arrives. Encoding happens beside the user's code and so must not throw,
// whatever was thrown: every read of a foreign object is guarded, and every text, list and depth has an end.
//
// A record holds nothing but texts, whole numbers, and lists and objects of them, so that any codec keeps it exact.
// A field that is more than a simple primitive goes as the text of its encoded bytes.

import { inspect, types } from 'node:util';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import * as copier from './copier.ts';
import { isExact } from './exactness.ts';
import { classNames, nameOf, prototypesOf } from './kinds.ts';
import { read, textOf } from './members.ts';
import { withoutOwnFrames } from './own-frames.ts';
import { withEnvelopes } from './replace.ts';
import { errorTypeNamed, errorTypeOf } from './types.ts';

/** What was thrown: an error, something else, or an error that was already told further up (its own cause, say). */
export type ThrownRecord = ErrorRecord | ValueRecord | CutRecord;

export interface ErrorRecord {
  readonly kind: 'error';
  /** The names of its classes, its own first. */
  readonly classes: readonly string[];
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Present for an error of Heddle's own: which of its classes it is, or extends. */
  readonly heddle?: keyof typeof heddleClasses;
  /** The tag of its class, or of the nearest of its classes that is registered. */
  readonly tag?: string;
  readonly code?: string | number;
  readonly fields?: Readonly<Record<string, FieldRecord>>;
  readonly cause?: ThrownRecord;
  readonly errors?: readonly ThrownRecord[];
  /** By field: what it held that could not be sent. */
  readonly notSent?: Readonly<Record<string, string>>;
}

export interface ValueRecord {
  readonly kind: 'value';
  /** In a few words: `an Object`. */
  readonly what: string;
  readonly text: string;
  /** Absent when it could not be sent. */
  readonly value?: FieldRecord;
}

export interface CutRecord {
  readonly kind: 'cut';
  readonly text: string;
}

type FieldRecord =
  | { readonly kind: 'plain'; readonly value: string | boolean | null }
  | { readonly kind: 'encoded'; readonly base64: string }
  | { readonly kind: 'error'; readonly error: ThrownRecord };

/** An error whose class this process does not know. `remoteClass` has the names of its classes, its own first. */
export class RemoteError extends Error {
  declare readonly remoteClass: readonly string[];
}

/** A task threw something that is not an error. `value` is what it threw, unless that could not be sent. */
export class ThrownValueError extends HeddleError {
  declare readonly value?: unknown;
}

const maxText = 64 * 1_024;
const maxDepth = 8;
const maxErrors = 50;
const maxFields = 100;
/** Of one thrown value in all: 50 errors with 50 errors each, eight levels deep, would never end. */
const maxRecords = 200;
const maxTotal = 1_024 * 1_024;

/** An error in a field has fields too, which may lead back: what is in envelopes is looked for in the first only. */
let isInField = false;

export function encodeThrown(thrown: unknown): ThrownRecord {
  try {
    return new Encoder().encode(thrown, 0);
  } catch (error) {
    const message = `a task failed, and reading what it threw failed too: ${textOf(error)}`;
    return { kind: 'error', classes: ['Error'], name: 'Error', message, stack: `Error: ${message}` };
  }
}

class Encoder {
  /** The errors on the way down to the one at hand: meeting one of them again is a cycle. */
  readonly #above = new Set<unknown>();
  #records = 0;
  #textLeft = maxTotal;

  encode(thrown: unknown, depth: number): ThrownRecord {
    this.#records += 1;
    if (!isError(thrown)) return this.#encodeValue(thrown);
    if (this.#above.has(thrown)) return { kind: 'cut', text: this.#cut(`[circular: ${textOf(thrown)}]`) };
    if (depth >= maxDepth || this.#records > maxRecords) {
      return { kind: 'cut', text: this.#cut(`[not sent, since there are too many: ${textOf(thrown)}]`) };
    }
    this.#above.add(thrown);
    const record = this.#encodeError(thrown, depth);
    this.#above.delete(thrown);
    return record;
  }

  #encodeError(error: object, depth: number): ErrorRecord {
    const name = this.#text(error, 'name');
    const message = this.#text(error, 'message');
    const stack = withoutOwnFrames(this.#text(error, 'stack'));
    const { value: code } = read(error, 'code');
    const hasCode = typeof code === 'string' || (Number.isSafeInteger(code) && !Object.is(code, -0));
    const prototypes = prototypesOf(error);
    const heddle = heddleClass(prototypes);
    const tag = errorTypeOf(prototypes)?.tag;
    const errors = read(error, 'errors').value;
    return {
      kind: 'error',
      classes: classesOf(error, prototypes).map((each) => this.#cut(each)),
      name,
      message,
      stack: stack === '' ? `${name}: ${message}` : stack,
      ...(heddle !== undefined && { heddle }),
      ...(tag !== undefined && { tag }),
      ...(hasCode && { code: typeof code === 'string' ? this.#cut(code) : Number(code) }),
      ...(Object.hasOwn(error, 'cause') && { cause: this.encode(read(error, 'cause').value, depth + 1) }),
      ...(isErrorList(errors) && { errors: this.#encodeErrors(errors, depth) }),
      ...this.#encodeFields(error, hasCode, depth),
    };
  }

  #encodeErrors(errors: readonly unknown[], depth: number): ThrownRecord[] {
    const records: ThrownRecord[] = [];
    for (let index = 0; index < Math.min(errors.length, maxErrors); index += 1) {
      records.push(this.encode(read(errors, index).value, depth + 1));
    }
    if (errors.length > maxErrors) records.push({ kind: 'cut', text: `[and ${errors.length - maxErrors} more]` });
    return records;
  }

  #encodeFields(error: object, hasCode: boolean, depth: number): Pick<ErrorRecord, 'fields' | 'notSent'> {
    const told = ['name', 'message', 'stack', 'cause', 'remoteClass', ...(hasCode ? ['code'] : [])];
    const keys = Object.getOwnPropertyNames(error).filter((key) => !told.includes(key) && key !== '__proto__');
    const fields: Record<string, FieldRecord> = {};
    const notSent: Record<string, string> = {};
    for (const key of keys.slice(0, maxFields)) {
      const { value, threw } = read(error, key);
      if (key === 'errors' && isErrorList(value)) continue;
      const field = threw === undefined ? this.#encodeField(value, depth) : undefined;
      if (field === undefined) notSent[this.#cut(key)] = this.#cut(threw ?? nameOf(value));
      else fields[this.#cut(key)] = field;
    }
    if (keys.length > maxFields) notSent['…'] = `${keys.length - maxFields} more fields`;
    return {
      ...(Object.keys(fields).length > 0 && { fields }),
      ...(Object.keys(notSent).length > 0 && { notSent }),
    };
  }

  #encodeField(value: unknown, depth: number): FieldRecord | undefined {
    return isError(value) ? { kind: 'error', error: this.encode(value, depth + 1) } : this.#encodeExact(value);
  }

  #encodeExact(value: unknown): FieldRecord | undefined {
    if (typeof value === 'boolean' || value === null) return { kind: 'plain', value };
    if (typeof value === 'string' && value.isWellFormed()) {
      return value.length > Math.min(maxText, this.#textLeft) ? undefined : { kind: 'plain', value: this.#cut(value) };
    }
    try {
      const packed = isExact(value) ? value : packField(value);
      if (!isExact(packed)) return undefined;
      const bytes = copier.write(packed, []);
      if (bytes.length > Math.min(maxText, this.#textLeft)) return undefined;
      return {
        kind: 'encoded',
        base64: this.#spend(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')),
      };
    } catch {
      return undefined;
    }
  }

  #encodeValue(thrown: unknown): ValueRecord {
    const value = this.#encodeExact(thrown);
    return { kind: 'value', what: this.#cut(nameOf(thrown)), text: this.#cut(show(thrown)), ...(value && { value }) };
  }

  #text(error: object, key: string): string {
    const { value, threw } = read(error, key);
    if (threw !== undefined) return this.#cut(`[reading .${key} threw: ${threw}]`);
    if (value === undefined || value === null) return '';
    return this.#cut(typeof value === 'string' ? value : show(value));
  }

  /** The text, or its beginning and how much of it is missing; well-formed, since not every codec keeps half a pair. */
  #cut(text: string): string {
    const room = Math.max(200, Math.min(maxText, this.#textLeft));
    if (text.length <= room) return this.#spend(text.toWellFormed());
    return this.#spend(`${text.slice(0, room).toWellFormed()} [and ${text.length - room} more characters]`);
  }

  #spend(text: string): string {
    this.#textLeft -= text.length;
    return text;
  }
}

function packField(value: unknown): unknown {
  if (isInField) return value;
  isInField = true;
  try {
    return withEnvelopes(value).packed;
  } finally {
    isInField = false;
  }
}

/** The error again. It is an instance of its class when this process has that class, else a `RemoteError`. */
export function decodeThrown(record: ThrownRecord): Error {
  if (record.kind === 'cut') return new Error(record.text);
  if (record.kind === 'value') return decodeThrownValue(record);
  const error = construct(record);
  for (const key of ['stack', 'message', 'name'] as const)
    if (error[key] !== record[key]) hide(error, key, record[key]);
  if (record.cause !== undefined) hide(error, 'cause', decodeInner(record.cause));
  if (record.errors !== undefined) hide(error, 'errors', record.errors.map(decodeInner));
  if (record.code !== undefined && read(error, 'code').value !== record.code) put(error, 'code', record.code);
  const notSent: Record<string, string> = { ...record.notSent };
  for (const [key, field] of Object.entries(record.fields ?? {})) {
    const { value, threw } = tryToDecode(field);
    if (threw === undefined) put(error, key, value);
    else notSent[key] = threw;
  }
  if (Object.keys(notSent).length > 0) put(error, 'notSent', notSent);
  return record.tag === undefined ? error : asRegistered(error, record.tag);
}

/** An error arrives, whatever becomes of its fields. */
function tryToDecode(field: FieldRecord): { readonly value: unknown; readonly threw?: string } {
  try {
    return { value: decodeField(field) };
  } catch (error) {
    return { value: undefined, threw: textOf(error) };
  }
}

/** As an instance of a class that was registered for it; the error as it is, when it was not, or its `decode` fails. */
function asRegistered(error: Error, tag: string): Error {
  const type = errorTypeNamed(tag);
  if (type === undefined) return error;
  const { remoteClass: _, ...descriptors } = Object.getOwnPropertyDescriptors(error) as PropertyDescriptorMap;
  try {
    const made: unknown = type.decode?.(error as Error & Readonly<Record<string, unknown>>) ?? bare(type.prototype);
    return Object.defineProperties(made as Error, descriptors);
  } catch (thrown) {
    put(error, 'notRebuilt', `the decode() that is registered for '${tag}' threw: ${textOf(thrown)}`);
    return error;
  }
}

function bare(prototype: object): Error {
  return Object.setPrototypeOf(new Error(''), prototype) as Error;
}

function decodeThrownValue({ what, text, value }: ValueRecord): ThrownValueError {
  const facts = value === undefined ? {} : { value: decodeField(value) };
  return new ThrownValueError('THREW_NON_ERROR', `a task threw ${what}, not an Error: ${text}`, facts);
}

/** What stood inside an error: there, a value that is no error is nothing special. */
function decodeInner(record: ThrownRecord): unknown {
  return record.kind === 'value' && record.value !== undefined ? decodeField(record.value) : decodeThrown(record);
}

function decodeField(field: FieldRecord): unknown {
  if (field.kind === 'plain') return field.value;
  return field.kind === 'error' ? decodeInner(field.error) : copier.read(Buffer.from(field.base64, 'base64'), 0);
}

function construct({ heddle, classes, name, message, code = '' }: ErrorRecord): Error {
  if (heddle !== undefined) return new heddleClasses[heddle](String(code), message);
  const [own = ''] = classes;
  if (own === 'DOMException') return new DOMException(message, name);
  if (own === 'AggregateError') return new AggregateError([], message);
  if (own === 'SuppressedError') return new SuppressedError(undefined, undefined, message);
  const builtIn = builtIns.find((each) => each.name === own);
  return builtIn === undefined ? remoteError(message, classes) : new builtIn(message);
}

/** The prototype of what is made of a record wherever it arrives; none when its class is known nowhere else. */
export function prototypeOf({ heddle, classes: [own], tag }: ErrorRecord): object | undefined {
  if (tag !== undefined) return errorTypeNamed(tag)?.prototype;
  if (heddle !== undefined) return heddleClasses[heddle].prototype;
  const others = [DOMException, AggregateError, SuppressedError];
  return [...builtIns, ...others].find((each) => each.name === own)?.prototype;
}

function remoteError(message: string, remoteClass: readonly string[]): RemoteError {
  return Object.assign(new RemoteError(message), { remoteClass });
}

const builtIns = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;

const heddleClasses = { ThrownValueError, HeddleError, UsageError } as const;

function heddleClass(prototypes: readonly object[]): keyof typeof heddleClasses | undefined {
  const names = ['ThrownValueError', 'HeddleError', 'UsageError'] as const;
  return names.find((name) => prototypes.includes(heddleClasses[name].prototype));
}

function classesOf(error: object, prototypes: readonly object[]): readonly string[] {
  if (prototypes.includes(RemoteError.prototype)) return (error as RemoteError).remoteClass;
  return classNames(prototypes)
    .filter((name) => name !== 'Object')
    .slice(0, maxDepth);
}

function isError(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  if (types.isNativeError(value) || prototypesOf(value).includes(Error.prototype)) return true;
  return typeof read(value, 'message').value === 'string' && typeof read(value, 'stack').value === 'string';
}

function isList(value: unknown): value is readonly unknown[] {
  return !types.isProxy(value) && Array.isArray(value);
}

/** Many a library keeps plain findings in `errors`, which are better sent as what they are. */
function isErrorList(value: unknown): value is readonly unknown[] {
  if (!isList(value)) return false;
  for (let index = 0; index < Math.min(value.length, maxErrors); index += 1) {
    if (isError(read(value, index).value)) return true;
  }
  return false;
}

function show(value: unknown): string {
  if (types.isProxy(value)) return '[Proxy]';
  try {
    return inspect(value, { depth: 2, maxArrayLength: 10, maxStringLength: 2_000, customInspect: false });
  } catch {
    return '[unreadable]';
  }
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function put(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: true });
}
