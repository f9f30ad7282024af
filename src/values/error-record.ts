// What is sent of an error: nothing but texts, whole numbers, and lists and objects of them, so that any codec keeps it
// exact. A field that is more than a simple primitive goes as the text of its encoded bytes.

import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { errorTypeNamed } from './types.ts';

/** What was thrown: an error, something else, or an error that is not told again, or not any more. */
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
  /** By field: what of it is not sent, or not as it was. Those of `cause` and `errors` are with their records. */
  readonly notSent?: Readonly<Record<string, PartLoss>>;
}

export interface ValueRecord {
  readonly kind: 'value';
  /** In a few words: `an Object`. */
  readonly what: string;
  readonly text: string;
  /** Absent when it could not be sent. */
  readonly value?: FieldRecord;
  readonly loss?: PartLoss;
}

export interface CutRecord {
  readonly kind: 'cut';
  readonly text: string;
  readonly loss?: PartLoss;
}

export type FieldRecord =
  | { readonly kind: 'plain'; readonly value: string | boolean | null }
  | { readonly kind: 'encoded'; readonly base64: string }
  | { readonly kind: 'error'; readonly error: ThrownRecord };

/** What keeps a part of an error from arriving as it was: clauses, of which `what` follows the name of the part. */
export interface PartLoss {
  readonly what: string;
  readonly why: string;
  readonly fix?: string;
}

/** An error whose class this process does not know. `remoteClass` has the names of its classes, its own first. */
export class RemoteError extends Error {
  declare readonly remoteClass: readonly string[];
}

/** A task threw something that is not an error. `value` is what it threw, unless that could not be sent. */
export class ThrownValueError extends HeddleError {
  declare readonly value?: unknown;
}

export const builtIns = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;

export const heddleClasses = { ThrownValueError, HeddleError, UsageError } as const;

/** The prototype of what is made of a record wherever it arrives; none when its class is known nowhere else. */
export function prototypeOf({ heddle, classes: [own], tag }: ErrorRecord): object | undefined {
  if (tag !== undefined) return errorTypeNamed(tag)?.prototype;
  if (heddle !== undefined) return heddleClasses[heddle].prototype;
  const others = [DOMException, AggregateError, SuppressedError];
  return [...builtIns, ...others].find((each) => each.name === own)?.prototype;
}

export function describePartLoss({ what, why, fix }: PartLoss): string {
  return `${what}: ${why}${fix === undefined ? '' : `. Fix: ${fix}`}`;
}
