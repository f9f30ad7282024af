import type { ByteSize } from '../lib/byte-size.ts';
import { traitsOf, type Traits } from '../lib/placing.ts';
import { memoryOf } from './memory-here.ts';

/** What clusters that start their own workers take for the size of each. */
export interface WorkerSizeOptions {
  /** How many threads each worker has, up to 1,000; 1 by default. */
  readonly threads?: number;
  /** What of a task's `resources` each worker has, by name, like `{ gpu: 2 }`; nothing by default. */
  readonly resources?: Readonly<Record<string, number>>;
  /** What tasks that need `labels` find on each worker; nothing by default. */
  readonly labels?: readonly string[];
  /** Megabytes of heap that each thread may use, from 16 on; Node's own limit by default. */
  readonly memoryLimit?: number;
  readonly workerMemory?: ByteSize;
}

export interface WorkerSize {
  readonly threads: number;
  /** Of heap for each thread. */
  readonly memoryLimit: number | undefined;
  readonly has: Traits;
  /** What a process may take, in bytes; what there is if not said. */
  readonly processBytes: number | undefined;
}

export function sizeOf(owner: string, options: WorkerSizeOptions): WorkerSize {
  const { threads = 1, memoryLimit, workerMemory } = options;
  const processBytes = workerMemory === undefined ? undefined : memoryOf(workerMemory, owner, 'workerMemory');
  return { threads, memoryLimit, has: traitsOf(options), processBytes };
}
