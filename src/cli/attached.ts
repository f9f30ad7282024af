// `heddle worker --attached`: for programs that start workers. What the worker must know comes over its standard input,
// where no process list shows it, and when that ends, whoever started the worker is gone or has no more need of it.

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { UsageError } from '../lib/heddle-error.ts';

export interface Attachment extends Disposable {
  readonly url: string;
  readonly token: string;
  /** Aborted when the input has ended. */
  readonly signal: AbortSignal;
}

/** Reads the first line. Rejects with `NOT_ATTACHED` if it is not what a worker must know. */
export async function attach(input: Readable): Promise<Attachment> {
  const first = Promise.withResolvers<string>();
  const ended = new AbortController();
  const lines = createInterface({ input });
  lines.once('line', first.resolve);
  lines.once('close', () => {
    first.resolve('');
    ended.abort('its standard input ended');
  });
  const close = () => {
    lines.close();
    // Open, it would keep a process alive that has nothing left to do.
    input.destroy();
  };
  try {
    return { ...parse(await first.promise), signal: ended.signal, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

function parse(line: string): { url: string; token: string } {
  const { url, token } = asObject(line);
  if (typeof url === 'string' && typeof token === 'string') return { url, token };
  const message =
    'with --attached, the first line of standard input should be {"url": "ws://…", "token": "…"}: it is for programs ' +
    'that start workers. Leave it out to start one by hand.';
  throw new UsageError('NOT_ATTACHED', message);
}

function asObject(line: string): { readonly url?: unknown; readonly token?: unknown } {
  try {
    return (JSON.parse(line) as object | null) ?? {};
  } catch {
    return {};
  }
}
