// The threads of a cluster's workers in this process. Those of the first one start before there is a scheduler that it
// could join: to load one takes about as long. All others would only take the cores from both.

import { ThreadPool } from '../worker/thread-pool.ts';
import type { WorkerSize } from './worker-size.ts';

export class PoolsHere implements AsyncDisposable {
  readonly #size: WorkerSize;
  #first: ThreadPool | undefined;

  constructor(size: WorkerSize) {
    this.#size = size;
  }

  async startFirst(): Promise<void> {
    this.#first = this.#newPool();
    // Whoever takes it starts it as well, and hears what is in the way.
    await this.#first.start().catch(() => {});
  }

  /** The threads of a worker, which are its own from here on. */
  take(): ThreadPool {
    const pool = this.#first ?? this.#newPool();
    this.#first = undefined;
    return pool;
  }

  #newPool(): ThreadPool {
    const { threads, memoryLimit } = this.#size;
    return new ThreadPool({ threads, memoryLimitMb: memoryLimit, argv: process.argv.slice(2) });
  }

  /** Ends those that nobody took. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#first?.[Symbol.asyncDispose]();
  }
}
