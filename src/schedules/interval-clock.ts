import { toMilliseconds } from '../lib/duration.ts';
import type { Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { lastMomentMs } from '../lib/moment.ts';
import { anchorWall, ClockFrame, clockRules, describeBounds, hasEvents, neverFires } from './clock.ts';
import type { Clock, ClockJson, ClockOptions, ScheduledEvent } from './clock.ts';

export interface IntervalClockOptions extends ClockOptions {
  /** The time from one event to the next. */
  readonly every: Duration;
}

const dayMs = 86_400_000;

/**
 * Fires at its start, and then again and again. An interval of whole days keeps the wall-clock time, so that 9:00 stays
 * 9:00 when daylight saving begins or ends; any other interval is elapsed time.
 */
export class IntervalClock implements Clock {
  readonly every: number;
  readonly #frame: ClockFrame;
  readonly #first: number;

  /** Throws `INVALID_DURATION`, `SCHEDULE_NEVER_FIRES`, or an option error. */
  constructor(options: IntervalClockOptions) {
    checkOptions('IntervalClock', options, { every: { ...rules.anything, elsewhere: ['interval'] }, ...clockRules });
    this.every = intervalOf(options.every);
    this.#frame = new ClockFrame(options);
    this.#first = this.#frame.start?.getTime() ?? this.#frame.zone.momentOf(anchorWall);
    const first = new Date(this.#first);
    if (hasEvents(this, first)) return;
    throw neverFires(
      `this IntervalClock never fires: it has no time${describeBounds({ start: first, end: this.end })}`,
      this,
    );
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
    const isDays = this.every % dayMs === 0;
    return this.#frame.events(after, (from) => (isDays ? this.#days(from) : this.#elapsed(from)));
  }

  toJSON(): ClockJson {
    return { type: 'interval', every: this.every, ...this.#frame.toJSON() };
  }

  *#elapsed(after: number): Generator<number> {
    const skipped = Math.max(0, Math.floor((after - this.#first) / this.every) + 1);
    let moment = this.#first + skipped * this.every;
    for (; moment <= lastMomentMs; moment += this.every) yield moment;
  }

  *#days(after: number): Generator<number> {
    // The start is a moment, not only what the clock shows then: it may lie in the first of two equal hours.
    if (after < this.#first) yield this.#first;
    const { zone } = this.#frame;
    const firstWall = zone.wallOf(this.#first);
    const skipped = Math.max(1, Math.floor((zone.floorOf(after) - firstWall) / this.every));
    yield* this.#frame.momentsOf(every(this.every, firstWall + skipped * this.every), Math.max(after, this.#first));
  }
}

function* every(step: number, first: number): Generator<number> {
  for (let wall = first; wall <= lastMomentMs; wall += step) yield wall;
}

function intervalOf(duration: unknown): number {
  // Rounded, since a text such as '1.1m' is a hair more than whole milliseconds, and a Date has no smaller part.
  const milliseconds = Math.round(toMilliseconds(duration, `option 'every' of IntervalClock`));
  if (milliseconds >= 1) return milliseconds;
  const message = `option 'every' of IntervalClock should be 1 ms or longer; got ${describe(duration)}`;
  throw new UsageError('INVALID_DURATION', message, { option: 'every', value: duration });
}
