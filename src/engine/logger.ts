// The lines of a log: how they are put together, and how they look.

import { formatWithOptions } from 'node:util';
import type { LogLevel, LogRecord } from '../lib/log-record.ts';
import { withAuthorsStacks } from '../lib/own-frames.ts';
import { textOf } from '../values/members.ts';
import { withoutSecrets } from './secrets.ts';

/** Writes to the log of the flow run, from wherever the task runs. Arguments are put together as `console.log` does. */
export interface Logger {
  readonly debug: (...message: unknown[]) => void;
  readonly info: (...message: unknown[]) => void;
  readonly warn: (...message: unknown[]) => void;
  readonly error: (...message: unknown[]) => void;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
/** Whether a line of this level is written when `least` is the lowest level that is. */
export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return ranks[level] >= ranks[least];
}

const ignore = (): void => {};
/** How values look in the log. */
export const inspectOptions = { depth: 4, breakLength: 120 };

/** What every record of one logger says besides its message. */
export type LogSource = Omit<LogRecord, 'time' | 'level' | 'message'>;

/** Records below `least` are not even put together. */
export function createLogger(source: LogSource, write: (record: LogRecord) => void, least: LogLevel = 'debug'): Logger {
  const at = (level: LogLevel) => {
    if (!isLogged(level, least)) return ignore;
    return (...message: unknown[]): void => {
      write({ time: Date.now(), level, message: withoutSecrets(formatMessage(message)), ...source });
    };
  };
  return Object.freeze({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
}

/** Arguments put together as `console.log` does. One that cannot be shown is no reason to fail: the text says so. */
export function formatMessage(message: readonly unknown[]): string {
  try {
    return withAuthorsStacks(formatWithOptions(inspectOptions, ...message));
  } catch {
    return message.map(formatPart).join(' ');
  }
}

function formatPart(part: unknown): string {
  try {
    return formatWithOptions(inspectOptions, part);
  } catch (error) {
    return `[it cannot be shown: ${textOf(error)}]`;
  }
}

/** One line of a run's log: time, level, flow run, task with map index and name, worker, logger, message. */
export function formatRecord(record: LogRecord): string {
  const { time, level, message, task, mapIndex, taskRun, logger, worker, flowRun, flow } = record;
  const index = mapIndex === undefined ? '' : `[${mapIndex}]`;
  const name = taskRun === undefined ? '' : ` '${taskRun}'`;
  const where = task === undefined ? '' : ` ${task}${index}${name}`;
  const who = worker === undefined ? '' : ` @${worker}`;
  const whose = logger === undefined ? '' : ` (${logger})`;
  const names = new Set([flow ?? 'heddle', flowRun ?? flow ?? 'heddle']);
  const head = `${new Date(time).toISOString()} ${level.toUpperCase().padEnd(5)} ${[...names].join('/')}`;
  return `${head}${where}${who}${whose} | ${message}`;
}

/**
 * The line that gives the flow run a name, also from a worker: as a line of the log it arrives after all lines that
 * were written before it, and before all that are written later. It is written whatever the level; the log of the run
 * may leave it out.
 */
export function renaming(name: string, source: LogSource): LogRecord & { readonly renamedTo: string } {
  const renamedTo = withoutSecrets(name);
  return {
    time: Date.now(),
    level: 'info',
    message: `the flow run is called '${renamedTo}' now`,
    ...source,
    renamedTo,
  };
}
