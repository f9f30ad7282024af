import type { LogLevel } from '../../lib/log-record.ts';

const names: Readonly<Record<string, LogLevel>> = {
  silly: 'debug',
  trace: 'debug',
  verbose: 'debug',
  debug: 'debug',
  http: 'debug',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  fatal: 'error',
  crit: 'error',
  critical: 'error',
  alert: 'error',
  emerg: 'error',
  emergency: 'error',
};

/** Our level for what other libraries call theirs; numbers as in pino and bunyan. What nobody knows is `info`. */
export function levelOf(level: string | number): LogLevel {
  if (typeof level === 'string') return Object.hasOwn(names, level) ? names[level]! : 'info';
  if (level < 30) return 'debug';
  if (level >= 50) return 'error';
  return level >= 40 ? 'warn' : 'info';
}
