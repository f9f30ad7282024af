// What failed, whatever was thrown: as a state, and as text for a line of the log.

import { State } from '../flow/state.ts';
import { authorsStack } from '../lib/own-frames.ts';
import type { ErrorRecord, ThrownRecord } from '../values/error-record.ts';
import { encodeThrown } from '../values/thrown.ts';
import { decodeThrown } from '../values/thrown-again.ts';
import { withoutSecrets } from './secrets.ts';

/** Errors can be the causes of each other. */
const deepest = 10;

/** The state of a run whose function threw, whatever it threw. */
export function failed(thrown: unknown): State {
  const error = errorOf(thrown);
  return new State('Failed', textOf(error), { error });
}

/** What was thrown, as an error that can be read. It may be anything, even a Proxy that throws when it is read. */
export function errorOf(thrown: unknown, thrower?: string): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // Then it is treated like any other value.
  }
  return decodeThrown(encodeThrown(thrown), thrower);
}

/** Nothing for what is no text, such as the list of messages in an answer that was assigned to an error. */
export function messageOf(error: Error): string {
  try {
    const message: unknown = error.message;
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}

function textOf(error: Error): string {
  try {
    return `${error.name}: ${error.message}`;
  } catch {
    return 'an error whose message cannot be read';
  }
}

/**
 * The stacks of an error, of its causes and of the errors in it, whatever they are: even of an error that throws when
 * it is read.
 */
export function stackOf({ error, message }: State): string {
  return bounded(error === undefined ? message : toldOf(encodeThrown(error)));
}

/** Recursion is safe here: a record has few levels, few errors, and a limited length. */
function toldOf(record: ThrownRecord): string {
  if (record.kind !== 'error') return record.text;
  const { errors = [], cause } = record;
  // Its own cause comes first: after the last of the errors, it would seem to be the cause of that one.
  const told = cause === undefined ? 'undefined' : toldOf(cause);
  const why = told === 'undefined' ? [] : [`caused by ${told}`];
  const each = errors.map((error, at) => `error ${at + 1}: ${toldOf(error)}`);
  return [authorsPart(record), ...why, ...each].join('\n');
}

function authorsPart(record: ErrorRecord): string {
  return withCode(authorsStack(record.stack) ?? record.stack.replace(/(?:\n +at .*)+$/, ''), record);
}

/** The stack with the error's code in its first line, as Node writes it for its own errors. */
function withCode(stack: string, { name, code }: Pick<ErrorRecord, 'name' | 'code'>): string {
  const [first = ''] = stack.split('\n');
  if (typeof code !== 'string' || code === '' || first.includes(code)) return stack;
  return stack.replace(/^[\w$.]+(?=: )/, () => `${name} [${code}]`);
}

/**
 * What the error of a state was caused by in the end, to be put behind its message, where that does not say it; else
 * nothing. Of `fetch failed` it is all that there is to know.
 */
export function causeIn({ error, message }: Pick<State, 'error' | 'message'>): string {
  try {
    let cause = error?.cause;
    for (let depth = 0; depth < deepest && cause instanceof Error && cause.cause instanceof Error; depth += 1) {
      cause = cause.cause;
    }
    if (!(cause instanceof Error)) return '';
    const { message: told, code = '' } = cause as NodeJS.ErrnoException;
    const [why = ''] = (told === '' ? code : told).split('\n', 1);
    if (why === '' || message.includes(why)) return '';
    return `${message.endsWith('.') ? ' Cause' : '; cause'}: ${bounded(why, { first: 200, last: 100 })}`;
  } catch {
    // It may be anything that throws when it is read.
    return '';
  }
}

/**
 * Shortens a text for a line of the log, since a task can make one of any length. The beginning stays, which says what
 * is wrong; the end, which says where; and how much is missing between them. Secrets are masked first: a secret that is
 * cut in two would not be found.
 */
export function bounded(text: string, { first, last } = { first: 6_000, last: 2_000 }): string {
  if (text.length <= first + last) return text;
  const masked = withoutSecrets(text);
  const missing = masked.length - first - last;
  if (missing <= 0) return masked;
  const cut = `[and ${missing} more characters, which the state of the task run has]`;
  return `${masked.slice(0, first)} ${cut} ${masked.slice(masked.length - last)}`.toWellFormed();
}
