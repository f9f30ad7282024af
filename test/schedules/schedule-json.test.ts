import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { add, nextWeekday } from '../../src/schedules/adjustments.ts';
import type { Clock } from '../../src/schedules/clock.ts';
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
import { IntervalClock } from '../../src/schedules/interval-clock.ts';
import { RRuleClock } from '../../src/schedules/rrule-clock.ts';
import { Schedule } from '../../src/schedules/schedule.ts';
import { scheduleFromJson } from '../../src/schedules/schedule-json.ts';
import { anyClock, anyMoment, at } from './fixtures.ts';

const hourly = new IntervalClock({ every: '1h' });

test('a schedule of any clocks that went through JSON has the same events, daylight saving included [P381]', () => {
  fc.assert(
    fc.property(fc.array(anyClock, { minLength: 1, maxLength: 3 }), anyMoment, (clocks, after) => {
      const schedule = new Schedule({ clocks, adjustments: [add('1d')] });

      const loaded = throughJson(schedule);

      assert.deepEqual(loaded.next(20, { after }), schedule.next(20, { after }));
    }),
  );
});

test('a schedule that went through JSON has the same filters, adjustments and parameters [P381]', () => {
  const schedule = new Schedule({
    clocks: [new IntervalClock({ every: '1h', parameters: { day: 'monday', sizes: [1, 2] } })],
    filters: [isWeekday, betweenTimes('9:00', '17:00')],
    orFilters: [atTime('9:00'), betweenDates({ month: 11, day: 1 }, { month: 2, day: 1 }), isMonthEnd, isMonthStart],
    notFilters: [
      isDayOfWeek(3),
      isWeekend,
      onDate({ month: 12, day: 24 }),
      onDateTime(at('2019-02-01T09:00')),
      betweenDateTimes(at('2019-03-01'), at('2019-03-05')),
    ],
    adjustments: [nextWeekday, add('90m')],
  });

  const loaded = throughJson(schedule);

  assert.deepEqual(loaded.next(300, { after: at('2019-01-01') }), schedule.next(300, { after: at('2019-01-01') }));
  assert.equal(JSON.stringify(loaded), JSON.stringify(schedule));
});

test('functions and clocks of the user cannot be written, and are not lost in silence', () => {
  const remedy = 'Only the clocks, filters and adjustments that come with Heddle can.';
  const isLucky = () => true;
  const clock: Clock = { timeZone: 'UTC', events: () => [] };

  assert.throws(() => JSON.stringify(new Schedule({ clocks: [hourly], filters: [isLucky] })), {
    name: 'TypeError',
    code: 'SCHEDULE_NOT_SERIALIZABLE',
    message: `the function isLucky of this Schedule cannot be written as JSON. ${remedy}`,
  });
  assert.throws(() => JSON.stringify(new Schedule({ clocks: [clock] })), {
    code: 'SCHEDULE_NOT_SERIALIZABLE',
    message: `clock an object of this Schedule cannot be written as JSON. ${remedy}`,
  });
});

test('parameters that JSON makes something else of are not written either', () => {
  for (const day of [new Date(0), undefined, Number.NaN, { at: [1n] }, new Map()]) {
    const clock = new IntervalClock({ every: '1h', parameters: { sizes: [1], day } });

    assert.throws(() => JSON.stringify(new Schedule({ clocks: [clock] })), {
      code: 'SCHEDULE_NOT_SERIALIZABLE',
      message: /^parameter 'day' of a clock cannot be written as JSON/,
    });
  }
});

test('a zone that has two names is the same in a rule and in what was written of it', () => {
  const clock = new RRuleClock('DTSTART;TZID=Asia/Kolkata:20200101T090000\nRRULE:FREQ=DAILY');
  const schedule = new Schedule({ clocks: [clock] });

  const loaded = throughJson(schedule);

  assert.deepEqual(loaded.next(2, { after: at('2024-01-01') }), schedule.next(2, { after: at('2024-01-01') }));
});

const wrong: [json: unknown, message: string][] = [
  [null, 'a schedule; got null'],
  [{ clocks: '@daily' }, `an array of clocks; got '@daily'`],
  [{ clocks: [{ type: 'sun' }] }, `the type of a clock: 'interval', 'cron', 'dates' or 'rrule'; got 'sun'`],
  [{ clocks: [], filters: [{ name: 'constructor' }] }, `the name of a filter; got 'constructor'`],
  [{ clocks: [], adjustments: [{ name: 'subtract' }] }, `the name of an adjustment; got 'subtract'`],
];

for (const [json, message] of wrong) {
  test(`JSON of ${JSON.stringify(json)} is refused`, () => {
    assert.throws(() => scheduleFromJson(json), {
      name: 'TypeError',
      code: 'INVALID_OPTION',
      message: `the JSON of a Schedule should have ${message}`,
    });
  });
}

test('JSON is checked as what a program gives', () => {
  assert.throws(() => scheduleFromJson({ clocks: [{ type: 'cron', cron: '0 25 * * *' }] }), { code: 'INVALID_CRON' });
  assert.throws(() => scheduleFromJson({ clocks: [{ type: 'interval', every: 5, start: 7 }] }), {
    message: `option 'start' of IntervalClock should be a valid Date; got an Invalid Date`,
  });
});

function throughJson(schedule: Schedule): Schedule {
  return scheduleFromJson(JSON.parse(JSON.stringify(schedule)));
}
