import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  nameOfFilter,
  onDate,
  onDateTime,
} from '../../src/schedules/filters.ts';
import type { Filter } from '../../src/schedules/filters.ts';
import { at, zoned } from './fixtures.ts';

const november = { month: 11, day: 1 };
const july = { month: 7, day: 1 };

const answers: [filter: Filter, time: string, answer: boolean, tag?: string][] = [
  [onDateTime(at('2019-01-02T03:04')), '2019-01-02T03:04', true],
  [onDateTime(at('2019-01-02T03:04')), '2019-01-02T03:04:05', false],
  [betweenDateTimes(at('2019-01-01'), at('2019-01-02')), '2019-01-01T06:00', true],
  [betweenDateTimes(at('2019-01-01T06:00'), at('2019-01-01T06:00')), '2019-01-01T06:00', true],
  [betweenDateTimes(at('2019-01-02'), at('2019-01-03')), '2019-01-01T06:00', false],
  [onDate({ month: 3, day: 4 }), '2034-03-04T05:06', true],
  [onDate({ month: 3, day: 4 }), '2034-04-04', false],
  [betweenDates({ month: 6, day: 1 }, { month: 6, day: 1 }), '2019-06-01', true],
  [betweenDates({ month: 5, day: 31 }, { month: 6, day: 2 }), '2019-06-01', true],
  [betweenDates({ month: 6, day: 2 }, { month: 5, day: 31 }), '2019-06-01', false, ' [P377]'],
  [betweenDates(november, july), '2019-06-01', true, ' [P377]'],
  [betweenDates(november, july), '2019-10-31', false, ' [P377]'],
  // Prefect compares months alone to see that a range wraps, and lets nothing pass here.
  [betweenDates({ month: 6, day: 20 }, { month: 6, day: 10 }), '2019-01-01', true],
  [atTime('3:30'), '2019-01-02T03:30', true],
  [atTime('03:30'), '2019-01-02T03:30:01', false],
  [betweenTimes('5:00', '7:00'), '2019-06-01T06:00', true],
  [betweenTimes('6:00', '6:00'), '2019-06-01T06:00', true],
  [betweenTimes('7:00', '5:00'), '2019-06-01T06:00', false, ' [P376]'],
  [betweenTimes('7:00', '6:00'), '2019-06-01T06:00', true, ' [P376]'],
  [betweenTimes('22:00', '6:00:30.5'), '2019-06-01T06:00:30.5', true],
  [isWeekday, '2019-01-04', true],
  [isWeekday, '2019-01-05', false],
  [isWeekend, '2019-01-06', true],
  [isWeekend, '2019-01-07', false],
  [isDayOfWeek(0), '2019-01-06', true],
  [isDayOfWeek(0), '2019-01-07', false],
  [isMonthStart, '2019-02-01T23:00', true],
  [isMonthStart, '2019-02-02', false],
  [isMonthEnd, '2019-02-28', true],
  [isMonthEnd, '2020-02-28', false, ' [P378]'],
  [isMonthEnd, '2020-02-29', true, ' [P378]'],
  [isMonthEnd, '2019-12-31', true],
];

for (const [filter, time, answer, tag = ''] of answers) {
  test(`${nameOfFilter(filter)} ${answer ? 'lets' : 'does not let'} ${time} pass${tag}`, () => {
    assert.equal(filter(zoned(time)), answer);
  });
}

test('filters see what the clock on the wall shows in the zone of the time', () => {
  const saturdayInTokyo = zoned('2019-01-05T08:00', 'Asia/Tokyo');

  assert.equal(saturdayInTokyo.toDate().toISOString(), '2019-01-04T23:00:00.000Z');
  assert.ok(
    isWeekend(saturdayInTokyo) && atTime('8:00')(saturdayInTokyo) && onDate({ month: 1, day: 5 })(saturdayInTokyo),
  );
  assert.equal(saturdayInTokyo.timeZone, 'Asia/Tokyo');
});

test('a filter still is a function that can be called, bound and applied as any other', () => {
  assert.equal(isWeekday.call(undefined, zoned('2019-01-04')), true);
});

const wrong: [make: () => unknown, code: string, message: string][] = [
  [
    () => atTime('24:00'),
    'INVALID_OPTION',
    `atTime should be given a time of day like '9:30' or '23:59:59'; got '24:00'`,
  ],
  [
    () => betweenTimes('9:00', 17 as unknown as string),
    'INVALID_OPTION',
    `betweenTimes should be given a time of day like '9:30' or '23:59:59'; got 17`,
  ],
  [
    () => isDayOfWeek(7),
    'INVALID_OPTION',
    'isDayOfWeek should be given a day from 0 for Sunday to 6 for Saturday; got 7',
  ],
  [() => onDateTime(new Date('x')), 'INVALID_OPTION', 'onDateTime should be given a valid Date; got an Invalid Date'],
  [
    () => onDate({ month: 13, day: 1 }),
    'INVALID_OPTION',
    `option 'month' of onDate should be a month from 1 to 12; got 13`,
  ],
  [
    () => onDate({ month: 12 } as { month: number; day: number }),
    'INVALID_OPTION',
    'onDate should be given a date like { month: 12, day: 24 }; got { month: 12 }',
  ],
  [
    () => onDate({ month: 2, day: 30 }),
    'SCHEDULE_NEVER_FIRES',
    'onDate was given a date that never comes: 30 February',
  ],
  [
    () => betweenDates({ month: 4, day: 31 }, july),
    'SCHEDULE_NEVER_FIRES',
    'betweenDates was given a date that never comes: 31 April',
  ],
  [
    () => betweenDateTimes(at('2020-01-02'), at('2020-01-01')),
    'SCHEDULE_NEVER_FIRES',
    `betweenDateTimes('2020-01-02T00:00:00.000Z', '2020-01-01T00:00:00.000Z') lets no time pass: ` +
      'it ends before it begins',
  ],
];

for (const [make, code, message] of wrong) {
  test(`a filter is refused when it is made: ${message}`, () => {
    assert.throws(make, { name: 'TypeError', code, message });
  });
}
