import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions } from '../lib/options.ts';
import { anchorWall, ClockFrame, clockRules, describeBounds, hasEvents, neverFires } from './clock.ts';
import type { Clock, ClockJson, ClockOptions, ScheduledEvent } from './clock.ts';
import { merge } from './merge.ts';
import { Recurrence } from './recurrence.ts';
import { readRecurrence, readStamp } from './rrule-text.ts';
import type { RecurrenceText, RuleText, Stamp } from './rrule-text.ts';
import { Zone } from './zone.ts';

/**
 * Fires by a recurrence rule of RFC 5545, such as `'FREQ=MONTHLY;BYDAY=-1FR'`, with or without its `DTSTART`, `RDATE`
 * and `EXDATE` lines. Its times are those of the clock on the wall, as those of a `CronClock`, in the option's time
 * zone, or else in the `TZID` of the text.
 */
export class RRuleClock implements Clock {
  readonly rrule: string;
  readonly #frame: ClockFrame;
  /** Those that may fire. */
  readonly #recurrences: readonly Recurrence[];
  readonly #dates: readonly number[];
  readonly #exceptions: ReadonlySet<number>;

  /** Throws `INVALID_RRULE`, `SCHEDULE_NEVER_FIRES`, or an option error. */
  constructor(rruleText: string, options: ClockOptions = {}) {
    checkOptions('RRuleClock', options, clockRules);
    const text = readRecurrence(rruleText);
    this.rrule = rruleText;
    this.#frame = new ClockFrame({ ...options, timeZone: timeZoneOf(text, options, rruleText) });
    const start = this.#startOf(text);
    const recurrences = text.rules.map((parts) => new Recurrence(parts, { start, until: this.#untilOf(parts) }));
    // A search for the times of an impossible rule would take many seconds, or for ever.
    this.#recurrences = recurrences.filter((recurrence) => !recurrence.isImpossible());
    this.#dates = text.dates.map((date) => this.#wallOf(date)).sort((a, b) => a - b);
    this.#exceptions = new Set(text.exceptions.map((date) => this.#wallOf(date)));
    this.#checkFires(start);
  }

  get timeZone(): string {
    return this.#frame.zone.name;
  }

  get start(): Date | undefined {
    return this.#frame.start;
  }

  get end(): Date | undefined {
    return this.#frame.end;
  }

  events(after: Date): Iterable<ScheduledEvent> {
    return this.#frame.events(after, (from) => this.#frame.momentsOf(this.#walls(from), from));
  }

  toJSON(): ClockJson {
    return { type: 'rrule', rrule: this.rrule, ...this.#frame.toJSON() };
  }

  *#walls(after: number): Generator<number> {
    const from = this.#frame.zone.floorOf(after);
    const streams = [this.#dates.filter((wall) => wall > from), ...this.#recurrences.map((rule) => rule.walls(from))];
    for (const wall of merge<number>(streams, (wall) => wall)) {
      if (!this.#exceptions.has(wall)) yield wall;
    }
  }

  #wallOf({ time, isMoment }: Stamp): number {
    return isMoment ? this.#frame.zone.wallOf(time) : time;
  }

  #startOf({ start }: RecurrenceText): number {
    if (start !== undefined) return this.#wallOf(start);
    if (this.start === undefined) return anchorWall;
    // Rules know whole seconds only; a rounding down would put the first time before the start.
    return Math.ceil(this.#frame.zone.wallOf(this.start.getTime()) / 1_000) * 1_000;
  }

  #untilOf(parts: RuleText): number | undefined {
    const until = parts.get('UNTIL');
    return until === undefined ? undefined : this.#wallOf(readStamp(until)!);
  }

  #checkFires(start: number): void {
    const first = new Date(this.#frame.zone.momentOf(Math.min(start, ...this.#dates)));
    if (hasEvents(this, this.start ?? first)) return;
    throw neverFires(`RRuleClock '${this.rrule}' never fires: no time fits it${describeBounds(this)}`, this);
  }
}

function timeZoneOf({ timeZone }: RecurrenceText, options: ClockOptions, text: string): string {
  const found = options.timeZone ?? timeZone ?? 'UTC';
  const fault = 'the rule of RRuleClock should have';
  if (!clockRules.timeZone.holds(found)) {
    throw new UsageError('INVALID_RRULE', `${fault} as TZID ${clockRules.timeZone.expected}; got '${found}'`, {
      value: text,
    });
  }
  if (timeZone !== undefined && (!clockRules.timeZone.holds(timeZone) || nameOf(timeZone) !== nameOf(found))) {
    const message = `${fault} the time zone of its option, '${found}'; got TZID=${timeZone}`;
    throw new UsageError('INVALID_RRULE', message, { value: text });
  }
  return found;
}

/** A zone has several: `Asia/Kolkata` is also called `Asia/Calcutta`. */
function nameOf(timeZone: string): string {
  return new Zone(timeZone).name;
}
