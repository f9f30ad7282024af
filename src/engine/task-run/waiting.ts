// Does a thread mostly wait while it runs a task? Then runs of it could overlap there, which nobody does unasked.

import { formatDuration } from '../../lib/duration.ts';

/** So many indices in a row, for so long, are no accident. */
const leastIndices = 5;
const leastMs = 1_000;
const leastIdle = 0.8;
/** Beyond that nobody knows what the other side bears. */
const mostAdvised = 100;

export class Waiting {
  #indices = 0;
  #idleMs = 0;
  #activeMs = 0;
  #isTold = false;

  /** To be called before indices are run one after the other; what it returns, after so many. */
  begin(): (indices: number) => void {
    const before = performance.eventLoopUtilization();
    return (indices) => {
      const { idle, active } = performance.eventLoopUtilization(before);
      this.#indices += indices;
      this.#idleMs += idle;
      this.#activeMs += active;
    };
  }

  /** What to say of it, once there is something to say; and then never again. */
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
