// The two ways in which a cluster starts workers on this machine.

import { fileURLToPath } from 'node:url';
import { traitArguments, type Traits } from '../lib/placing.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { ThreadPool } from '../worker/thread-pool.ts';
import { connectWorker } from './in-process.ts';
import { passOn, WorkerProcess } from './worker-process.ts';
import type { LaunchedWorker, StartWorker } from './workforce.ts';

export interface WorkerSize {
  readonly threads: number;
  /** Of heap for each thread. */
  readonly memoryLimit: number | undefined;
  readonly has: Traits;
  /** What a process may take, in bytes; what there is if not said. */
  readonly processBytes?: number | undefined;
}

/** Workers that are threads of this process. */
export function inThisProcess(scheduler: Scheduler, { threads, memoryLimit, has }: WorkerSize): StartWorker {
  return async (_, name): Promise<LaunchedWorker> => {
    await using resources = new AsyncDisposableStack();
    const pool = resources.use(new ThreadPool({ threads, memoryLimitMb: memoryLimit, argv: process.argv.slice(2) }));
    await pool.start();
    const worker = resources.use(await connectWorker(scheduler, pool, { name, has }));
    const held = resources.move();
    const ended = Promise.withResolvers<Error | undefined>();
    let isLeaving = false;
    let disposed: Promise<void> | undefined;
    const end = async (error?: Error) => {
      isLeaving = true;
      await (disposed ??= held.disposeAsync());
      ended.resolve(error);
    };
    const leave = () => {
      isLeaving = true;
      void worker.drain(Infinity).then(() => end());
    };
    void worker.closed.then((reason) => (isLeaving ? undefined : end(new Error(reason))));
    return { ended: ended.promise, leave, end };
  };
}

const heddle = fileURLToPath(new URL('../cli/heddle.js', import.meta.url));

/** Workers that are processes of this machine. They import the files that are here. */
export function onThisMachine(address: { url: string; token: string }, size: WorkerSize): StartWorker {
  return (_, name): LaunchedWorker => {
    const args = [...inheritedArguments(process.execArgv), heddle, ...workerArguments(name, size), '--code', 'module'];
    const worker = new WorkerProcess({ name, command: process.execPath, args, hear: passOn });
    worker.tell(address);
    return worker;
  };
}

/** Of `heddle`, for a worker that a program starts, and that nothing but the end of its cluster stops in its work. */
export function workerArguments(name: string, { threads, memoryLimit, processBytes, has }: WorkerSize): string[] {
  const heap = memoryLimit === undefined ? [] : ['--thread-memory', String(memoryLimit)];
  const memory = processBytes === undefined ? [] : ['--memory-limit', `${processBytes}B`];
  const size = ['--threads', String(threads), ...heap, ...memory];
  return ['worker', '--attached', '--name', name, '--drain', '1000d', ...size, ...traitArguments(has)];
}

/** They are about this very process. */
const notInherited =
  /^--(?:inspect|test|watch|prof|cpu-prof|heap-prof|eval|print|check|interactive|input-type)|^-(?!-|[rC]$)/;

/** What this process was started with that code may need to be loaded: hooks, conditions, limits. */
export function inheritedArguments(execArgv: readonly string[]): string[] {
  let isInherited = false;
  return execArgv.filter((argument) => {
    // What is no option is the value of the one before it.
    if (argument.startsWith('-')) isInherited = !notInherited.test(argument);
    return isInherited;
  });
}
