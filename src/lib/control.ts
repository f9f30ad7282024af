// What a thread that runs a chunk and the one who handed it out tell each other meanwhile, in memory that they share:
// which indices are taken, which run, and whether to stop. It takes no message, and a death leaves it as it was.

import { mostConcurrency } from './placing.ts';
import { behindFirst, countIn, type Range } from './range.ts';

/** The places of a chunk's control words. */
export const controlWords = {
  /** Counts the starts, so that a watcher can tell a long run from many short ones. */
  starts: 0,
  /** Written by the one who handed the chunk out: one of `controlOrders`. */
  order: 1,
  /** Written by the runner: 1 while it opens a resource, and so runs nothing, whatever its lanes say. */
  opening: 2,
  /** How much was reported and is not taken yet, in kilobytes: see `weightOf`. */
  untaken: 3,
  /** How many reports were posted. */
  reports: 4,
  /**
   * How many of its indices are taken. A lane takes the next by adding one; the one who handed the chunk out takes all
   * that are left, by putting their number in its place. So whatever is taken is either run or given back, never both.
   */
  taken: 5,
  /** Written by the runner: 1 once it has taken up the chunk, so that it may die of it. */
  begun: 6,
  /**
   * From here on, one for each lane: written by the runner before it starts an index there, so that a death is charged
   * to the right one; -1 when the lane runs nothing.
   */
  lanes: 7,
  length: 7 + mostConcurrency,
} as const;

export const controlOrders = { none: 0, cancel: 1 } as const;

export type Control = Int32Array<SharedArrayBuffer>;

export function newControl(): Control {
  return new Int32Array(new SharedArrayBuffer(controlWords.length * Int32Array.BYTES_PER_ELEMENT));
}

/** For the next chunk. */
export function resetControl(control: Control): void {
  control.fill(-1, controlWords.lanes);
  Atomics.store(control, controlWords.taken, 0);
  Atomics.store(control, controlWords.opening, 0);
  Atomics.store(control, controlWords.begun, 0);
  Atomics.store(control, controlWords.reports, 0);
  Atomics.store(control, controlWords.order, controlOrders.none);
}

/** For the lanes of a chunk: gives, each time, an index that nobody has taken, as long as there is one. */
export function untakenIn(control: Control, ranges: readonly Range[]): () => number | undefined {
  const count = countIn(ranges);
  let [next, end, later] = [0, 0, 0];
  return () => {
    if (Atomics.add(control, controlWords.taken, 1) >= count) return undefined;
    if (next === end) ({ start: next, end } = ranges[later++]!);
    return next++;
  };
}

/** What nobody has taken, and from here on no lane can; nothing as long as none has begun. */
export function takeTail(control: Control, ranges: readonly Range[]): readonly Range[] {
  const count = countIn(ranges);
  for (;;) {
    const taken = Atomics.load(control, controlWords.taken);
    if (taken === 0 || taken >= count) return [];
    if (Atomics.compareExchange(control, controlWords.taken, taken, count) === taken) return behindFirst(taken, ranges);
  }
}

/** For whoever watches over a chunk. */
export interface Look {
  /** The indices that run. */
  readonly running: readonly number[];
  /** How many were started. */
  readonly starts: number;
  /** What nobody has taken. */
  readonly untaken: readonly Range[];
  /** Whether the chunk was taken up at all. */
  readonly isBegun: boolean;
  /** Whether a resource is being opened, or the thread waits until more of its reports are taken. */
  readonly isOpening: boolean;
}

export function lookInto(control: Control, ranges: readonly Range[]): Look {
  const [starts, taken] = [Atomics.load(control, controlWords.starts), Atomics.load(control, controlWords.taken)];
  const [begun, opening] = [Atomics.load(control, controlWords.begun), Atomics.load(control, controlWords.opening)];
  const running = runningIn(control);
  return { running, starts, untaken: behindFirst(taken, ranges), isBegun: begun === 1, isOpening: opening === 1 };
}

/** The indices that run. */
export function runningIn(control: Control): readonly number[] {
  if (Atomics.load(control, controlWords.opening) === 1) return [];
  return [...control.subarray(controlWords.lanes)].filter((index) => index !== -1);
}
