// What is said of a thread that ends, or does not.

import { describeLoss, type Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';

/** `error` is what a call of the thread failed with, or what was heard of one that ran nothing. */
export function lossOf(error: unknown, memoryLimitMb: number | undefined): Loss {
  const { code, message, stack } = error as { code?: unknown; message?: string; stack?: string };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { kind: 'out-of-memory', ...(memoryLimitMb !== undefined && { memoryLimitMb }) };
  }
  const exitCode = /worker exited with code: (\d+)/.exec(message ?? '')?.[1];
  if (exitCode !== undefined) return { kind: 'exit', exitCode: Number(exitCode) };
  return { kind: 'error', message: message ?? String(error), ...(typeof stack === 'string' && { stack }) };
}

/** A thread that ended while it ran nothing. */
export interface IdleDeath {
  readonly loss: Loss;
  /** The task of its last chunk, if it had one. */
  readonly lastTask: string | undefined;
  /** The last error that was written into the log there when the chunk was over; it has no secret in it. */
  readonly lastWords: LogRecord | undefined;
}

export function describeIdleDeath({ loss, lastTask, lastWords }: IdleDeath): string {
  if (lastWords?.task !== undefined) {
    const { task, mapIndex, message } = lastWords;
    const whose = `'${task}'${mapIndex === undefined ? '' : ` [map index ${mapIndex}]`}`;
    return `the last words of task ${whose}, which was over: ${message}`;
  }
  const what = (loss.kind === 'error' ? loss.stack : undefined) ?? describeLoss(loss);
  if (lastTask === undefined) return what;
  const remedy = 'If it left something behind, await a promise, and catch what a timer or a listener throws';
  return `the last task that ran on it was '${lastTask}'. ${remedy}: ${what}`;
}

export function stuckRecord(task: string): LogRecord {
  const message =
    `task '${task}' was to be ended, and its thread does not end: it is in a native call (like execFileSync) or a ` +
    'loop of nothing but built-in functions, which nothing can interrupt. Another thread takes its place; this one ' +
    'ends when that is over. What can be ended is a worker process, or a call that is async.';
  return { time: Date.now(), level: 'warn', message, task };
}

export function lossRecord(name: string): LogRecord {
  const message = `resource '${name}' was open on a thread that ended, so it was not closed there`;
  return { time: Date.now(), level: 'warn', message, task: name };
}
