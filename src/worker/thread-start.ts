// How a thread is started: what it is given, how large its heap may be, and how often starts failed.

import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResourceLimits } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { HeddleError } from '../lib/heddle-error.ts';
import { messageIn } from '../lib/thrown-text.ts';
import { Turnstile } from '../lib/turnstile.ts';

export interface ThreadOptions {
  /** Megabytes of heap that the thread may use; Node's own default when absent. */
  readonly memoryLimitMb: number | undefined;
  /** What the modules of tasks find behind the first two of `process.argv`; nothing if absent. */
  readonly argv?: readonly string[];
  /** Whether nobody else in this process holds the inputs of a chunk: then they are moved to the thread, not copied. */
  readonly ownsInputs?: boolean;
}

/** What a thread is to load, and call with the port of its orders. */
export const entry = new URL(`../../workers/thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
  .href;

/**
 * Threads for which nothing waits load what they need one after the other, or some at once where there are more cores:
 * all together would take these from the thread for which something waits, and from the flow.
 */
export const loadingAhead = new Turnstile(Math.max(1, Math.floor(availableParallelism() / 2)));

/** The last of so many in a row that could not be started is charged to what waits for a thread. */
const mostFailures = 4;
/** Between two of them: of processes and open files, others may have given some back by then. */
const firstPauseMs = 50;
const longestPauseMs = 200;

/** Threads of one slot that never came up, one after the other. */
export class FailedStarts {
  #inARow = 0;

  /** Resolves when the next thread is to be started. */
  async pause(): Promise<void> {
    if (this.#inARow > 0) await delay(Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#inARow - 1)));
  }

  /** Notes one more. Gives whether another is to be started, and nobody charged with it. */
  note(): boolean {
    this.#inARow = (this.#inARow + 1) % mostFailures;
    return this.#inARow > 0;
  }

  /** A thread has come up. */
  forget(): void {
    this.#inARow = 0;
  }
}

const orLess = 'start fewer threads, or allow more';
/** What is in the way of a thread, and what to do about it. */
const shortages: readonly (readonly [sign: RegExp, advice: string])[] = [
  [/EAGAIN/, `this user or container may have no more threads (ulimit -u; the pids limit of a container): ${orLess}`],
  [/EMFILE/, `the system lets this process open no more files (ulimit -n): ${orLess}`],
  [/ENOMEM/, `the system has no more memory for it: ${orLess}`],
  [/uv_cwd/, 'the folder that this process was started in is gone: start it again in one that is there'],
];

/** As part of a sentence. */
export function whyNotStarted(error: unknown): string {
  const why = messageIn(error).replace(/\.$/, '');
  const shortage = shortages.find(([sign]) => sign.test(why));
  return shortage === undefined ? why : `${why}: ${shortage[1]}`;
}

/** Waits for a thread of which nothing waits yet. Rejects with `THREAD_NOT_STARTED`. */
export async function cameUp(thread: Promise<unknown> | undefined): Promise<void> {
  try {
    await thread;
  } catch (cause) {
    const message = `a thread could not be started: ${whyNotStarted(cause)}`;
    throw new HeddleError('THREAD_NOT_STARTED', message, { cause });
  }
}

/**
 * When a heap exceeds its limit by less than 16 MB, V8 ends the thread; by more, it ends the whole process. All that
 * the young generation holds may become old at once, so it has to be smaller than that: ours has two halves of 8 MB,
 * and as much again for what is new. What a single allocation adds cannot be bounded.
 */
function heapLimits(memoryLimitMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: memoryLimitMb, maxYoungGenerationSizeMb: 24 };
}

/** Starts one thread, in a pool of its own that never replaces it. It loads nothing of ours yet. */
export async function threadPool({ memoryLimitMb, argv }: ThreadOptions): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  const pool = new Piscina({
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
    // Any other mode parks an idle thread and so stops the timers and sockets of the user's modules in it.
    atomics: 'disabled',
    recordTiming: false,
    ...(argv !== undefined && { argv: [...argv] }),
    ...(memoryLimitMb !== undefined && { resourceLimits: heapLimits(memoryLimitMb) }),
  });
  // Otherwise piscina starts another as soon as it ends, to which nobody listens.
  pool.options.minThreads = 0;
  return pool;
}
