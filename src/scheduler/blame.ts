// Which indices are charged when a thread or a worker is lost: only those that are known to have run. Others that may
// have run become suspects, and run next in smaller chunks, or alone, until it is clear which one was to blame.

import { unit } from '../lib/range.ts';
import type { ArrayRecord, Chunk } from './array-record.ts';
import type { Command } from './events.ts';
import type { Lineup } from './lineup.ts';

interface RestOfCore {
  readonly lineup: Lineup;
  readonly totals: { lost: number };
  readonly emit: (command: Command) => void;
  readonly settle: (array: ArrayRecord, index: number) => void;
}

export class Blame {
  readonly #around: RestOfCore;

  constructor(around: RestOfCore) {
    this.#around = around;
  }

  /**
   * All of these, or one of them, ended their thread. If no more than can overlap are suspected, each runs alone next;
   * if more are, they run in smaller chunks.
   */
  threadLost(array: ArrayRecord, indices: readonly number[]): void {
    this.#around.totals.lost += indices.length;
    if (indices.length === 1 || array.crashesWhenLost) {
      for (const index of indices) this.#charge(array, index);
      return;
    }
    const { length: count } = indices;
    const limit = count <= array.concurrency ? 1 : Math.max(1, Math.floor(count / 8));
    for (const index of indices) array.suspects.add(unit(index), limit);
    this.#around.lineup.add(array);
  }

  /** Of a worker that was lost with `lostChunks` chunks. What ran is not known, unless only one index is left. */
  workerLost(chunk: Chunk, lostChunks: number): void {
    const { lineup, totals } = this.#around;
    const { array, outstanding, isUnheard } = chunk;
    totals.lost += outstanding.size;
    lineup.vacate(chunk);
    if (array.crashesWhenLost) return this.chargeAll(chunk);
    if (isUnheard) array.doubt(chunk);
    else if (outstanding.size === 1 && lostChunks === 1) return this.#charge(array, outstanding.first!);
    else array.suspect(chunk);
    lineup.add(array);
  }

  /** Charges all that is left of a chunk. */
  chargeAll({ array, outstanding }: Chunk): void {
    for (let range = outstanding.take(1); range !== undefined; range = outstanding.take(1)) {
      this.#charge(array, range.start);
    }
  }

  /** An index ended its thread or its worker. It is tried again, unless it has done so too often. */
  #charge(array: ArrayRecord, index: number): void {
    const { lineup, emit, settle } = this.#around;
    const losses = array.countLoss(index);
    if (losses <= array.allowedFailures) {
      array.suspects.add(unit(index), 1);
      return lineup.add(array);
    }
    array.crashed.add(index);
    emit({ type: 'crashed', array: array.id, index, losses });
    settle(array, index);
  }
}
