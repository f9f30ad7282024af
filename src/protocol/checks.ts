// Checks of what a peer sent, field by field. A check answers with the first fault, and with nothing when all is well;
// it looks and never changes. Fields that a check does not name are let be: a later version may have more of them, and
// its hello must still be readable for it to be refused by its number.

import { lastMomentMs } from '../lib/moment.ts';

/** Where something is wrong, what was expected there and what came. */
export interface Fault {
  readonly path: string;
  readonly expected: string;
  readonly received: string;
}

export type Check = (value: unknown) => Fault | undefined;

/** A check for every field of T, so that a new field which nobody checks does not compile. */
export type Fields<T> = { readonly [K in keyof T]-?: Check };

export const count = leaf('a whole number from 0', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
export const positive = leaf('a whole number from 1', (value) => Number.isSafeInteger(value) && (value as number) >= 1);

export function atMost(limit: number): Check {
  const expected = `a whole number from 0 to ${limit}`;
  return leaf(expected, (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= limit);
}

export const integer = leaf('a whole number', (value) => Number.isSafeInteger(value));
export const duration = leaf('a number of milliseconds', (value) => Number.isFinite(value) && (value as number) >= 0);
export const amount = leaf('a number above 0', (value) => Number.isFinite(value) && (value as number) > 0);
/** What a Date can hold. */
export const time = leaf('a time', (value) => typeof value === 'number' && Math.abs(value) <= lastMomentMs);
export const text = leaf('a text', (value) => typeof value === 'string');
export const flag = leaf('true or false', (value) => typeof value === 'boolean');
export const bytes = leaf('bytes', (value) => value instanceof Uint8Array);

/** The words that may stand there, as keys, so that a word which is forgotten does not compile. */
export function oneOf<T extends string>(allowed: Readonly<Record<T, 1>>): Check {
  return leaf(Object.keys(allowed).join(' or '), (value) => typeof value === 'string' && Object.hasOwn(allowed, value));
}

export function optional(check: Check): Check {
  return (value) => (value === undefined ? undefined : check(value));
}

export function list(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return { path: '', expected: 'a list', received: describe(value) };
    for (let i = 0; i < value.length; i += 1) {
      const fault = check(value[i]);
      if (fault !== undefined) return { ...fault, path: `[${i}]${fault.path}` };
    }
    return undefined;
  };
}

export function record<T>(fields: Fields<T>): Check {
  const checks = Object.entries(fields) as readonly [string, Check][];
  return (value) => {
    if (!isRecord(value)) return { path: '', expected: 'an object', received: describe(value) };
    for (const [name, check] of checks) {
      const fault = check(value[name]);
      if (fault !== undefined) return { ...fault, path: `.${name}${fault.path}` };
    }
    return undefined;
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** A few words about a value of unknown kind and size. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string')
    return value.length > 40 ? `a text of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return typeof value === 'bigint' ? 'a 64-bit integer' : 'an object';
}

function leaf(expected: string, isFine: (value: unknown) => boolean): Check {
  return (value) => (isFine(value) ? undefined : { path: '', expected, received: describe(value) });
}
