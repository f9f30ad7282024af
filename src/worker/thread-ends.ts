// The messages about a thread that ended, or that does not end.

import { describeLoss, type ChunkMessage, type Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { whyNotStarted } from './thread-start.ts';

interface Circumstances {
  readonly memoryLimitMb: number | undefined;
  /** What was logged of the error, if a task left it behind that was over. */
  readonly strayWords?: LogRecord | undefined;
  /** Whether the thread had come as far as our own code; true by default. */
  readonly isUp?: boolean;
}

/** `error` is what ended the thread, or kept it from starting. */
export function lossOf(error: unknown, { memoryLimitMb, strayWords, isUp = true }: Circumstances): Loss {
  const { code, message: told = error, stack } = error as { code?: unknown; message?: unknown; stack?: string };
  const message = String(told);
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { kind: 'out-of-memory', ...(memoryLimitMb !== undefined && { memoryLimitMb }) };
  }
  if (code === 'ERR_WORKER_INIT_FAILED' || !isUp) return { kind: 'not-started', message: whyNotStarted(error) };
  const exitCode = /worker exited with code: (-?\d+)/.exec(message)?.[1];
  if (exitCode !== undefined) return { kind: 'exit', exitCode: Number(exitCode) };
  const leftBy = strayWords?.task === undefined ? undefined : `task ${whose(strayWords)}, which was over,`;
  return { kind: 'error', message, ...(typeof stack === 'string' && { stack }), ...(leftBy && { leftBy }) };
}

/** What piscina says of a thread that ended by itself while a call of it went on. */
export function exitError(exitCode: number): Error {
  return new Error(`worker exited with code: ${exitCode}`);
}

function whose({ task, mapIndex }: LogRecord): string {
  return `'${task}'${mapIndex === undefined ? '' : ` [map index ${mapIndex}]`}`;
}

/** A thread that ended while it ran nothing. */
export interface IdleDeath {
  /** The error that nobody caught there; `undefined` if the thread exited. */
  readonly error: unknown;
  readonly exitCode: number;
  readonly memoryLimitMb: number | undefined;
  /** Whether it had come as far as our own code. */
  readonly isUp: boolean;
  /** The task of its last chunk, if it had one. */
  readonly lastTask: string | undefined;
  /** The last error that was logged there outside of a chunk, as uncaught errors are. Secrets in it are masked. */
  readonly lastWords: LogRecord | undefined;
}

export function describeIdleDeath(death: IdleDeath): string {
  const { error, exitCode, memoryLimitMb, isUp, lastTask, lastWords } = death;
  const ran = lastTask === undefined ? '' : `the last task that ran on it was '${lastTask}'. `;
  if (error === undefined && isUp) {
    const remedy =
      'let no timer, listener or promise that a task leaves behind do so; a task ends by returning or throwing';
    return `${ran}Something called process.exit(${exitCode}) there: ${remedy}`;
  }
  const loss = lossOf(error ?? exitError(exitCode), { memoryLimitMb, isUp });
  const words = loss.kind === 'error' ? lastWords : undefined;
  if (words?.task !== undefined) {
    return `the last words of task ${whose(words)}, which was over: ${words.message}`;
  }
  const what = words?.message ?? (loss.kind === 'error' ? loss.stack : undefined) ?? describeLoss(loss);
  if (lastTask === undefined || loss.kind === 'not-started') return what;
  const remedy = 'If it left something behind, await a promise, and catch what a timer or a listener throws';
  return `${ran}${remedy}: ${what}`;
}

export function lastErrorIn(report: ChunkMessage): LogRecord | undefined {
  return report.type === 'logs' ? report.records.findLast(({ level }) => level === 'error') : undefined;
}

export function stuckRecord(task: string): LogRecord {
  const message =
    `task '${task}' was to be ended, and its thread does not end: it is in a native call (like execFileSync) or a ` +
    'loop of nothing but built-in functions, which nothing can interrupt. Until that is over, another thread takes ' +
    'its place if the worker stays. A call that is async (like execFile) can be ended, and so can the processes of ' +
    'LocalCluster({ processes: true }).';
  return { time: Date.now(), level: 'warn', message, task };
}

export function lossRecord(name: string): LogRecord {
  const message = `resource '${name}' was open, or being opened, on a thread that ended, so it was not closed there`;
  return { time: Date.now(), level: 'warn', message, task: name };
}
