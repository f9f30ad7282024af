// A fresh process that looks for tasks as workers do: by importing their modules, in a thread. search-afresh.ts starts
// and ends it. Each module has a thread of its own, so that what one does while it loads is not blamed on another. The
// main thread runs no user code, so that it always notices when its parent is gone.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { nameAndMessageIn } from '../lib/thrown-text.ts';
import { importOnlyForTasks, load } from '../code/load.ts';
import { assertSame, type FunctionIdentity } from '../code/function-identity.ts';
import type { Reference } from '../code/registry.ts';
import { codesOfResource, type ResourceDefinition } from '../flow/resource.ts';
import { codeOf, Task } from '../flow/task.ts';
// The tasks that come with Heddle are there in every worker.
import './task-run/chunk-runner.ts';

/** A task or a resource that is to be found, and which functions it has. */
export interface Sought {
  readonly reference: Reference;
  readonly functions: readonly FunctionIdentity[];
}

export interface Search {
  readonly modules: readonly (readonly Sought[])[];
}

export interface Answer {
  /** Which module of the search, and which task of that. */
  readonly module: number;
  readonly task: number;
  readonly fault?: LookupFault;
}

export interface LookupFault {
  /** The code of the error that a worker would answer with. */
  readonly code: string;
  /** What the user's module threw or did; or where the function is that was found instead. */
  readonly cause: string;
}

/** More would only slow each other down. A thread that hangs counts until the end. */
const threadsAtATime = 8;
/** The exit status of a thread whose module awaits something that can never settle. */
const unsettled = 13;

if (isMainThread) {
  process.on('disconnect', endWithAllThatWasStarted);
  process.once('message', (search: Search) => void searchAll(search));
} else {
  importOnlyForTasks();
  await Promise.all((workerData as readonly Sought[]).map(answer));
}

/** The parent is gone. Modules may have started processes: those are in the group that this process leads. */
function endWithAllThatWasStarted(): void {
  process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL');
}

async function searchAll({ modules }: Search): Promise<void> {
  const open = modules.entries();
  const lane = async () => {
    for (const [module, sought] of open) await searchModule(module, sought);
  };
  await Promise.all(Array.from({ length: threadsAtATime }, lane));
}

async function searchModule(module: number, sought: readonly Sought[]): Promise<void> {
  const unanswered = new Set(sought.keys());
  const tell = (task: number, fault?: LookupFault) => {
    if (unanswered.delete(task)) process.send!({ module, task, ...(fault && { fault }) } satisfies Answer);
  };
  const { promise: over, resolve } = Promise.withResolvers<string>();
  const thread = new Worker(new URL(import.meta.url), { workerData: sought });
  thread.on('message', ({ task, fault }: Omit<Answer, 'module'>) => {
    tell(task, fault);
    if (unanswered.size === 0) resolve('');
  });
  thread.on('error', (error: unknown) => resolve(nameAndMessageIn(error)));
  thread.on('exit', (code) =>
    resolve(code === unsettled ? 'it waits for what never comes' : `it exits with status ${code}`),
  );
  const cause = await over;
  for (const task of unanswered) tell(task, { code: 'TASK_MODULE_FAILED', cause });
  await thread.terminate();
}

/** In the thread of a module: looks for one of its tasks. */
async function answer({ reference, functions }: Sought, task: number): Promise<void> {
  try {
    const found = (await load(reference)) as Task | ResourceDefinition;
    const codes = found instanceof Task ? codeOf(found) : codesOfResource(found);
    assertSame(functions, { subject: reference.name, module: reference.module, codes });
    parentPort!.postMessage({ task });
  } catch (error) {
    const { code = 'TASK_NOT_LOADED', cause, instead } = error as { code?: string; cause?: unknown; instead?: string };
    parentPort!.postMessage({ task, fault: { code, cause: instead ?? nameAndMessageIn(cause ?? error) } });
  }
}
