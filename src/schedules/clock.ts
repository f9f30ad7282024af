import { isDeepStrictEqual } from 'node:util';
import { UsageError } from '../lib/heddle-error.ts';
import { describe, rules } from '../lib/options.ts';
import type { OptionRule } from '../lib/options.ts';
import { lastMomentMs } from '../lib/moment.ts';
import { Zone } from './zone.ts';

/** One time at which a flow should run, and the parameters that the clock gives to that run. */
export interface ScheduledEvent {
  readonly startTime: Date;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What proposes times to a schedule. Any object of this shape is a clock. */
export interface Clock {
  /** The zone in which a schedule's filters and adjustments see this clock's times. */
  readonly timeZone: string;
  /** No event is before it. */
  readonly start?: Date | undefined;
  /** No event is after it. */
  readonly end?: Date | undefined;
  /** The events after `after`, earliest first, computed as they are asked for. There may be no end of them. */
  events(after: Date): Iterable<ScheduledEvent>;
  /** The clock as plain data with a `type`, from which `scheduleFromJson` makes it again. */
  toJSON?(): ClockJson;
}

export interface ClockJson {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ClockOptions {
  /** The first moment at which the clock may fire. */
  readonly start?: Date;
  /** The last moment at which the clock may fire. */
  readonly end?: Date;
  /** An IANA time zone; `'UTC'` unless given. */
  readonly timeZone?: string;
  /** Parameters of the runs that this clock starts. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** Where clocks begin that need a start and have none: the midnight, on the wall, with which 2019 begins. */
export const anchorWall = Date.UTC(2019, 0, 1);

export const dateRule: OptionRule = { expected: 'a valid Date', holds: isDate };

export const clockRules = {
  start: { ...dateRule, elsewhere: ['startDate'] },
  end: { ...dateRule, elsewhere: ['endDate'] },
  timeZone: { expected: `a time zone like 'UTC' or 'Europe/Paris'`, holds: isTimeZone, elsewhere: ['tz'] },
  parameters: { expected: 'an object of parameters by name', holds: isRecord, elsewhere: ['parameterDefaults'] },
} satisfies Record<string, OptionRule>;

/** What all clocks have in common: their zone, their bounds, and their events out of moments. */
export class ClockFrame {
  readonly zone: Zone;
  readonly start: Date | undefined;
  readonly end: Date | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;

  /** The options have been checked. */
  constructor({ timeZone = 'UTC', start, end, parameters }: ClockOptions) {
    this.zone = new Zone(timeZone);
    this.start = start && new Date(start);
    this.end = end && new Date(end);
    this.parameters = Object.freeze({ ...parameters });
  }

  /** Checks `after` at once, though the events come later. `moments` is asked for those after the number it gets. */
  events(after: Date, moments: (after: number) => Iterable<number>): Iterable<ScheduledEvent> {
    checkAfter(after);
    const beforeStart = this.start === undefined ? -Infinity : this.start.getTime() - 1;
    return this.#within(moments(Math.max(after.getTime(), beforeStart)));
  }

  /** The moments at which the clock on the wall shows `walls`, which ascend, as far as they are after `after`. */
  *momentsOf(walls: Iterable<number>, after: number): Generator<number> {
    let last = after;
    for (const wall of walls) {
      const moment = this.zone.momentOf(wall);
      // Wall-clock times that a zone skips all fall on the end of the gap, and become one.
      if (moment <= last) continue;
      last = moment;
      yield moment;
    }
  }

  /** Throws `SCHEDULE_NOT_SERIALIZABLE` when its parameters would come back as others. */
  toJSON(): Record<string, unknown> {
    const { start, end, parameters } = this;
    assertKeptByJson(parameters);
    return { timeZone: this.zone.name, start: start?.toISOString(), end: end?.toISOString(), parameters };
  }

  *#within(moments: Iterable<number>): Generator<ScheduledEvent> {
    const end = this.end?.getTime() ?? lastMomentMs;
    for (const moment of moments) {
      if (moment > end) return;
      yield { startTime: new Date(moment), parameters: this.parameters };
    }
  }
}

function assertKeptByJson(parameters: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(parameters)) {
    const text = textOf(value);
    if (text !== undefined && isDeepStrictEqual(JSON.parse(text), value)) continue;
    const message =
      `parameter '${name}' of a clock cannot be written as JSON, which would make something else of it. Give it ` +
      `texts, numbers, true, false, null, and plain lists and objects of these.`;
    throw new UsageError('SCHEDULE_NOT_SERIALIZABLE', message, { parameter: name });
  }
}

/** Nothing for what JSON refuses, or leaves out. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Whether the clock, which has a first moment, fires at all. */
export function hasEvents(clock: Clock, first: Date): boolean {
  for (const _event of clock.events(new Date(first.getTime() - 1))) return true;
  return false;
}

export function neverFires(message: string, { start, end }: Pick<Clock, 'start' | 'end'>): UsageError {
  return new UsageError('SCHEDULE_NEVER_FIRES', message, { start, end });
}

function checkAfter(after: unknown): void {
  if (dateRule.holds(after)) return;
  throw new UsageError('INVALID_OPTION', `'after' should be ${dateRule.expected}; got ${describe(after)}`, {
    option: 'after',
    value: after,
  });
}

/** ` between … and …`, as far as there are bounds: for the end of a message. */
export function describeBounds({ start, end }: { start?: Date | undefined; end?: Date | undefined }): string {
  const from = start === undefined ? '' : ` from ${start.toISOString()}`;
  return end === undefined ? from : `${from} until ${end.toISOString()}`;
}

function isDate(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isTimeZone(value: unknown): boolean {
  if (!rules.text.holds(value)) return false;
  try {
    new Zone(value as string);
    return true;
  } catch {
    return false;
  }
}
