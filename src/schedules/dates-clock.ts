import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe } from '../lib/options.ts';
import { ClockFrame, clockRules, dateRule } from './clock.ts';
import type { Clock, ClockJson, ClockOptions, ScheduledEvent } from './clock.ts';

/** Fires at the given dates, in whatever order they are given. */
export class DatesClock implements Clock {
  readonly #frame: ClockFrame;
  /** Ascending, each once. */
  readonly #moments: readonly number[];

  /** Throws `SCHEDULE_NEVER_FIRES` for an empty list, or an option error. */
  constructor(dates: readonly Date[], options: Pick<ClockOptions, 'timeZone' | 'parameters'> = {}) {
    const { timeZone, parameters } = clockRules;
    checkOptions('DatesClock', options, { timeZone, parameters });
    checkDates(dates);
    this.#moments = [...new Set(dates.map((date) => date.getTime()))].sort((a, b) => a - b);
    const [start, end] = [new Date(this.#moments[0]!), new Date(this.#moments.at(-1)!)];
    this.#frame = new ClockFrame({ ...options, start, end });
  }

  get timeZone(): string {
    return this.#frame.zone.name;
  }

  get start(): Date {
    return this.#frame.start!;
  }

  get end(): Date {
    return this.#frame.end!;
  }

  events(after: Date): Iterable<ScheduledEvent> {
    return this.#frame.events(after, (from) => this.#moments.filter((moment) => moment > from));
  }

  toJSON(): ClockJson {
    const { timeZone, parameters } = this.#frame.toJSON();
    const dates = this.#moments.map((moment) => new Date(moment).toISOString());
    return { type: 'dates', dates, timeZone, parameters };
  }
}

function checkDates(dates: unknown): void {
  if (!Array.isArray(dates)) {
    const message = `DatesClock should be given an array of Dates; got ${describe(dates)}`;
    throw new UsageError('INVALID_OPTION', message, { option: 'dates', value: dates });
  }
  const index = dates.findIndex((date) => !dateRule.holds(date));
  if (index !== -1) {
    const message = `date ${index} of DatesClock should be ${dateRule.expected}; got ${describe(dates[index])}`;
    throw new UsageError('INVALID_OPTION', message, { option: 'dates', index, value: dates[index] });
  }
  if (dates.length === 0) {
    throw new UsageError('SCHEDULE_NEVER_FIRES', 'this DatesClock never fires: its list of dates is empty');
  }
}
