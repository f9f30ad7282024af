// Who am I? A task asks `context`; the answer differs for each task run, also for those that overlap in one thread.

import { AsyncLocalStorage } from 'node:async_hooks';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { assertName } from '../lib/options.ts';
import { processWide } from '../lib/process-wide.ts';
import { nameContext } from '../values/kinds.ts';
import type { Logger } from './logger.ts';

/** What a running task can know of its run. Reading it outside of a task run throws `OUTSIDE_TASK_RUN`. */
export interface Context {
  /** The parameters of the flow run, by name. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a task is not tied to one flow, which would know the types
  readonly parameters: Readonly<Record<string, any>>;
  /** Writes to the log of the flow run. */
  readonly logger: Logger;
  readonly taskName: string;
  /** Whether the run was told not to leave this task `Paused`: `flow.run({ approve: [slug] })`. */
  readonly isApproved: boolean;
  /** The tags of the task. */
  readonly tags: readonly string[];
  /** The index of this child; absent in a task that is not mapped. */
  readonly mapIndex: number | undefined;
  /** What this task run is called: as the task's `taskRunName` says, else the task's name, with its map index. */
  readonly taskRunName: string;
  /** Counts the calls of this task run, from 1; retries make it more. */
  readonly taskRunCount: number;
  /** Counts the iterations of a loop (see `signals.LOOP`), from 1. */
  readonly taskLoopCount: number;
  /** What the iteration before this one handed on. */
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the task itself gave to LOOP
  readonly taskLoopResult: any;
  readonly flowName: string;
  /** The one that the run was given, else a random one. */
  readonly flowRunId: string;
  /** What the flow run was called when this task was submitted, or what this very run has renamed it to. */
  readonly flowRunName: string;
  /** When the flow run started. */
  readonly date: Date;
  /** When its schedule would have it start (see `flow.serve`), in retries too; without a schedule, when it started. */
  readonly scheduledStartTime: Date;
  /** Secrets by name, looked for when they are read. A name that is nowhere throws `SECRET_NOT_FOUND`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- mostly a text, and whatever JSON there was in one
  readonly secrets: Readonly<Record<string, any>>;
  /** Whether what the task prints goes to the log. */
  readonly isLoggingStdout: boolean;
  /** Aborted when the run is cancelled or its time is up. A busy loop may poll `signal.aborted`. */
  readonly signal: AbortSignal;
}

/** A task run as the rest of the house sees it, which writes in its name; for the handlers of a flow, the flow run. */
export interface Run extends Partial<Context> {
  readonly logger: Logger;
  /** Names of loggers of other libraries whose lines belong in the log of this run. */
  readonly extraLoggers: readonly string[];
  /** Whether its function has ended. What that left running writes as if there were no run. */
  readonly isOver: boolean;
  /** Writes to the log of the run what a logger of this name says. */
  readonly loggerOf: (name: string) => Logger;
  /** Calls back once, right before the run is over. */
  readonly onceOver: (callback: () => void) => void;
  /** Takes effect with the next line of the log. */
  readonly renameFlowRun: (name: string) => void;
}

const storage = processWide('context', () => new AsyncLocalStorage<Run>());

/** Calls `body` so that `context`, for as long as it runs, answers for `run`. */
export function withContext<T>(run: Run, body: () => T): T {
  return storage.run(run, body);
}

/** The run that asks, if one does. */
export function currentRun(): Run | undefined {
  return storage.getStore();
}

/** The run whose log gets what is written now, if there is one. */
export function writingRun(): Run | undefined {
  const run = storage.getStore();
  return run?.isOver === false ? run : undefined;
}

/** Calls `body` as if no task ran: what it writes is not written by a task. */
export function outsideOfRuns<T>(body: () => T): T {
  return storage.exit(body);
}

export function isInTaskRun(): boolean {
  return storage.getStore() !== undefined;
}

/**
 * Gives the flow run another name, from a task or from a state handler: the lines of its log have it from there on,
 * and so has its final state. Throws `OUTSIDE_TASK_RUN` where no flow runs.
 */
export function renameFlowRun(name: string): void {
  assertName(name, 'renameFlowRun() takes the new name of the flow run, a text');
  const run = currentRun();
  if (run !== undefined) return run.renameFlowRun(name);
  const remedy = 'Call it inside the function of a task or in a state handler, or give flow.run() a flowRunName.';
  throw new UsageError('OUTSIDE_TASK_RUN', `renameFlowRun() was called outside of a flow run. ${remedy}`);
}

/** The context of the task run that asks. It is frozen: to hand something on, return it or make it a parameter. */
export const context: Context = new Proxy({} as Context, {
  get(_, name) {
    const run = storage.getStore();
    // Asked for when it is awaited or printed.
    if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined;
    if (run !== undefined) return read(run, name);
    const message =
      `context.${name} was read where no flow runs. Read it inside the function of a task, while a flow runs. A ` +
      `task's own run() has no context; to test a task that reads it: await new Flow('test', () => load(path)).run().`;
    throw new UsageError('OUTSIDE_TASK_RUN', message, { property: name });
  },
  set(_, name): never {
    throw frozen(name);
  },
  defineProperty(_, name): never {
    throw frozen(name);
  },
  deleteProperty(_, name): never {
    throw frozen(name);
  },
  has(_, name) {
    return name in (storage.getStore() ?? {});
  },
});
nameContext(context);

/** What people look for; the rest is in the documentation. */
const names = ['parameters', 'secrets', 'logger', 'signal', 'date', 'mapIndex', 'taskName', 'taskRunCount'];

function read(run: Run, name: string): unknown {
  if (name in run) return run[name as keyof Context];
  const known = names.filter((each) => each in run);
  const message = `context has no '${name}' here.${didYouMean(name, known)} It has: ${known.join(', ')} and more.`;
  throw new UsageError('UNKNOWN_CONTEXT', message, { property: name });
}

function frozen(name: string | symbol): UsageError {
  const message =
    `context.${String(name)} cannot be set: each task run has a context of its own, so other tasks would not see it. ` +
    `Return the value and pass it on, or make it a Parameter.`;
  return new UsageError('CONTEXT_IS_FROZEN', message, { property: String(name) });
}
