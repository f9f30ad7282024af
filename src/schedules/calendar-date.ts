import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { neverFires } from './clock.ts';

/** A day of every year. Months count from 1. */
export interface CalendarDate {
  readonly month: number;
  readonly day: number;
}

const monthNames =
  'January, February, March, April, May, June, July, August, September, October, November, December'.split(', ');

/** Throws `SCHEDULE_NEVER_FIRES` for a day that no year has. `owner` is who was given the date. */
export function checkDate(owner: string, date: CalendarDate): CalendarDate {
  const monthRule = { expected: 'a month from 1 to 12', holds: (value: unknown) => isWithin(value, 12) };
  const dayRule = { expected: 'a day from 1 to 31', holds: (value: unknown) => isWithin(value, 31) };
  checkOptions(owner, date, { month: monthRule, day: dayRule });
  const { month, day } = date;
  if (month === undefined || day === undefined) {
    const message = `${owner} should be given a date like { month: 12, day: 24 }; got ${nameOfDate(date)}`;
    throw new UsageError('INVALID_OPTION', message, { value: date });
  }
  if (day > daysIn(leapYear, month)) {
    throw neverFires(`${owner} was given a date that never comes: ${day} ${monthNames[month - 1]}`, {});
  }
  return { month, day };
}

/** A number that grows from day to day of a year. */
export function orderOfDate({ month, day }: CalendarDate): number {
  return month * 100 + day;
}

export function nameOfDate(date: unknown): string {
  if (typeof date !== 'object' || date === null) return describe(date);
  return `{ ${Object.entries(date)
    .map(([name, value]) => `${name}: ${describe(value)}`)
    .join(', ')} }`;
}

export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const leapYear = 2024;

function isWithin(value: unknown, most: number): boolean {
  return rules.positiveCount.holds(value) && Number(value) <= most;
}
