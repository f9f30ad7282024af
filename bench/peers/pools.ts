// The peers, each with a fixed number of threads, set up as its own documents advise for many small tasks, or as they
// are when that made no difference.

import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { FixedThreadPool } from 'poolifier';
import { Tinypool } from 'tinypool';
import workerpoolModule from 'workerpool';

/** Adds one to a number, on another thread. */
export type Increment = (value: number) => PromiseLike<number>;

export interface Peer {
  readonly name: string;
  /** Starts a pool; `resources` closes it. */
  readonly open: (resources: AsyncDisposableStack, threads: number) => Increment;
}

export const piscina: Peer = { name: 'piscina', open: openPiscina };
export const widePiscina: Peer = { name: 'piscina, 64 a thread', open: wide(openPiscina) };
export const tinypool: Peer = { name: 'tinypool', open: openTinypool };
export const wideTinypool: Peer = { name: 'tinypool, 64 a thread', open: wide(openTinypool) };

export const workerpool: Peer = {
  name: 'workerpool',
  open: (resources, threads) => {
    const limits = { minWorkers: threads, maxWorkers: threads };
    const pool = workerpoolModule.pool(workerFile('workerpool-worker.ts'), { workerType: 'thread', ...limits });
    resources.defer(async () => {
      await pool.terminate();
    });
    return (value) => pool.exec('inc', [value]) as PromiseLike<number>;
  },
};

export const poolifier: Peer = {
  name: 'poolifier',
  open: (resources, threads) => {
    const pool = new FixedThreadPool<number, number>(threads, workerFile('poolifier-worker.ts'));
    resources.defer(() => pool.destroy());
    return (value) => pool.execute(value);
  },
};

interface Width {
  /** How many tasks a thread may have under way at one time. */
  readonly concurrentTasksPerWorker?: number;
}

function openPiscina(resources: AsyncDisposableStack, threads: number, width: Width = {}): Increment {
  const filename = workerFile('inc.ts');
  const pool = new Piscina<number, number>({ filename, minThreads: threads, maxThreads: threads, ...width });
  resources.defer(() => pool.destroy());
  return (value) => pool.run(value);
}

function openTinypool(resources: AsyncDisposableStack, threads: number, width: Width = {}): Increment {
  const filename = workerFile('inc.ts');
  // Without atomics it is faster by a quarter, and no slower when wide; piscina is not.
  const pool = new Tinypool({ filename, minThreads: threads, maxThreads: threads, useAtomics: false, ...width });
  resources.defer(() => pool.destroy());
  return (value) => pool.run(value) as Promise<number>;
}

function wide(open: typeof openPiscina): Peer['open'] {
  return (resources, threads) => open(resources, threads, { concurrentTasksPerWorker: 64 });
}

function workerFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
