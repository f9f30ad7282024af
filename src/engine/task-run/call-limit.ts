import { formatDuration } from '../../lib/duration.ts';
import { timedOut, type Ending } from '../endings.ts';
import type { Progress } from '../loaded-task.ts';
import type { RunPlan } from '../plan.ts';
import { conditionLimitMs, sensorTimedOut } from './sensing.ts';

/** How long a call may take, and until when, in milliseconds as of `performance.now()`. */
export interface CallLimit {
  readonly limitMs: number;
  readonly endsAt: number;
  readonly progress: Progress;
}

/** The limit of a call that begins now. */
export function limitOf(plan: RunPlan, progress: Progress): CallLimit | undefined {
  if (plan.timeoutMs === null) return undefined;
  const limitMs = plan.everyMs === undefined ? plan.timeoutMs : conditionLimitMs(plan, progress);
  return { limitMs, endsAt: performance.now() + limitMs, progress };
}

/** The ending of a run whose call took longer. */
export function overtime(plan: RunPlan, progress: Progress): Ending {
  if (plan.everyMs !== undefined) return sensorTimedOut(plan, progress);
  const limit = formatDuration(plan.timeoutMs!);
  const remedy = 'Look at what it waits for or does so long, or give it a longer timeout.';
  const message = `task '${plan.name}' ran longer than its timeout of ${limit}. ${remedy}`;
  return timedOut(message, plan, { isRetriable: true });
}
