// Notices when a thread mostly waits while it runs a task: then its runs could overlap there, if the author allows it.

import { formatDuration } from '../../lib/duration.ts';
import type { RunPlan } from '../plan.ts';
import type { Notice } from './module-warnings.ts';

/** How many indices, and how long, are enough to be no accident. */
const leastIndices = 5;
const leastMs = 1_000;
const leastIdle = 0.8;
/** More is never advised, as nobody knows how much the other side can bear. */
const mostAdvised = 100;

export class Waiting {
  #chunks = 0;
  #indices = 0;
  #idleMs = 0;
  #activeMs = 0;
  #isTold = false;

  /** To be called before indices run one after the other. What it returns is to be called after so many of them. */
  begin(): (indices: number) => void {
    this.#chunks += 1;
    const before = performance.eventLoopUtilization();
    return (indices) => {
      const { idle, active } = performance.eventLoopUtilization(before);
      this.#indices += indices;
      this.#idleMs += idle;
      this.#activeMs += active;
    };
  }

  /** Whether the chunk that has begun is the first, second, fourth, eighth …, when what takes time is looked at. */
  isMilestone(): boolean {
    return (this.#chunks & (this.#chunks - 1)) === 0;
  }

  /**
   * The advice, once. None if the author has set how many runs overlap, unless the task is called rather than mapped:
   * then none do, whatever is set.
   */
  takeAdvice({ name, alike, concurrency, flowRunId, tags }: RunPlan): Notice | undefined {
    if (concurrency === 1 || (concurrency !== undefined && alike === undefined)) return undefined;
    const totalMs = this.#idleMs + this.#activeMs;
    const share = this.#idleMs / totalMs;
    if (this.#isTold || this.#indices < leastIndices || totalMs < leastMs || share < leastIdle) return undefined;
    this.#isTold = true;
    const count = Math.min(mostAdvised, Math.max(2, Math.round(totalMs / Math.max(1, this.#activeMs))));
    const task = alike?.task ?? name;
    const once = [flowRunId, task, 'waits'].join('/');
    const idle = `had nothing to do for ${Math.floor(100 * share)} % of ${formatDuration(totalMs)}`;
    const what = `task '${task}' mostly waits: a thread of it ${idle}`;
    const limit = tags === undefined ? '' : ', or the limit of a tag of it is reached';
    const unless = `Unless native code works for it meanwhile, as that of sharp or zlib does${limit}`;
    if (alike === undefined)
      return { message: `${what}. ${unless}, let its runs overlap there: try { concurrency: ${count} }`, once };
    const option = concurrency !== undefined ? '' : `, with { concurrency: ${count} }`;
    const remedy = `Call ${alike.task}.map(…) once${option}, rather than ${alike.task}(…) ${alike.count} times`;
    return { message: `${what}. Only the runs of one map overlap there. ${remedy}`, once };
  }
}

/**
 * By flow run and task name, those last used. It outlives arrays, as each call is an array of its own; one thread works
 * for few tasks at a time.
 */
const ofCalls = new Map<string, Waiting>();
const mostKept = 16;

/** How this thread waited for a task that is called often, rather than mapped; nothing for one that is not. */
export function waitingForCalls({ flowRunId, alike }: RunPlan): Waiting | undefined {
  if (alike === undefined) return undefined;
  const key = `${flowRunId}/${alike.task}`;
  const waiting = ofCalls.get(key) ?? new Waiting();
  ofCalls.delete(key);
  if (ofCalls.size >= mostKept) ofCalls.delete(ofCalls.keys().next().value!);
  ofCalls.set(key, waiting);
  return waiting;
}
