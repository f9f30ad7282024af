// Guided self-scheduling by time: how many indices of an array one chunk should hold. Chunks that are too small drown
// in messages; chunks that are too big leave the other threads idle at the end, and neighbours waiting.

/** By how much older measurements count less with each new one: the mean follows about the last five. */
const memory = 0.8;
const maxGrowth = 8;
/** How many times as many indices as can overlap a chunk has: only the last of them leave lanes empty. */
const refills = 8;
/** A gap matters after a chunk that takes no longer than so many of it. */
const feltGaps = 20;

export interface Prospects {
  /** How many indices are still to be started. */
  readonly left: number;
  /** How many slots can work on them. */
  readonly slots: number;
  /** How many slots work on them already. */
  readonly busy: number;
  /** How many indices can overlap in one slot. */
  readonly lanes: number;
  readonly targetMs: number;
  /** How long a slot waits for the next chunk after each; 0 by default. */
  readonly gapMs?: number;
  /** How long the chunk may take instead if its indices overlap and that is longer; 0 by default. */
  readonly overlappingMs?: number;
  /** How many indices the chunk may have at most; no limit by default. */
  readonly most?: number;
}

export interface Measurement {
  readonly indices: number;
  readonly busyMs: number;
  readonly size: number;
  readonly plannedSize: number;
  /** How many the outcomes have. */
  readonly bytes?: number;
}

export class Pace {
  /** Sums that fade with each measurement: their quotients are means over the recent indices. */
  #busyMs = 0;
  #indices = 0;
  #bytes = 0;
  /** The size from which growth is counted: that of the chunk that was measured last. */
  #size = 0;

  /** `indices` of a chunk of `size` took `busyMs`. A gap in the queue may have made it shorter than `plannedSize`. */
  measured({ indices, busyMs, size, plannedSize, bytes = 0 }: Measurement): void {
    this.#busyMs = this.#busyMs * memory + busyMs;
    this.#indices = this.#indices * memory + indices;
    this.#bytes = this.#bytes * memory + bytes;
    // A chunk that a gap made shorter is no reason to shrink, nor to grow.
    this.#size = Math.max(size, Math.min(plannedSize, this.#size));
  }

  /** The mean of the recent indices, once there are any. */
  get meanMs(): number | undefined {
    return this.#indices === 0 ? undefined : this.#busyMs / this.#indices;
  }

  /** How many bytes the outcome of one index has on average; 0 until that is known. */
  get meanBytes(): number {
    return this.#indices === 0 ? 0 : this.#bytes / this.#indices;
  }

  /**
   * The size of the next chunk. Indices that overlap take no longer than one of them, so it is as many as can overlap;
   * or, if there are fewer, an even share for each free slot. Once something was measured, a chunk whose indices
   * overlap has several times as many: while one takes long, the next ones run beside it.
   */
  nextSize(prospects: Prospects): number {
    const { left, slots, busy, lanes, overlappingMs = 0, most = Infinity } = prospects;
    const atOnce = Math.min(lanes, Math.ceil(left / Math.max(1, slots - busy)));
    const isRefilled = lanes > 1 && this.#indices > 0;
    const overlapping = overlappingMs > 0 ? (overlappingMs * this.#indices) / this.#busyMs : 0;
    const refilled = isRefilled ? Math.min(Math.max(lanes * refills, overlapping), left / slots) : 0;
    const inTime = this.#sizeInTime(prospects);
    return Math.max(1, Math.floor(Math.min(most, Math.max(atOnce, refilled, inTime))));
  }

  /** Whether chunks of this size have stopped growing. */
  isGrown(size: number, targetMs: number): boolean {
    return size * (this.meanMs ?? 0) >= targetMs / 2;
  }

  /** Whether a gap of `gapMs` after each chunk of this size would matter. After one within `targetMs` any does. */
  isGapFelt(size: number, { targetMs, gapMs }: { targetMs: number; gapMs: number }): boolean {
    return size * (this.meanMs ?? 0) <= Math.max(targetMs, gapMs * feltGaps);
  }

  #sizeInTime({ left, slots, targetMs, gapMs = 0 }: Prospects): number {
    if (this.#indices === 0) return 1;
    const eachMs = this.#busyMs / this.#indices;
    const inTime = targetMs / eachMs;
    // To share what takes no longer than the gap would only have it wait for that.
    const inGap = gapMs === 0 ? 0 : gapMs / eachMs;
    const fairShare = Math.max(left / (2 * slots), Math.min(left / slots, inGap));
    // Growth is counted from a size that was measured, so one odd measurement cannot overshoot by more than this.
    const grown = this.#size * maxGrowth;
    return Math.min(inTime, fairShare, grown);
  }
}
