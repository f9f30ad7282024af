// Which chunks are recalled, to give back what they have not begun: for a thread that has nothing to do, or for work
// that is to run before them. This holds for chunks that were sent ahead (`Ahead`) and for those that run (`Tails`).

import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { Asks } from './asks.ts';
import type { Turns } from './turns.ts';

export interface Moment {
  /** How many workers could take something, if they are able to run it. */
  readonly idle: number;
  /** The arrays that wait for a thread: the first one of each queue. */
  readonly waiting: readonly ArrayRecord[];
  readonly now: number;
}

/** How many chunks are looked at: with thousands, to look at all would take long, and they end by themselves. */
export const mostLooks = 32;

/** Of the first few chunks of a line, the first that should be recalled. */
export function firstDue(line: Turns<Chunk>, { idle, waiting }: Moment, asks: Asks): Chunk | undefined {
  let chunk = asks.size >= idle && waiting.length === 0 ? undefined : line.first;
  for (let looks = 0; chunk !== undefined && looks < mostLooks; looks += 1) {
    const couldRunIt = chunk.array.queue.open.size;
    if (asks.size < couldRunIt) return chunk;
    for (const first of waiting) {
      if (asks.size < couldRunIt + first.queuedCount && wantsThread(first, chunk)) return chunk;
    }
    chunk = line.behind(chunk);
  }
  return undefined;
}

/** Whether the waiting array is to run before the chunk, and could use its thread. */
export function wantsThread(waiting: ArrayRecord, { array, worker }: Chunk): boolean {
  return runsBefore(waiting, array) && waiting.queue.roomWithThread(worker) > 0;
}
