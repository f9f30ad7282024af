const dayMs = 86_400_000;

/** Outside of these years the zone keeps the offset of the border: no rule of daylight saving is known so far away. */
const firstKnownMs = Date.UTC(1000, 0, 1);
const lastKnownMs = Date.UTC(9999, 11, 31);

/**
 * A time zone as two functions between moments and wall-clock times. Both are numbers of milliseconds: a wall-clock
 * time is written as if it were UTC, so that `new Date(wall).getUTCHours()` is the hour that the wall shows.
 */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | undefined;

  /** Throws a `RangeError` when there is no such zone. */
  constructor(name: string) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    this.name = format.resolvedOptions().timeZone;
    this.#format = this.name === 'UTC' ? undefined : format;
  }

  /** What the clock on the wall shows at `moment`. */
  wallOf(moment: number): number {
    return moment + this.#offsetAt(moment);
  }

  /**
   * The moment at which the clock on the wall shows `wall`: the second one where clocks are set back and show it twice,
   * and the end of the gap where clocks are set forward and never show it. A later wall is never an earlier moment.
   */
  momentOf(wall: number): number {
    const before = this.#offsetAt(wall - dayMs);
    const after = this.#offsetAt(wall + dayMs);
    if (before === after) return wall - before;
    const late = wall - Math.min(before, after);
    if (this.wallOf(late) === wall) return late;
    const early = wall - Math.max(before, after);
    if (this.wallOf(early) === wall) return early;
    return this.#endOfGap(wall, { early, late });
  }

  /**
   * A wall-clock time such that every later moment than `moment` shows a later one, also if clocks are set back soon.
   * It is where to begin a search, and not before the year 1000.
   */
  floorOf(moment: number): number {
    return Math.max(moment, firstKnownMs) + Math.min(this.#offsetAt(moment), this.#offsetAt(moment + dayMs));
  }

  /** The first moment whose wall-clock time is not before `wall`; it lies after `early` and not after `late`. */
  #endOfGap(wall: number, { early, late }: { early: number; late: number }): number {
    while (late - early > 1) {
      const middle = Math.floor((early + late) / 2);
      if (this.wallOf(middle) < wall) early = middle;
      else late = middle;
    }
    return late;
  }

  #offsetAt(moment: number): number {
    if (this.#format === undefined) return 0;
    const known = Math.min(Math.max(moment, firstKnownMs), lastKnownMs);
    const second = Math.floor(known / 1_000) * 1_000;
    const [month, day, year, hour, minute, seconds] = this.#format.format(second).match(/\d+/g)!.map(Number);
    return Date.UTC(year!, month! - 1, day, hour, minute, seconds) - second;
  }
}
