// Guided self-scheduling by time: how many indices of an array one chunk should hold. Chunks that are too small drown
// in messages; chunks that are too big leave the other threads idle at the end, and neighbours waiting.

/** What older measurements still weigh when a new one comes: the mean follows about the last five. */
const memory = 0.8;
const maxGrowth = 8;
/** How many times the places of runs that overlap are filled in one chunk: only its last runs leave places empty. */
const refills = 8;

export interface Prospects {
  /** How many indices are still to be started. */
  readonly left: number;
  /** How many slots can work on them. */
  readonly slots: number;
  /** How many of those do already. */
  readonly busy: number;
  /** How many indices can overlap in one slot. */
  readonly lanes: number;
  readonly targetMs: number;
  /** How many there may be at all; without limit by default. */
  readonly most?: number;
}

export interface Measurement {
  readonly indices: number;
  readonly busyMs: number;
  readonly size: number;
  readonly plannedSize: number;
  /** Of the outcomes. */
  readonly bytes?: number;
}

export class Pace {
  /** They fade with each measurement: their quotients are means of the recent indices, each weighing the same. */
  #busyMs = 0;
  #indices = 0;
  #bytes = 0;
  /** The size from which growth is counted: that of the chunk that was measured last. */
  #size = 0;

  /** Of a chunk of `size`, `indices` took `busyMs`. If a gap in the queue had cut it short, it had a `plannedSize`. */
  measured({ indices, busyMs, size, plannedSize, bytes = 0 }: Measurement): void {
    this.#busyMs = this.#busyMs * memory + busyMs;
    this.#indices = this.#indices * memory + indices;
    this.#bytes = this.#bytes * memory + bytes;
    // A chunk that was cut short proves nothing against the size that was reached, and nothing for a greater one.
    this.#size = Math.max(size, Math.min(plannedSize, this.#size));
  }

  /** The mean of the recent indices, once there are any. */
  get meanMs(): number | undefined {
    return this.#indices === 0 ? undefined : this.#busyMs / this.#indices;
  }

  /** How many bytes the outcome of one index comes to, as far as that is known. */
  get meanBytes(): number {
    return this.#indices === 0 ? 0 : this.#bytes / this.#indices;
  }

  /**
   * The size of the next chunk. As many as can overlap take no longer than one of them: so at least those, or, when
   * there are fewer, an even share for each slot that has none. Once it is known what works, a chunk of those that
   * overlap has several times as many: where one takes longer than others, its neighbours go on meanwhile.
   */
  nextSize({ left, slots, busy, lanes, targetMs, most = Infinity }: Prospects): number {
    const atOnce = Math.min(lanes, Math.ceil(left / Math.max(1, slots - busy)));
    const refilled = lanes > 1 && this.#indices > 0 ? Math.min(lanes * refills, left / slots) : 0;
    const inTime = this.#sizeInTime({ left, slots, targetMs });
    return Math.max(1, Math.floor(Math.min(most, Math.max(atOnce, refilled, inTime))));
  }

  /** A chunk of so many grows no more, and is so short that a gap behind it would count. */
  isWorthSendingAhead(size: number, targetMs: number): boolean {
    const expectedMs = size * (this.meanMs ?? 0);
    return expectedMs >= targetMs / 2 && expectedMs <= targetMs;
  }

  #sizeInTime({ left, slots, targetMs }: Pick<Prospects, 'left' | 'slots' | 'targetMs'>): number {
    if (this.#indices === 0) return 1;
    const inTime = (targetMs * this.#indices) / this.#busyMs;
    const fairShare = left / (2 * slots);
    // Growth is counted from a size that was measured, so one odd measurement cannot overshoot by more than this.
    const grown = this.#size * maxGrowth;
    return Math.min(inTime, fairShare, grown);
  }
}
