import { toMilliseconds } from '../../lib/duration.ts';
import { State } from '../../flow/state.ts';
import { Ending } from '../endings.ts';
import type { LoadedTask, Progress } from '../loaded-task.ts';

/** Whether a run that ends so is tried again. */
export function isRetried(ending: Ending, { plan, task }: LoadedTask, { retriesUsed }: Progress): boolean {
  const { state, isRetriable } = ending;
  if (state.isRetrying()) return true;
  if (!isRetriable || !state.isFailed() || retriesUsed >= plan.retries) return false;
  const { retryOn } = task.settings;
  return retryOn === undefined || retryOn(reasonOf(state));
}

/**
 * The ending of a run that is to be tried again, as a `Retrying` state with the time when; nothing when it is not. A
 * RETRY signal names its own time and is not counted; every other failure is, against the task's `retries`.
 */
export function retrying(ending: Ending, loaded: LoadedTask, progress: Progress): Ending | undefined {
  const { state } = ending;
  if (state.isRetrying()) return new Ending(state, { isRetriable: false, progress });
  if (!isRetried(ending, loaded, progress)) return undefined;

  const { plan, task } = loaded;
  const { retryDelay, jitter } = task.settings;
  const baseMs =
    plan.retryDelayMs ?? toMilliseconds(callDelay(retryDelay, progress.runCount), `retryDelay of '${plan.name}'`);
  const delayMs = baseMs * (1 + jitter * (2 * Math.random() - 1));
  const retriesUsed = progress.retriesUsed + 1;
  const message = `${state.message} (retry ${retriesUsed} of ${plan.retries} in ${Math.round(delayMs)} ms)`;
  const details = { startTime: Date.now() + delayMs, runCount: progress.runCount, error: state.error };
  return new Ending(new State('Retrying', message, details), {
    isRetriable: false,
    progress: { ...progress, retriesUsed },
  });
}

/** Of a setup that failed, what it threw: that is what the author of a `retryOn` has in mind. */
function reasonOf({ message, error = new Error(message) }: State): Error {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (code === 'RESOURCE_SETUP_FAILED' && cause instanceof Error) return cause;
  return error;
}

function callDelay(retryDelay: unknown, attempt: number): unknown {
  return typeof retryDelay === 'function' ? (retryDelay as (attempt: number) => unknown)(attempt) : retryDelay;
}
