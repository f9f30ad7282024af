// How task runs end, when they do not simply return a value; and how far those are that are tried again.

import { isAbsolute, join, relative, sep } from 'node:path';
import { notInBundle } from '../../code/bundle/not-in-bundle.ts';
import { whatIsFrozen } from '../../values/deep-frozen.ts';
import { HeddleError, UsageError } from '../../lib/heddle-error.ts';
import { errorOf, failed, messageOf } from '../failures.ts';
import { RETRY, Signal } from '../../flow/signals.ts';
import { State } from '../../flow/state.ts';
import type { RunPlan } from '../plan.ts';

/** How far a task run is, when its function is called not for the first time. */
export interface Progress {
  /** Counts the calls, from 1; again from 1 in each iteration of a loop. */
  readonly runCount: number;
  /** How many of those calls the task's `retries` paid for, in this iteration. */
  readonly retriesUsed: number;
  /** Counts the iterations of a loop, from 1. */
  readonly loopCount: number;
  /** What the iteration before this one handed on. */
  readonly loopResult: unknown;
  /** When a sensor was first called, in milliseconds since 1970. */
  readonly firstCalledAt?: number;
}

export const firstTry: Progress = { runCount: 1, retriesUsed: 0, loopCount: 1, loopResult: undefined };

/** How a task run ended when it did not simply return a value. */
export class Ending {
  readonly state: State;
  /** Whether to try again, while the task has retries left. */
  readonly isRetriable: boolean;
  /** How far the run was, when it is to be tried again. */
  readonly progress: Progress | undefined;

  constructor(state: State, { isRetriable = false, progress }: { isRetriable?: boolean; progress?: Progress } = {}) {
    this.state = state;
    this.isRetriable = isRetriable;
    this.progress = progress;
  }

  withState(state: State): Ending {
    if (state === this.state) return this;
    // Only what is to be tried again has to know how far it was.
    const goesOn = this.progress !== undefined && state.isRetrying();
    return new Ending(state, { isRetriable: this.isRetriable, ...(goesOn && { progress: this.progress }) });
  }
}

/** The ending of a run whose function threw, whatever it threw. */
export function endingOf(thrown: unknown, plan: RunPlan): Ending {
  const error = errorOf(thrown, `task '${plan.name}'`);
  if (error instanceof RETRY) return new Ending(scheduled(error), { isRetriable: true });
  if (error instanceof Signal) return new Ending(error.state, { isRetriable: true });
  return new Ending(failed(explained(error, plan)), { isRetriable: true });
}

function scheduled({ state, delayMs }: RETRY): State {
  if (state.startTime !== undefined) return state;
  return new State('Retrying', state.message, { startTime: Date.now() + delayMs });
}

/** The ending of a run whose time is up. The error has the same name as those of Node and browsers for that. */
export function timedOut(
  message: string,
  { name: task, timeoutMs }: RunPlan,
  after: { isRetriable?: boolean } = {},
): Ending {
  const error = new HeddleError('TASK_TIMED_OUT', message, { task, timeoutMs });
  error.name = 'TimeoutError';
  return new Ending(new State('TimedOut', message, { error }), after);
}

/** The beginning of the source of every task: see `Callable`. */
const readOnlyOfTask = /Cannot assign to read only property '(.*)' of function '\(\.\.\.args/;

/** What V8 says of whatever is frozen, whoever froze it. */
const readOnly = /^Cannot (?:assign to read only|delete) property |, object is not extensible$/;

/** What bundles, and loaders such as `tsx`, call for each function within another. */
const withoutName = /\b__name is not defined/;

/**
 * An error that says more, where that of the engine or of Node does not help: a task is a frozen function while it
 * runs; a function may run without what it was compiled with; a module may be missing in a bundle; a file may be in
 * the folder of another machine.
 */
function explained(error: Error, { name: task, folder }: RunPlan): Error {
  const text = messageOf(error);
  if (withoutName.test(text)) return runFromText(error, task);
  if (!(error instanceof TypeError)) return notInBundle(error) ?? notInFolder(error, { task, folder }) ?? error;
  const [, property] = readOnlyOfTask.exec(text) ?? [];
  if (property !== undefined) {
    const message =
      `task '${task}' tried to change its own '${property}'. A task keeps nothing between its runs, because they ` +
      `happen in other threads and on other machines. Return what is to be kept, or make it an input.`;
    return toldInstead(error, new UsageError('TASK_IS_FROZEN', message, { task, property, cause: error }));
  }
  if (!readOnly.test(text)) return error;
  const message =
    `task '${task}' tried to change what is frozen: ${text}. ${whatIsFrozen} Change a copy: { ...it }, [...it], or ` +
    `structuredClone(it).`;
  return toldInstead(error, new UsageError('VALUE_IS_FROZEN', message, { task, cause: error }));
}

function runFromText(error: Error, task: string): Error {
  const message =
    `task '${task}' ran a function elsewhere from its text, as page.evaluate(fn) of a browser does, and that holds ` +
    `others: what has compiled it, such as the bundle that remote workers get, keeps the names of these with a ` +
    `function '__name', which is not there. Run 'globalThis.__name = (it) => it' there first, or give a text, or ` +
    `hold no named functions in it.`;
  return toldInstead(error, new HeddleError('FUNCTION_RUN_FROM_TEXT', message, { task, cause: error }));
}

/** A file that was looked for by a relative path, where the worker's folder is another than that of the flow. */
function notInFolder(error: Error, { task, folder }: { task: string; folder: string | undefined }) {
  const missing = folder === undefined ? undefined : missingFileOf(error);
  if (missing === undefined || folder === missing.here) return undefined;
  const { path, here } = missing;
  const message =
    `task '${task}' looked for '${path}' in the folder of the worker that it runs on, ${here}, and not in that of ` +
    `the flow, ${folder}. Give it an absolute path that this machine has too, or one beside the module of the task: ` +
    `join(import.meta.dirname, 'the-file'), which is sent along with its code.`;
  return toldInstead(error, new HeddleError('NOT_IN_WORKER_FOLDER', message, { task, path, here, cause: error }));
}

/** Leaves out commands that are not found, of which Node says the same. The folder itself may be gone. */
function missingFileOf(error: Error): { readonly path: string; readonly here: string } | undefined {
  try {
    const { code, path, syscall } = error as NodeJS.ErrnoException;
    const isFile = code === 'ENOENT' && typeof syscall === 'string' && !syscall.startsWith('spawn');
    if (!isFile || typeof path !== 'string' || path === '') return undefined;
    const here = process.cwd();
    // On Windows, Node makes it absolute.
    const isBelow = process.platform === 'win32' && path.startsWith(join(here, sep));
    const given = isBelow ? relative(here, path) : path;
    return isAbsolute(given) ? undefined : { path: given, here };
  } catch {
    return undefined;
  }
}

function toldInstead(error: Error, told: HeddleError): HeddleError {
  const stack: unknown = error.stack;
  const frames = typeof stack === 'string' ? stack.slice(stack.indexOf('\n    at ') + 1) : '';
  told.stack = `${told.name}: ${told.message}\n${frames}`;
  return told;
}
