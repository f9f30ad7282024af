import { formatWithOptions } from 'node:util';
import type { LogLevel, LogRecord } from '../lib/log-record.ts';

/** Writes to the log of the flow run, from wherever the task runs. Arguments are put together as `console.log` does. */
export interface Logger {
  readonly debug: (...message: unknown[]) => void;
  readonly info: (...message: unknown[]) => void;
  readonly warn: (...message: unknown[]) => void;
  readonly error: (...message: unknown[]) => void;
}

const formatting = { depth: 4, breakLength: 120 };

/** What every record of one logger says besides its message. */
export type LogSource = Omit<LogRecord, 'time' | 'level' | 'message'>;

export function createLogger(source: LogSource, write: (record: LogRecord) => void): Logger {
  const at =
    (level: LogLevel) =>
    (...message: unknown[]): void =>
      write({ time: Date.now(), level, message: formatWithOptions(formatting, ...message), ...source });
  return Object.freeze({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
}
