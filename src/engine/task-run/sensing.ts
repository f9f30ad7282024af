// How a sensor waits: each call without an answer ends as a retry that is not counted, with the time of the next call.
// So it waits like any delayed index, and holds no thread. The time of its first call travels with it from worker to
// worker.

import { formatDuration } from '../../lib/duration.ts';
import { plural } from '../../lib/plural.ts';
import { State } from '../../flow/state.ts';
import { Ending, timedOut, type Progress } from './endings.ts';
import type { RunPlan } from '../plan.ts';

/** The value of a sensor's condition, if that is an answer; else the ending that asks for the next call. */
export function answerOf(value: unknown, plan: RunPlan, progress: Progress): unknown {
  if (value !== undefined && value !== null && value !== false) return value;
  const leftMs = deadlineOf(plan, progress) - Date.now();
  if (leftMs <= 0) return sensorTimedOut(plan, progress);
  // The last call is when the time is up, so that nothing is missed that became true just before.
  const delayMs = Math.min(plan.everyMs!, leftMs);
  const message = `Not yet: ${plural(progress.runCount, 'call')}; the next one in ${formatDuration(delayMs)}.`;
  return new Ending(new State('Retrying', message, { startTime: Date.now() + delayMs }), { isRetriable: true });
}

/** How long this call of a condition may take. The last call begins when the time is up, and gets time as well. */
export function conditionLimitMs(plan: RunPlan, progress: Progress): number {
  return Math.max(deadlineOf(plan, progress) - Date.now(), plan.everyMs!);
}

/** Never retried: the time of all calls together is up. */
export function sensorTimedOut(plan: RunPlan, progress: Progress): Ending {
  const since = new Date(progress.firstCalledAt!).toISOString();
  const message =
    `sensor '${plan.name}' got no answer within its timeout of ${formatDuration(plan.timeoutMs!)}: ` +
    `${plural(progress.runCount, 'call')} since ${since}. Look at what it waits for, or give it a longer timeout.`;
  return timedOut(message, plan);
}

function deadlineOf({ timeoutMs }: RunPlan, { firstCalledAt }: Progress): number {
  return timeoutMs === null ? Number.POSITIVE_INFINITY : firstCalledAt! + timeoutMs;
}
