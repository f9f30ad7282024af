// An error out of its record. It always comes out, with its own message, class and stack: each part of it that cannot
// be made again, by whatever function of the user's, is named in `notSent`, like those that could not be sent.

import { types } from 'node:util';
import * as copier from './copier.ts';
import {
  builtIns,
  describePartLoss,
  heddleClasses,
  RemoteError,
  ThrownValueError,
  type ErrorRecord,
  type FieldRecord,
  type ThrownRecord,
  type ValueRecord,
} from './error-record.ts';
import { nameOf, prototypesOf } from './kinds.ts';
import { read, textOf } from './members.ts';
import { errorTypeNamed, muted } from './types.ts';

/**
 * It is an instance of its class when this process has that class, else a `RemoteError`. Of what is no error it is said
 * who threw it. Never throws.
 */
export function decodeThrown(record: ThrownRecord, thrower = 'a task'): Error {
  if (record.kind === 'cut') return new Error(record.text);
  return record.kind === 'value' ? thrownValue(record, thrower) : new Decoder(record).decode();
}

/** How many characters of a text that was thrown are told twice. */
const longestAgain = 100;

class Decoder {
  readonly #record: ErrorRecord;
  readonly #notSent: Record<string, string> = {};

  constructor(record: ErrorRecord) {
    this.#record = record;
    for (const [key, loss] of Object.entries(record.notSent ?? {})) this.#notSent[key] = describePartLoss(loss);
  }

  decode(): Error {
    const { cause, errors, code, fields = {}, tag } = this.#record;
    const error = construct(this.#record);
    // The one that it has is not looked at: only then it is made, which takes longer than all else.
    hide(error, 'stack', this.#record.stack);
    for (const key of ['message', 'name'] as const) {
      if (error[key] !== this.#record[key]) hide(error, key, this.#record[key]);
    }
    if (cause !== undefined) hide(error, 'cause', this.#inner('cause', cause));
    if (errors !== undefined) {
      const decoded = errors.map((each, index) => this.#inner(`errors[${index}]`, each));
      hide(error, 'errors', decoded);
    }
    if (code !== undefined && read(error, 'code').value !== code) put(error, 'code', code);
    for (const [key, field] of Object.entries(fields)) this.#putField(error, key, field);
    // What it said so of already, when it has come more than one way.
    const before: unknown = read(error, 'notSent').value;
    if (Object.keys(this.#notSent).length > 0) put(error, 'notSent', { ...Object(before), ...this.#notSent });
    return tag === undefined ? error : asRegistered(error, tag);
  }

  #putField(error: Error, key: string, field: FieldRecord): void {
    try {
      put(error, key, field.kind === 'error' ? this.#inner(key, field.error) : decodeField(field));
    } catch (thrown) {
      this.#notSent[key] = textOf(thrown);
    }
  }

  /** What stood inside an error: there, a value that is no error is nothing special, unless it cannot be had. */
  #inner(step: string, record: ThrownRecord): unknown {
    if (record.kind !== 'error' && record.loss !== undefined) this.#notSent[step] = describePartLoss(record.loss);
    if (record.kind !== 'value' || record.value === undefined) return decodeThrown(record);
    try {
      return decodeField(record.value);
    } catch (thrown) {
      this.#notSent[step] = textOf(thrown);
      return unreadable(textOfValue(record, 'a task'), thrown);
    }
  }
}

/** As an instance of a class that was registered for it; the error as it is, when it was not, or its `decode` fails. */
function asRegistered(error: Error, tag: string): Error {
  const type = errorTypeNamed(tag);
  if (type === undefined) return error;
  const { remoteClass: _, ...descriptors } = Object.getOwnPropertyDescriptors(error) as PropertyDescriptorMap;
  const decode = `the decode() that is registered for '${tag}'`;
  let made: unknown;
  try {
    made = type.decode?.(error as Error & Readonly<Record<string, unknown>>) ?? bare(type.prototype);
    if (isErrorHere(made)) return Object.defineProperties(made, descriptors);
  } catch (thrown) {
    put(error, 'notRebuilt', `${decode} threw: ${textOf(thrown)}`);
    return error;
  }
  put(error, 'notRebuilt', `${decode} gave ${nameOf(muted(made))}: it must return the error, at once`);
  return error;
}

function isErrorHere(made: unknown): made is Error {
  if (typeof made !== 'object' || made === null || types.isProxy(made)) return false;
  return types.isNativeError(made) || prototypesOf(made).includes(Error.prototype);
}

function bare(prototype: object): Error {
  return Object.setPrototypeOf(new Error(''), prototype) as Error;
}

function thrownValue(record: ValueRecord, thrower: string): ThrownValueError {
  const { value, loss } = record;
  const text = textOfValue(record, thrower);
  const told = loss === undefined ? {} : { notSent: { value: describePartLoss(loss) } };
  if (value === undefined) return new ThrownValueError('THREW_NON_ERROR', text, told);
  try {
    return new ThrownValueError('THREW_NON_ERROR', text, { value: decodeField(value), ...told });
  } catch (cause) {
    return unreadable(text, cause);
  }
}

function unreadable(text: string, cause: unknown): ThrownValueError {
  const why = textOf(cause);
  const message = `${text} The value itself cannot be made again here: ${why}`;
  return new ThrownValueError('THREW_NON_ERROR', message, { cause, notSent: { value: why } });
}

/** How Node shows a class, where one was thrown instead of what it makes. */
const shownClass = /^\[(?:class ([\w$]+)\b.*|Function: ([\w$]*Error))\]$/;

function textOfValue({ what, text }: ValueRecord, thrower: string): string {
  const message = what === 'a string' && text.length <= longestAgain ? text : '…';
  const [, name, native = name] = shownClass.exec(text) ?? [];
  const remedy =
    native === undefined
      ? `Write throw new Error(${message}), which also says where it was thrown.`
      : `Write throw new ${native}(…): the class itself is no Error.`;
  return `${thrower} threw ${what}, not an Error: ${text}. ${remedy}`;
}

function decodeField(field: FieldRecord): unknown {
  if (field.kind === 'plain') return field.value;
  return field.kind === 'error' ? decodeThrown(field.error) : copier.read(Buffer.from(field.base64, 'base64'), 0);
}

function construct({ heddle, classes, name, message, code = '' }: ErrorRecord): Error {
  if (heddle !== undefined) return new heddleClasses[heddle](String(code), message);
  const [own = ''] = classes;
  if (own === 'DOMException') return new DOMException(message, name);
  if (own === 'AggregateError') return new AggregateError([], message);
  if (own === 'SuppressedError') return new SuppressedError(undefined, undefined, message);
  const builtIn = builtIns.find((each) => each.name === own);
  if (builtIn !== undefined) return new builtIn(message);
  return Object.assign(new RemoteError(message), { remoteClass: classes });
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function put(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: true });
}
