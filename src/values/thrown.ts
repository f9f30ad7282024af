// What a task threw, as a record that always arrives. Encoding happens beside the user's code and so must not throw,
// whatever was thrown: every read of a foreign object is guarded, and every text, list and depth has an end. What does
// not arrive as it was, for whatever reason, is told in the record.

import { inspect, types } from 'node:util';
import * as copier from './copier.ts';
import { diagnose, harmless, type Finding } from './diagnosis.ts';
import {
  heddleClasses,
  RemoteError,
  type CutRecord,
  type ErrorRecord,
  type FieldRecord,
  type PartLoss,
  type ThrownRecord,
  type ValueRecord,
} from './error-record.ts';
import { classNames, nameOf, prototypesOf } from './kinds.ts';
import { read, textOf } from './members.ts';
import { authorsStack } from '../lib/own-frames.ts';
import { errorTypeOf } from './types.ts';

const maxText = 64 * 1_024;
const maxDepth = 8;
const maxErrors = 50;
const maxFields = 100;
/** Of one thrown value in all: 50 errors with 50 errors each, eight levels deep, would never end. */
const maxRecords = 200;
const maxTotal = 1_024 * 1_024;

/** An error in a field of another goes by the same encoder: it may lead back, and they share what room there is. */
let current: Encoder | undefined;

export function encodeThrown(thrown: unknown): ThrownRecord {
  const encoder = current ?? new Encoder();
  const isOutermost = current === undefined;
  current = encoder;
  try {
    return encoder.encode(thrown);
  } catch (error) {
    const message = `a task failed, and reading what it threw failed too: ${textOf(error)}`;
    return { kind: 'error', classes: ['Error'], name: 'Error', message, stack: `Error: ${message}` };
  } finally {
    if (isOutermost) current = undefined;
  }
}

interface Field {
  readonly record?: FieldRecord;
  readonly loss?: PartLoss;
}

class Encoder {
  /** The errors on the way down to the one at hand: meeting one of them again is a cycle. */
  readonly #above = new Set<unknown>();
  #records = 0;
  #textLeft = maxTotal;

