import { toMilliseconds } from '../../lib/duration.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { atOnce } from '../../lib/thenable.ts';
import { nameAndMessageIn } from '../../lib/thrown-text.ts';
import { State } from '../../flow/state.ts';
import { Ending, type Progress } from './endings.ts';
import type { LoadedTask } from './loaded-task.ts';
import { failed } from '../failures.ts';

/**
 * The ending of a run that is to be tried again, as a `Retrying` state with the time when; nothing when it is not. A
 * RETRY signal names its own time and is not counted; every other failure is, against the task's `retries`. Where the
 * task's own rules for that fail, the run does, with `RETRY_RULE_FAILED`.
 */
export function retrying(ending: Ending, loaded: LoadedTask, progress: Progress): Ending | undefined {
  const { state } = ending;
  if (state.isRetrying()) return new Ending(state, { progress });
  try {
    if (!isWorthRetry(ending, loaded, progress)) return undefined;
    return retry(state, { delayMs: delayOf(state, loaded, progress), retries: loaded.plan.retries, progress });
  } catch (error) {
    return new Ending(failed(error));
  }
}

function retry(
  state: State,
  { delayMs, retries, progress }: { readonly delayMs: number; readonly retries: number; readonly progress: Progress },
): Ending {
  const retriesUsed = progress.retriesUsed + 1;
  const message = `${state.message} (retry ${retriesUsed} of ${retries} in ${Math.round(delayMs)} ms)`;
  const details = { startTime: Date.now() + delayMs, runCount: progress.runCount, error: state.error };
  return new Ending(new State('Retrying', message, details), {
    progress: { ...progress, retriesUsed },
  });
}

function isWorthRetry({ state, isRetriable }: Ending, { plan, task }: LoadedTask, { retriesUsed }: Progress): boolean {
  if (!isRetriable || !state.isFailed() || retriesUsed >= plan.retries) return false;
  const { retryOn } = task.settings;
  if (retryOn === undefined) return true;
  return asked({ option: 'retryOn', task: plan.name, about: state }, () => Boolean(atOnce(retryOn(reasonOf(state)))));
}

function delayOf(state: State, { plan, task }: LoadedTask, { runCount }: Progress): number {
  const { jitter = 0 } = plan;
  const baseMs =
    plan.retryDelayMs ??
    asked({ option: 'retryDelay', task: plan.name, about: state }, () =>
      toMilliseconds(atOnce(callDelay(task.settings.retryDelay, runCount)), `what it gave for retry ${runCount}`),
    );
  return baseMs * (1 + jitter * (2 * Math.random() - 1));
}

interface Rule {
  readonly option: 'retryOn' | 'retryDelay';
  readonly task: string;
  /** How the run ended. */
  readonly about: State;
}

/** What the author's own rule says. The run had failed before that does, so its error is the cause. */
function asked<Answer>({ option, task, about }: Rule, ask: () => Answer): Answer {
  try {
    return ask();
  } catch (thrown) {
    const { message, error: cause } = about;
    const what = `the ${option} of task '${task}' failed: ${nameAndMessageIn(thrown)}`;
    const remedy = `Mend that ${option}: whatever it is given, it must answer, and at once`;
    const after = `So the run is not tried again. ${remedy}. The run had ended with ${message}`;
    throw new HeddleError('RETRY_RULE_FAILED', `${what}. ${after}`, { task, option, cause });
  }
}

/** The error for `retryOn`: what the setup of a resource or a handler threw, if one did, as an author expects. */
function reasonOf({ message, error = new Error(message) }: State): Error {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  const isOfAuthor = code === 'RESOURCE_SETUP_FAILED' || code === 'STATE_HANDLER_FAILED';
  if (isOfAuthor && cause instanceof Error) return cause;
  return error;
}

function callDelay(retryDelay: unknown, attempt: number): unknown {
  return typeof retryDelay === 'function' ? (retryDelay as (attempt: number) => unknown)(attempt) : retryDelay;
}
