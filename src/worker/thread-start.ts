// What is to be known to start a thread: how large its heap may be, and how often starts failed.

import { setTimeout as delay } from 'node:timers/promises';
import type { ResourceLimits } from 'node:worker_threads';

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

/**
 * When a heap exceeds its limit by less than 16 MB, V8 ends the thread; by more, it ends the whole process. All that
 * the young generation holds may become old at once, so it has to be smaller than that: ours has two halves of 8 MB,
 * and as much again for what is new. What a single allocation adds cannot be bounded.
 */
export function heapLimits(memoryLimitMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: memoryLimitMb, maxYoungGenerationSizeMb: 24 };
}
