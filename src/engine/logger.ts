import { formatWithOptions } from 'node:util';
import type { LogLevel, LogRecord } from '../lib/log-record.ts';
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
    return formatWithOptions(inspectOptions, ...message);
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
