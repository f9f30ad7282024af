// How long a call of a task's function may take, and what becomes of one that takes longer.

import { controlWords, type Control } from '../../lib/control.ts';
import { formatDuration } from '../../lib/duration.ts';
import { timerMs } from '../../lib/timer.ts';
import { timedOut, type Ending, type Progress } from './endings.ts';
import type { RunPlan } from '../plan.ts';
import type { RunContext } from './run-context.ts';
import { conditionLimitMs, sensorTimedOut } from './sensing.ts';

/** How often a limit begins anew while what it does not count is done: more often than it is looked at. */
const unhurryMs = 50;

export interface CallLimit {
  readonly plan: RunPlan;
  readonly progress: Progress;
  readonly limitMs: number;
  /** As of `performance.now()`. */
  readonly endsAt: number;
}

/** The limit of a call that begins now. */
export function limitOf(plan: RunPlan, progress: Progress): CallLimit | undefined {
  if (plan.timeoutMs === null) return undefined;
  const limitMs = plan.everyMs === undefined ? plan.timeoutMs : conditionLimitMs(plan, progress);
  return { plan, progress, limitMs, endsAt: performance.now() + limitMs };
}

/** The ending of a call that came to an end, be it with an error, when its time was up. */
export function lateFor(limit: CallLimit | undefined): Ending | undefined {
  if (limit === undefined || performance.now() <= limit.endsAt) return undefined;
  return overtime(limit.plan, limit.progress);
}

/** What the call resolves with; or, once its time is up, the ending for that, and its run is told to stop. */
export async function within(limit: CallLimit, result: PromiseLike<unknown>, run: RunContext): Promise<unknown> {
  const { plan, progress, limitMs, endsAt } = limit;
  const { promise: timeUp, resolve } = Promise.withResolvers<Ending>();
  const timer = setTimeout(
    () => {
      resolve(overtime(plan, progress));
      run.abort(new DOMException(`the time limit of ${formatDuration(limitMs)} is up`, 'TimeoutError'));
    },
    timerMs(Math.max(0, endsAt - performance.now())),
  );
  try {
    return await Promise.race([result, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** The ending of a run whose call took longer. */
export function overtime(plan: RunPlan, progress: Progress): Ending {
  if (plan.everyMs !== undefined) return sensorTimedOut(plan, progress);
  const limit = formatDuration(plan.timeoutMs!);
  const remedy = 'Look at what it waits for or does so long, or give it a longer timeout.';
  const message = `task '${plan.name}' ran longer than its timeout of ${limit}. ${remedy}`;
  return timedOut(message, plan, { isRetriable: true });
}

/**
 * Does what is no part of a task's function, so that its time limit does not count it. Without a limit there is no
 * `control`.
 */
export function untimed<T>(control: Control | undefined, work: () => Promise<T>): Promise<T> {
  return control === undefined ? work() : unhurried(control, work);
}

/** Whoever watches over the thread sees starts meanwhile, as long as its event loop turns. */
async function unhurried<T>(control: Control, work: () => Promise<T>): Promise<T> {
  const unhurry = () => Atomics.add(control, controlWords.starts, 1);
  const timer = setInterval(unhurry, unhurryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    unhurry();
  }
}
