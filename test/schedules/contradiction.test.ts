import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contradictionOf } from '../../src/schedules/contradiction.ts';
import {
  atTime,
  betweenDates,
  betweenDateTimes,
  betweenTimes,
  isDayOfWeek,
  isMonthEnd,
  isMonthStart,
  isWeekday,
  isWeekend,
  onDate,
  onDateTime,
} from '../../src/schedules/filters.ts';
import type { Filter } from '../../src/schedules/filters.ts';
import { Zone } from '../../src/schedules/zone.ts';
import { ZonedTime } from '../../src/schedules/zoned-time.ts';
import { at } from './fixtures.ts';

const none = { filters: [], orFilters: [], notFilters: [] };
const filter = (filters: Filter[], notFilters: Filter[] = []) => contradictionOf({ ...none, filters, notFilters });
const december = onDate({ month: 12, day: 24 });

const contradictions: [found: string | undefined, expected: string][] = [
  [filter([isWeekday, isWeekend]), 'isWeekday and isWeekend'],
  [filter([isWeekday, isDayOfWeek(0)]), 'isWeekday and isDayOfWeek(0)'],
  [filter([isMonthStart, isMonthEnd]), 'isMonthStart and isMonthEnd'],
  [filter([december, isMonthStart]), 'onDate({ month: 12, day: 24 }) and isMonthStart'],
  [filter([isWeekday], [isWeekday]), 'isWeekday and not isWeekday'],
  [filter([], [isWeekday, isWeekend]), 'not isWeekday and not isWeekend'],
  [filter([atTime('9:00')], [betweenTimes('22:00', '9:00')]), `atTime('9:00') and not betweenTimes('22:00', '9:00')`],
  [
    contradictionOf({ ...none, filters: [isWeekday], orFilters: [isWeekend, isDayOfWeek(6)] }),
    'isWeekday and isWeekend; isWeekday and isDayOfWeek(6)',
  ],
];

for (const [found, expected] of contradictions) {
  test(`no time passes ${expected}`, () => {
    assert.equal(found, expected);
  });
}

const february = { month: 2, day: 28 };
const possible: [behaviour: string, found: string | undefined][] = [
  ['filters that look at different things', filter([isWeekday, december, atTime('9:00')])],
  ['ranges that meet in one moment', filter([betweenTimes('9:00', '10:00'), betweenTimes('10:00', '11:00')])],
  ['a range less its inside', filter([betweenTimes('9:00', '10:00')], [betweenTimes('9:00:00.001', '9:59:59.999')])],
  ['the end of February in some years', filter([onDate(february), isMonthEnd])],
  ['28 February when it is no end', filter([onDate(february)], [isMonthEnd])],
  ['one choice of two', contradictionOf({ ...none, filters: [isWeekday], orFilters: [isWeekend, isDayOfWeek(1)] })],
  ['functions of which nothing is known', filter([() => false, isWeekday])],
  ['a choice of which nothing is known', contradictionOf({ ...none, filters: [isWeekday], orFilters: [() => false] })],
  ['no filters at all', filter([])],
];

for (const [behaviour, found] of possible) {
  test(`there may be times that pass ${behaviour}`, () => {
    assert.equal(found, undefined);
  });
}

test('no time passes filters that are said to contradict each other', () => {
  const date = fc.constantFrom(february, { month: 2, day: 29 }, { month: 3, day: 1 }, { month: 12, day: 31 });
  const time = fc.constantFrom('0:00', '9:00', '12:00', '23:59:59.999');
  const moment = fc.constantFrom(at('2024-02-29'), at('2024-03-01'), at('2024-12-31'));
  const anyFilter: fc.Arbitrary<Filter> = fc.oneof(
    fc.constantFrom(isWeekday, isWeekend, isMonthStart, isMonthEnd),
    fc.nat(6).map(isDayOfWeek),
    date.map(onDate),
    fc.tuple(date, date).map(([from, to]) => betweenDates(from, to)),
    time.map(atTime),
    fc.tuple(time, time).map(([from, to]) => betweenTimes(from, to)),
    moment.map(onDateTime),
    moment.map((to) => betweenDateTimes(at('2024-02-28'), to)),
  );
  const filters = fc.array(anyFilter, { maxLength: 3 });
  const someDay = fc.integer({ min: 0, max: 3 * 366 }).map((day) => at('2023-01-01').getTime() + day * 86_400_000);
  const someTime = fc.constantFrom(0, 1, 9 * 3_600_000, 9 * 3_600_000 + 1, 86_399_999);
  const moments = fc.array(fc.tuple(someDay, someTime), { minLength: 50, maxLength: 50 });

  fc.assert(
    fc.property(filters, filters, filters, moments, (filters, orFilters, notFilters, moments) => {
      fc.pre(contradictionOf({ filters, orFilters, notFilters }) !== undefined);

      for (const [day, timeOfDay] of moments) {
        const time = new ZonedTime(day + timeOfDay, new Zone('UTC'));
        const isChosen = orFilters.length === 0 || orFilters.some((filter) => filter(time));
        const isBanned = notFilters.some((filter) => filter(time));
        assert.ok(!(filters.every((filter) => filter(time)) && isChosen && !isBanned));
      }
    }),
  );
});