  encode(thrown: unknown): ThrownRecord {
    this.#records += 1;
    if (!isError(thrown)) return this.#encodeValue(thrown);
    if (this.#above.has(thrown)) return this.#cutOff('circular', thrown, 'it leads back to an error that it is in');
    if (this.#above.size >= maxDepth || this.#records > maxRecords) {
      const why = `${maxDepth} levels of errors are sent, and ${maxRecords} errors in all`;
      return this.#cutOff('not sent, since there are too many', thrown, why);
    }
    this.#above.add(thrown);
    try {
      return this.#encodeError(thrown);
    } finally {
      this.#above.delete(thrown);
    }
  }

  #cutOff(text: string, error: object, why: string): CutRecord {
    const loss = { what: `is ${nameOf(error)}`, why, fix: 'leave it out' };
    return { kind: 'cut', text: this.#cut(`[${text}: ${textOf(error)}]`), loss };
  }

  #encodeError(error: object): ErrorRecord {
    const name = this.#text(error, 'name');
    const message = this.#text(error, 'message');
    const stack = this.#text(error, 'stack');
    const { value: code } = read(error, 'code');
    const hasCode = isKept(code) || (Number.isSafeInteger(code) && !Object.is(code, -0));
    const prototypes = prototypesOf(error);
    const heddle = heddleClass(prototypes);
    const tag = errorTypeOf(prototypes)?.tag;
    const errors = read(error, 'errors').value;
    const cause = read(error, 'cause');
    return {
      kind: 'error',
      classes: classesOf(error, prototypes).map((each) => this.#cut(each)),
      name,
      message,
      // Where an error of our own was made tells nobody anything.
      stack: authorsStack(stack) ?? (stack === '' || heddle !== undefined ? `${name}: ${message}` : stack),
      ...(heddle !== undefined && { heddle }),
      ...(tag !== undefined && { tag }),
      ...(hasCode && { code: typeof code === 'string' ? this.#cut(code) : Number(code) }),
      ...(Object.hasOwn(error, 'cause') && cause.threw === undefined && { cause: this.encode(cause.value) }),
      ...(isErrorList(errors) && { errors: this.#encodeErrors(errors) }),
      ...this.#encodeFields(error, hasCode ? [...toldApart, 'code'] : toldApart),
    };
  }

  #encodeErrors(errors: readonly unknown[]): ThrownRecord[] {
    const records: ThrownRecord[] = [];
    for (let index = 0; index < Math.min(errors.length, maxErrors); index += 1) {
      records.push(this.encode(read(errors, index).value));
    }
    if (errors.length > maxErrors) records.push({ kind: 'cut', text: `[and ${errors.length - maxErrors} more]` });
    return records;
  }

  #encodeFields(error: object, told: readonly string[]): Pick<ErrorRecord, 'fields' | 'notSent'> {
    const keys = fieldsOf(error, told);
    const fields: Record<string, FieldRecord> = {};
    const losses = lossesBeside(error, keys);
    for (const key of keys.slice(0, maxFields)) {
      const { value, threw } = read(error, key);
      if (key === 'errors' && isErrorList(value)) continue;
      const { record, loss } = threw === undefined ? this.#encodeField(value) : { loss: ofGetter(threw) };
      const cutKey = this.#cut(key);
      if (loss !== undefined) losses[cutKey] = loss;
      if (record !== undefined) fields[cutKey] = record;
    }
    return {
      ...(Object.keys(fields).length > 0 && { fields }),
      ...(Object.keys(losses).length > 0 && { notSent: this.#cutAll(losses) }),
    };
  }

  #encodeField(value: unknown): Field {
    if (!isError(value)) return this.#encodeData(value);
    return { record: { kind: 'error', error: this.encode(value) } };
  }

  /** As any other value, with what would keep it from travelling, or change it, as the loss. */
  #encodeData(value: unknown): Field {
    if (typeof value === 'boolean' || value === null) return { record: { kind: 'plain', value } };
    if (typeof value === 'string' && value.isWellFormed()) {
      const isTooLong = value.length > this.#room;
      return isTooLong ? this.#tooLong(value, value.length) : { record: { kind: 'plain', value: this.#cut(value) } };
    }
    try {
      const { packed, refused, changed } = diagnose(value);
      if (refused[0] !== undefined) return { loss: lossOf(refused[0]) };
      const bytes = copier.write(packed, []);
      if (bytes.length > this.#room) return this.#tooLong(value, bytes.length);
      const base64 = this.#spend(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'));
      const change = changed.find(({ kind }) => !harmless.has(kind));
      return { record: { kind: 'encoded', base64 }, ...(change && { loss: lossOf(change) }) };
    } catch (error) {
      return { loss: { what: `is ${nameOf(value)}`, why: textOf(error), fix: 'send plain data' } };
    }
  }

  #tooLong(value: unknown, length: number): Field {
    const size = `${length.toLocaleString('en')} ${typeof value === 'string' ? 'characters' : 'bytes'}`;
    const why = `an error takes along ${maxText / 1_024} KB a field, and ${maxTotal / 1_024 ** 2} MB in all`;
    const fix = 'write it to storage, and let the error say where';
    return { loss: { what: `is ${nameOf(value)} of ${size}`, why, fix } };
  }

  #encodeValue(thrown: unknown): ValueRecord {
    const { record, loss } = this.#encodeData(thrown);
    const [told] = loss === undefined ? [] : Object.values(this.#cutAll({ loss }));
    return {
      kind: 'value',
      what: this.#cut(nameOf(thrown)),
      text: this.#cut(show(thrown)),
      ...(record && { value: record }),
      ...(told && { loss: told }),
    };
  }

  #text(error: object, key: string): string {
    const { value, threw } = read(error, key);
    if (threw !== undefined) return this.#cut(`[reading .${key} threw: ${threw}]`);
    if (value === undefined || value === null) return '';
    return this.#cut(typeof value === 'string' ? value : show(value));
  }

  get #room(): number {
    return Math.min(maxText, this.#textLeft);
  }

  /** The text, or its beginning and how much of it is missing; well-formed, since not every codec keeps half a pair. */
  #cut(text: string): string {
    const room = Math.max(200, this.#room);
    if (text.length <= room) return this.#spend(text.toWellFormed());
    return this.#spend(`${text.slice(0, room).toWellFormed()} [and ${text.length - room} more characters]`);
  }

  #cutAll(losses: Readonly<Record<string, PartLoss>>): Record<string, PartLoss> {
    const cut = Object.entries(losses).map(([key, { what, why, fix }]) => [
      this.#cut(key),
      { what: this.#cut(what), why: this.#cut(why), ...(fix !== undefined && { fix: this.#cut(fix) }) },
    ]);
    return Object.fromEntries(cut) as Record<string, PartLoss>;
  }

  #spend(text: string): string {
    this.#textLeft -= text.length;
    return text;
  }
}

/** What a record says of an error otherwise than among its fields, or not at all. */
const toldApart: readonly string[] = ['stack', 'cause', 'remoteClass', '__proto__'];

/** The keys of what is not told otherwise; and of a name or message that a text cannot say as it is. */
function fieldsOf(error: object, told: readonly string[]): string[] {
  const texts = ['name', 'message'].filter((key) => {
    const { value, threw } = read(error, key);
    return threw !== undefined || isKept(value) || (value === undefined && !Object.hasOwn(error, key));
  });
  const own = new Set(Object.getOwnPropertyNames(error).filter((key) => ![...told, ...texts].includes(key)));
  for (const key of ['name', 'message']) if (!texts.includes(key)) own.add(key);
  return [...own];
}

/** Of what is not among the fields that are sent. */
function lossesBeside(error: object, keys: readonly string[]): Record<string, PartLoss> {
  const losses: Record<string, PartLoss> = {};
  const symbols = Object.getOwnPropertySymbols(error).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(error, key),
  );
  for (const key of symbols.slice(0, maxDepth)) {
    losses[String(key)] = { what: 'is a symbol-keyed property', why: 'symbol keys are dropped', fix: 'use a string' };
  }
  if (keys.length > maxFields) {
    const what = `are ${keys.length - maxFields} more fields`;
    losses['…'] = { what, why: `${maxFields} are sent`, fix: 'put them into one object, in one field' };
  }
  const { value: errors } = read(error, 'errors');
  if (isErrorList(errors) && errors.length > maxErrors) {
    const why = `the first ${maxErrors} are sent`;
    losses['errors'] = {
      what: `is a list of ${errors.length}`,
      why,
      fix: 'gather fewer, or count those that are alike',
    };
  } else if (isErrorList(errors) && !hasErrorsOnly(errors)) {
    const what = 'is a list with holes, other keys or a class of its own';
    losses['errors'] = { what, why: 'of a list of errors, those alone arrive', fix: 'send the rest in another field' };
  }
  const { threw } = read(error, 'cause');
  if (threw !== undefined && Object.hasOwn(error, 'cause')) losses['cause'] = ofGetter(threw);
  const { value: stack } = read(error, 'stack');
  const isLongStack = typeof stack === 'string' && !isKept(stack) && !keys.includes('message');
  if (isLongStack) losses['stack'] = { what: 'is a long text', why: `of a stack, ${maxText / 1_024} KB are sent` };
  return losses;
}

