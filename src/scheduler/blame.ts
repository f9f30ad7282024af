// Who is charged when a thread or a worker is lost: only what ran, as far as one knows; what may have run besides is
// suspected, and runs in such company next that it is known who was to blame.

import { unit } from './chunk-news.ts';
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
   * They took their thread with them, or one of them did: of several that overlapped each runs alone next, and of more
   * always fewer together.
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

  /** One of so many chunks of a worker that is lost. What ran of it is not known, unless it comes down to one index. */
  workerLost(chunk: Chunk, lostChunks: number): void {
    const { lineup, totals } = this.#around;
    const { array, outstanding } = chunk;
    const isUnheard = lineup.ahead.isUnheard(chunk);
    totals.lost += outstanding.size;
    lineup.vacate(chunk);
    if (array.crashesWhenLost) return this.chargeAll(chunk);
    if (isUnheard) array.doubt(chunk);
    else if (outstanding.size === 1 && lostChunks === 1) return this.#charge(array, outstanding.first!);
    else array.suspect(chunk);
    lineup.add(array);
  }

  /** All that is left of a chunk. */
  chargeAll({ array, outstanding }: Chunk): void {
    for (let range = outstanding.take(1); range !== undefined; range = outstanding.take(1)) {
      this.#charge(array, range.start);
    }
  }

  /** An index took its thread or its worker with it. Try elsewhere, unless it seems to kill all that touch it. */
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
