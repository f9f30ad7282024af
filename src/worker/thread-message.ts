// What a thread posts, and how it is told from what tasks post through the same port.

import type { Attachments } from '../lib/attachments.ts';
import type { ChunkMessage } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { Posted } from '../lib/posted.ts';

/** A report of a chunk; or of no chunk, about an error that ends the thread and belongs to none. */
export interface ThreadReport {
  readonly attempt: number;
  readonly message: ChunkMessage;
  /** What belongs to its bytes. */
  readonly attached?: Attachments;
}

/** The last reports of a chunk: it is over. */
export interface ThreadReturn {
  readonly attempt: number;
  readonly returned: Posted;
}

/** It could not do what it was told to, for no fault of a task. */
export interface BrokenThread {
  readonly broken: { readonly message: string; readonly stack: string | undefined };
}

/** What is logged while a resource is closed, or that it is closed. */
export interface ClosingReport {
  readonly closing: string;
  readonly message: LogRecord | { readonly type: 'ended' };
}

export function isThreadReport(message: unknown): message is ThreadReport {
  return typeof message === 'object' && message !== null && 'attempt' in message && 'message' in message;
}

export function isThreadReturn(message: unknown): message is ThreadReturn {
  return typeof message === 'object' && message !== null && 'attempt' in message && 'returned' in message;
}

export function isBrokenThread(message: unknown): message is BrokenThread {
  return typeof message === 'object' && message !== null && 'broken' in message;
}

export function isClosingReport(message: unknown): message is ClosingReport {
  return typeof message === 'object' && message !== null && 'closing' in message && 'message' in message;
}

/** Whether our own code on the thread has posted it, rather than piscina. */
export function isThreadMessage(message: unknown): boolean {
  return isThreadReport(message) || isThreadReturn(message) || isClosingReport(message) || isBrokenThread(message);
}
