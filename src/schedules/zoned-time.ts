import type { Zone } from './zone.ts';

const dayMs = 86_400_000;

/**
 * A moment, and what the clock and the calendar on the wall show at that moment in a schedule's time zone: what filters
 * and adjustments are given. Months count from 1, days of the week from 0 for Sunday.
 */
export class ZonedTime {
  /** Milliseconds since 1970, as in `date.getTime()`. */
  readonly moment: number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly dayOfWeek: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly #zone: Zone;

  constructor(moment: number, zone: Zone) {
    const wall = new Date(zone.wallOf(moment));
    this.moment = moment;
    this.year = wall.getUTCFullYear();
    this.month = wall.getUTCMonth() + 1;
    this.day = wall.getUTCDate();
    this.dayOfWeek = wall.getUTCDay();
    this.hour = wall.getUTCHours();
    this.minute = wall.getUTCMinutes();
    this.second = wall.getUTCSeconds();
    this.millisecond = wall.getUTCMilliseconds();
    this.#zone = zone;
  }

  get timeZone(): string {
    return this.#zone.name;
  }

  /** Milliseconds that the clock on the wall shows since midnight. */
  get timeOfDay(): number {
    return ((this.hour * 60 + this.minute) * 60 + this.second) * 1_000 + this.millisecond;
  }

  toDate(): Date {
    return new Date(this.moment);
  }

  /** The same time of day `days` later, though a day may have 23 or 25 hours. */
  plusDays(days: number): Date {
    if (days === 0) return this.toDate();
    return new Date(this.#zone.momentOf(this.#zone.wallOf(this.moment) + days * dayMs));
  }
}
