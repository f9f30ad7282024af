// Worker processes that a cluster starts on this machine.

import { fileURLToPath } from 'node:url';
import { inheritedArguments } from '../lib/inherited-arguments.ts';
import { traitArguments } from '../lib/placing.ts';
import { passOn, WorkerProcess } from './worker-process.ts';
import type { WorkerSize } from './worker-size.ts';
import type { LaunchedWorker, StartWorker } from './workforce.ts';

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