/** Whether the text in a record is the very value. */
function isKept(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxText && value.isWellFormed();
}

function lossOf({ path, what, why, remedy }: Finding): PartLoss {
  return { what: path === '' ? what : `has ${path}, which ${what}`, why, ...(remedy[0] && { fix: remedy[0] }) };
}

function ofGetter(threw: string): PartLoss {
  return {
    what: `is a getter that threw: ${threw}`,
    why: 'reading it runs code, which failed',
    fix: 'mend the getter',
  };
}

function heddleClass(prototypes: readonly object[]): keyof typeof heddleClasses | undefined {
  const names = ['ThrownValueError', 'HeddleError', 'UsageError'] as const;
  return names.find((name) => prototypes.includes(heddleClasses[name].prototype));
}

function classesOf(error: object, prototypes: readonly object[]): readonly string[] {
  if (prototypes.includes(RemoteError.prototype)) {
    const { value: told } = read(error, 'remoteClass');
    if (isList(told) && told.every((name) => typeof name === 'string')) return told;
  }
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

function hasErrorsOnly(errors: readonly unknown[]): boolean {
  // Its length is a key too.
  return Object.getPrototypeOf(errors) === Array.prototype && Reflect.ownKeys(errors).length === errors.length + 1;
}

function show(value: unknown): string {
  if (types.isProxy(value)) return '[Proxy]';
  try {
    return inspect(value, { depth: 2, maxArrayLength: 10, maxStringLength: 2_000, customInspect: false });
  } catch {
    return '[unreadable]';
  }
}
