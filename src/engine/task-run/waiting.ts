// Notices when a thread mostly waits while it runs a task: then its runs could overlap there, if the author allows it.

import { formatDuration } from '../../lib/duration.ts';

/** How many indices, and how long, are enough to be no accident. */
const leastIndices = 5;
const leastMs = 1_000;
const leastIdle = 0.8;
/** More is never advised, as nobody knows how much the other side can bear. */
const mostAdvised = 100;

export class Waiting {
  #indices = 0;
  #idleMs = 0;
  #activeMs = 0;
  #isTold = false;

  /** To be called before indices run one after the other. What it returns is to be called after so many of them. */
  begin(): (indices: number) => void {
    const before = performance.eventLoopUtilization();
    return (indices) => {
      const { idle, active } = performance.eventLoopUtilization(before);
      this.#indices += indices;
      this.#idleMs += idle;
      this.#activeMs += active;
    };
  }

  /** The advice, once there is one; it is given only once. */
  takeAdvice(task: string): string | undefined {
    const totalMs = this.#idleMs + this.#activeMs;
    const share = this.#idleMs / totalMs;
    if (this.#isTold || this.#indices < leastIndices || totalMs < leastMs || share < leastIdle) return undefined;
    this.#isTold = true;
    const count = Math.min(mostAdvised, Math.max(2, Math.round(totalMs / Math.max(1, this.#activeMs))));
    const idle = `had nothing to do for ${Math.floor(100 * share)} % of ${formatDuration(totalMs)}`;
    const remedy = `Let its runs overlap there: try { concurrency: ${count} }`;
    return `task '${task}' mostly waits: a thread of it ${idle}. ${remedy}`;
  }
}
