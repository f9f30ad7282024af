// Which chunks give back what they have not begun: for a thread that has nothing to do, and for what is to run before
// them. Both lines of chunks, those that wait and those that run, go by this.

import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { Asks } from './asks.ts';
import type { Turns } from './turns.ts';

export interface Moment {
  /** How many workers could take something. */
  readonly idle: number;
  /** What waits for a thread, each the first of those that need the same. */
  readonly waiting: readonly ArrayRecord[];
  readonly now: number;
}

/** So many chunks are looked at: where there are thousands, to look at all takes long, and they end anyway. */
export const mostLooks = 32;

/** Of the first few of a line, the first that should give what it has not begun. */
export function firstDue(line: Turns<Chunk>, { idle, waiting }: Moment, asks: Asks): Chunk | undefined {
  if (asks.size < idle) return line.first;
  let chunk = waiting.length === 0 ? undefined : line.first;
  for (let looks = 0; chunk !== undefined && looks < mostLooks; looks += 1) {
    for (const first of waiting) {
      if (asks.size < idle + first.queuedCount && wantsThread(first, chunk)) return chunk;
    }
    chunk = line.behind(chunk);
  }
  return undefined;
}

/** Whether it is to run before the chunk, and could on its thread. */
export function wantsThread(waiting: ArrayRecord, { array, worker }: Chunk): boolean {
  return runsBefore(waiting, array) && waiting.queue.roomWithThread(worker) > 0;
}
