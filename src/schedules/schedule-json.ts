import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { add, nextWeekday } from './adjustments.ts';
import type { Adjustment } from './adjustments.ts';
import type { Clock } from './clock.ts';
import { CronClock } from './cron-clock.ts';
import type { CronClockOptions } from './cron-clock.ts';
import { DatesClock } from './dates-clock.ts';
import { filterMakers, plainFilters } from './filters.ts';
import type { Filter } from './filters.ts';
import { IntervalClock } from './interval-clock.ts';
import type { IntervalClockOptions } from './interval-clock.ts';
import { RRuleClock } from './rrule-clock.ts';
import { Schedule } from './schedule.ts';

/**
 * The schedule that was written with `JSON.stringify` and read with `JSON.parse`. Throws the same errors as the
 * constructors, since what it reads may come from anywhere.
 */
export function scheduleFromJson(json: unknown): Schedule {
  const { clocks, filters, orFilters, notFilters, adjustments } = recordOf(json, 'a schedule');
  return new Schedule({
    clocks: listOf(clocks, 'clocks').map(clockFrom),
    filters: listOf(filters, 'filters').map(filterFrom),
    orFilters: listOf(orFilters, 'orFilters').map(filterFrom),
    notFilters: listOf(notFilters, 'notFilters').map(filterFrom),
    adjustments: listOf(adjustments, 'adjustments').map(adjustmentFrom),
  });
}

function clockFrom(json: unknown): Clock {
  const { type, ...fields } = recordOf(json, 'a clock');
  const { start, end, ...others } = fields;
  const options = {
    ...others,
    ...(start !== undefined && { start: toDate(start) }),
    ...(end !== undefined && { end: toDate(end) }),
  };
  if (type === 'interval') return new IntervalClock(options as unknown as IntervalClockOptions);
  if (type === 'cron') {
    const { cron, ...rest } = options as CronClockOptions & { readonly cron: string };
    return new CronClock(cron, rest);
  }
  if (type === 'dates') {
    const { dates, ...rest } = options as Record<string, unknown>;
    return new DatesClock(listOf(dates, 'dates').map(toDate), rest);
  }
  if (type === 'rrule') {
    const { rrule, ...rest } = options as CronClockOptions & { readonly rrule: string };
    return new RRuleClock(rrule, rest);
  }
  throw refuse(type, `the type of a clock: 'interval', 'cron', 'dates' or 'rrule'`);
}

function filterFrom(json: unknown): Filter {
  const { name, parameters } = recordOf(json, 'a filter');
  const makers: Readonly<Record<string, unknown>> = filterMakers;
  const plain: Readonly<Record<string, Filter>> = plainFilters;
  if (typeof name === 'string' && Object.hasOwn(plain, name)) return plain[name]!;
  if (typeof name !== 'string' || !Object.hasOwn(makers, name)) throw refuse(name, 'the name of a filter');
  const given = listOf(parameters, 'parameters');
  // JSON has no dates.
  const areDates = name === 'onDateTime' || name === 'betweenDateTimes';
  return (makers[name] as (...parameters: unknown[]) => Filter)(...(areDates ? given.map(toDate) : given));
}

function adjustmentFrom(json: unknown): Adjustment {
  const { name, parameters } = recordOf(json, 'an adjustment');
  if (name === 'nextWeekday') return nextWeekday;
  if (name !== 'add') throw refuse(name, 'the name of an adjustment');
  return add(listOf(parameters, 'parameters')[0] as number);
}

function toDate(text: unknown): Date {
  return new Date(typeof text === 'string' ? text : Number.NaN);
}

function recordOf(json: unknown, expected: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw refuse(json, expected);
}

function listOf(json: unknown, name: string): unknown[] {
  if (json === undefined) return [];
  if (Array.isArray(json)) return json;
  throw refuse(json, `an array of ${name}`);
}

function refuse(value: unknown, expected: string): UsageError {
  return new UsageError('INVALID_OPTION', `the JSON of a Schedule should have ${expected}; got ${describe(value)}`, {
    value,
  });
}
