import { inspect } from 'node:util';
import type { LogLevel, LogRecord } from '../lib/log-record.ts';

/** Writes to the log of the flow run, from wherever the task runs. Arguments are put together as `console.log` does. */
export interface Logger {
  debug(...message: unknown[]): void;
  info(...message: unknown[]): void;
  warn(...message: unknown[]): void;
  error(...message: unknown[]): void;
}

/** What every record of one logger says besides its message. */
export type LogSource = Omit<LogRecord, 'time' | 'level' | 'message'>;

export function createLogger(source: LogSource, write: (record: LogRecord) => void): Logger {
  const at =
    (level: LogLevel) =>
    (...message: unknown[]): void =>
      write({ time: Date.now(), level, message: message.map(format).join(' '), ...source });
  return Object.freeze({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
}

function format(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 4, breakLength: 120 });
}
