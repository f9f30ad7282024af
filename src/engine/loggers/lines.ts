// What the adapters of all libraries share: which run a line belongs to, and how it looks in the log.

import { inspect, stripVTControlCharacters } from 'node:util';
import type { LogLevel } from '../../lib/log-record.ts';
import { writingRun, type Run } from '../context.ts';
import { inspectOptions } from '../logger.ts';
import { isNamed } from './names.ts';

/** A line of some library's logger, as that library tells it. */
export interface Line {
  readonly name: string;
  readonly level: LogLevel;
  readonly message: string;
  /** What was logged besides the message. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly stack?: string | undefined;
}

/** A logger that was given to `attachLogger`: all its lines are wanted, by every run. */
export interface Attachment {
  /** What it is called in the log, instead of what it calls itself. */
  readonly name?: string;
  /** Whether its lines go where they went before, too. */
  readonly echo: boolean;
}

/** The key under which a logger keeps how it was attached; its children inherit it. */
export const attachmentKey = Symbol.for('heddle.logger.attachment');
/** Marks what was changed so that runs get its lines. */
export const hookedKey = Symbol.for('heddle.logger.hooked');

/** The run that writes now, if there is one and its settings name this logger. */
export function runNaming(name: string): Run | undefined {
  const run = writingRun();
  return run !== undefined && isNamed(name, run.extraLoggers) ? run : undefined;
}

export function writeLine(run: Run, { name, level, message, fields = {}, stack }: Line): void {
  const parts = Object.keys(fields).length === 0 ? [message] : [message, inspect(fields, inspectOptions)];
  const head = parts.filter((part) => part !== '').join(' ');
  // The stack of an error begins with its message, and often that is all the message there is.
  const isTold = stack?.includes(message) === true && parts.length === 1;
  const text = stack === undefined ? head : [...(isTold || head === '' ? [] : [head]), stack].join('\n');
  run.loggerOf(name)[level]('%s', stripVTControlCharacters(text));
}
