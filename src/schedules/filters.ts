import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { checkDate, daysIn, nameOfDate, orderOfDate } from './calendar-date.ts';
import type { CalendarDate } from './calendar-date.ts';
import { dateRule, neverFires } from './clock.ts';
import { known, type Spec } from './spec.ts';
import type { ZonedTime } from './zoned-time.ts';

/** Says whether a schedule may fire at a time. Any function of this shape is a filter; it must not be async. */
export type Filter = (time: ZonedTime) => boolean;

/** What a filter of this file looks at, and nothing else: two filters can only contradict each other on one axis. */
export type Axis = 'moment' | 'date' | 'weekday' | 'time';

/** A filter of this file, which says of itself what is needed to find contradictions, and to write it down. */
export interface KnownFilter extends Filter {
  readonly axis: Axis;
  /** On the axes of moments and times of day: where its answer changes. */
  readonly edges: readonly number[];
  readonly spec: Spec;
}

/** Fires at this moment only. */
export function onDateTime(date: Date): KnownFilter {
  checkMoment('onDateTime', date);
  const moment = date.getTime();
  const spec = { name: 'onDateTime', parameters: [date.toISOString()] };
  return known({ axis: 'moment', edges: [moment], spec }, (time) => time.moment === moment);
}

/** Fires from one moment until another, both included. */
export function betweenDateTimes(from: Date, to: Date): KnownFilter {
  checkMoment('betweenDateTimes', from);
  checkMoment('betweenDateTimes', to);
  const edges = [from.getTime(), to.getTime()] as const;
  const spec = { name: 'betweenDateTimes', parameters: [from.toISOString(), to.toISOString()] };
  if (edges[0] > edges[1]) throw neverFires(`${nameOfSpec(spec)} lets no time pass: it ends before it begins`, {});
  return known({ axis: 'moment', edges, spec }, ({ moment }) => moment >= edges[0] && moment <= edges[1]);
}

/** Fires on this day of every year. */
export function onDate(date: CalendarDate): KnownFilter {
  const { month, day } = checkDate('onDate', date);
  const spec = { name: 'onDate', parameters: [{ month, day }] };
  return known({ axis: 'date', edges: [], spec }, (time) => time.month === month && time.day === day);
}

/** Fires on the days from one to another of every year, both included. From November to July includes January. */
export function betweenDates(from: CalendarDate, to: CalendarDate): KnownFilter {
  const [first, last] = [checkDate('betweenDates', from), checkDate('betweenDates', to)];
  const spec = { name: 'betweenDates', parameters: [first, last] };
  const isWithin = between(orderOfDate(first), orderOfDate(last));
  return known({ axis: 'date', edges: [], spec }, (time) => isWithin(orderOfDate(time)));
}

/** Fires when the clock on the wall shows this time, `'14:30'` or `'14:30:15'`, to the millisecond. */
export function atTime(time: string): KnownFilter {
  const expected = readTime('atTime', time);
  const spec = { name: 'atTime', parameters: [time] };
  return known({ axis: 'time', edges: [expected], spec }, ({ timeOfDay }) => timeOfDay === expected);
}

/** Fires from one time of day to another, both included. From 22:00 to 6:00 is the night. */
export function betweenTimes(from: string, to: string): KnownFilter {
  const edges = [readTime('betweenTimes', from), readTime('betweenTimes', to)] as const;
  const spec = { name: 'betweenTimes', parameters: [from, to] };
  const isWithin = between(...edges);
  return known({ axis: 'time', edges, spec }, ({ timeOfDay }) => isWithin(timeOfDay));
}

/** Fires on one day of the week: 0 is Sunday, 6 is Saturday. */
export function isDayOfWeek(dayOfWeek: number): KnownFilter {
  if (!Number.isInteger(dayOfWeek) || dayOfWeek < 0 || dayOfWeek > 6) {
    const message = `isDayOfWeek should be given a day from 0 for Sunday to 6 for Saturday; got ${describe(dayOfWeek)}`;
    throw new UsageError('INVALID_OPTION', message, { value: dayOfWeek });
  }
  const spec = { name: 'isDayOfWeek', parameters: [dayOfWeek] };
  return known({ axis: 'weekday', edges: [], spec }, (time) => time.dayOfWeek === dayOfWeek);
}

/** From Monday to Friday. */
export const isWeekday: KnownFilter = known(
  { axis: 'weekday', edges: [], spec: { name: 'isWeekday' } },
  ({ dayOfWeek }) => dayOfWeek !== 0 && dayOfWeek !== 6,
);

/** On Saturday and Sunday. */
export const isWeekend: KnownFilter = known(
  { axis: 'weekday', edges: [], spec: { name: 'isWeekend' } },
  ({ dayOfWeek }) => dayOfWeek === 0 || dayOfWeek === 6,
);

/** On the first day of a month. */
export const isMonthStart: KnownFilter = known(
  { axis: 'date', edges: [], spec: { name: 'isMonthStart' } },
  ({ day }) => day === 1,
);

/** On the last day of a month. */
export const isMonthEnd: KnownFilter = known(
  { axis: 'date', edges: [], spec: { name: 'isMonthEnd' } },
  ({ year, month, day }) => day === daysIn(year, month),
);

/** What makes filters, and is none itself. */
export const filterMakers = {
  onDateTime,
  betweenDateTimes,
  onDate,
  betweenDates,
  atTime,
  betweenTimes,
  isDayOfWeek,
} as const;

export const plainFilters = { isWeekday, isWeekend, isMonthStart, isMonthEnd } as const;

export function isKnownFilter(filter: Filter): filter is KnownFilter {
  return 'spec' in filter && 'axis' in filter;
}

/** As it would be written in a program. */
export function nameOfFilter(filter: Filter): string {
  return isKnownFilter(filter) ? nameOfSpec(filter.spec) : filter.name || 'a function';
}

function nameOfSpec({ name, parameters }: Spec): string {
  if (parameters === undefined) return name;
  const words = parameters.map((parameter) =>
    typeof parameter === 'object' ? nameOfDate(parameter) : describe(parameter),
  );
  return `${name}(${words.join(', ')})`;
}

/** Whether a value is in a range that begins anew after its end: after December, or midnight. */
function between(from: number, to: number): (value: number) => boolean {
  if (from <= to) return (value) => value >= from && value <= to;
  return (value) => value >= from || value <= to;
}

function checkMoment(name: string, date: unknown): void {
  if (dateRule.holds(date)) return;
  const message = `${name} should be given ${dateRule.expected}; got ${describe(date)}`;
  throw new UsageError('INVALID_OPTION', message, { value: date });
}

function readTime(name: string, time: unknown): number {
  const pattern = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,3}))?)?$/;
  const match = typeof time === 'string' ? pattern.exec(time) : null;
  if (match === null) {
    const message = `${name} should be given a time of day like '9:30' or '23:59:59'; got ${describe(time)}`;
    throw new UsageError('INVALID_OPTION', message, { value: time });
  }
  const [, hour, minute, second = '0', fraction = '0'] = match;
  return ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + Number(fraction.padEnd(3, '0'));
}
