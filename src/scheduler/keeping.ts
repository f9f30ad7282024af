// Makes room for arrays that need much of a worker's resources. As long as smaller needs take what becomes free there,
// a large one never fits. Once it was passed often enough, what becomes free on one worker is kept for it.

import { runsBefore, type ArrayRecord } from './array-record.ts';
import type { Fleet, WorkerRecord } from './fleet.ts';
import type { Queue } from './queue.ts';

/** How many chunks may pass an array that comes before them and needs more. */
export const patience = 16;

export class Keeping {
  readonly #fleet: Fleet;
  readonly #firstOf: (queue: Queue) => ArrayRecord | undefined;

  /** `firstOf` gives the array of a queue that is to run first, of those that may. */
  constructor(fleet: Fleet, firstOf: (queue: Queue) => ArrayRecord | undefined) {
    this.#fleet = fleet;
    this.#firstOf = firstOf;
  }

  /** A chunk of it starts. Queues that share its needs, come before it and cannot start are passed once more. */
  started(array: ArrayRecord): void {
    const { queue } = array;
    queue.passes = 0;
    this.#fleet.keepNothingFor(queue);
    for (const rival of this.#rivalsOf(queue)) {
      const first = rival.open.size > 0 ? undefined : this.#firstOf(rival);
      if (first === undefined || !runsBefore(first, array)) continue;
      rival.passes += 1;
      if (rival.passes > patience && !this.#fleet.keepers.has(rival)) this.#keepFor(rival);
    }
  }

  /**
   * Ends keeping for queues in which nothing waits any more, or whose needs are shared by one that comes first. Returns
   * whether this made anything free.
   */
  review(): boolean {
    let isAnyFree = false;
    for (const queue of this.#fleet.keepers.keys()) {
      const first = this.#firstOf(queue);
      const isNext = (rival: Queue) => {
        const other = this.#firstOf(rival);
        return other === undefined || runsBefore(first!, other);
      };
      if (first !== undefined && this.#rivalsOf(queue).every(isNext)) continue;
      this.#fleet.keepNothingFor(queue);
      isAnyFree = true;
    }
    return isAnyFree;
  }

  #keepFor(queue: Queue): void {
    let most: WorkerRecord | undefined;
    for (const worker of this.#fleet.workers.values()) {
      const { isDraining, isPaused, keptFor } = worker;
      if (isDraining || isPaused || keptFor !== undefined || queue.slotsOf(worker) === 0) continue;
      if (most === undefined || queue.shareOn(worker) > queue.shareOn(most)) most = worker;
    }
    if (most !== undefined) this.#fleet.keepFor(queue, most);
  }

  #rivalsOf(queue: Queue): Queue[] {
    // The usual case: nothing is needed.
    if (queue.needs.resources.length === 0) return [];
    return [...this.#fleet.queues.values()].filter((other) => other !== queue && other.sharesWith(queue));
  }
}
