// Filters that pass few of the times that their clocks propose.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DatesClock } from '../../src/schedules/dates-clock.ts';
import { atTime, betweenTimes, isMonthEnd, isWeekday, onDate, onDateTime } from '../../src/schedules/filters.ts';
import { IntervalClock } from '../../src/schedules/interval-clock.ts';
import { Schedule } from '../../src/schedules/schedule.ts';
import type { ScheduleOptions } from '../../src/schedules/schedule.ts';
import { at } from './fixtures.ts';

const january = at('2019-01-01');
const seconds = new IntervalClock({ every: '5s', timeZone: 'Europe/Paris' });
const rare: readonly [what: string, options: Omit<ScheduleOptions, 'clocks'>, after: string, expected: string][] = [
  ['office hours', { filters: [betweenTimes('9:00', '17:00')] }, '2024-01-01T17:00', '2024-01-02T08:00:00.000Z'],
  ['the end of a month', { filters: [isMonthEnd] }, '2024-02-01', '2024-02-28T23:00:00.000Z'],
  ['a time of day', { filters: [atTime('14:30:15')] }, '2024-01-01T13:31', '2024-01-02T13:30:15.000Z'],
  [
    'one of two times',
    { orFilters: [atTime('3:00'), atTime('4:00')] },
    '2024-01-01T02:00:01',
    '2024-01-01T03:00:00.000Z',
  ],
  ['no weekday', { notFilters: [isWeekday] }, '2024-01-07T23:00', '2024-01-12T23:00:00.000Z'],
  ['a leap day', { filters: [onDate({ month: 2, day: 29 })] }, '2024-03-01', '2028-02-28T23:00:00.000Z'],
  ['moments', { filters: [onDateTime(new Date('2029-05-05'))] }, '2024-01-01', '2029-05-05T00:00:00.000Z'],
  [
    'an hour that is there twice',
    { filters: [betweenTimes('2:00', '2:10')] },
    '2024-10-27T00:11',
    '2024-10-27T01:00:00.000Z',
  ],
  [
    'an hour that is not there',
    { filters: [betweenTimes('2:00', '2:10')] },
    '2024-03-31T00:00',
    '2024-04-01T00:00:00.000Z',
  ],
];

for (const [what, options, after, expected] of rare) {
  test(`a clock that fires every five seconds is searched for what its filters pass, however rare: ${what}`, () => {
    const [next] = new Schedule({ clocks: [seconds], ...options }).next(1, { after: new Date(`${after}Z`) });

    assert.equal(next?.startTime.toISOString(), expected);
  });
}

test('leaving out what cannot pass finds the same times as looking at all, on the days when clocks are set too', () => {
  const days = fc
    .integer({ min: 0, max: 86_399 })
    .map((second) => new Date(second * 1_000).toISOString().slice(11, 19));
  const start = fc
    .constantFrom('2024-03-30T20:00Z', '2024-10-26T20:00Z', '2024-06-30T20:00Z')
    .map((text) => new Date(text));
  fc.assert(
    fc.property(days, days, start, fc.boolean(), (from, to, after, isNot) => {
      const filter = betweenTimes(from, to);
      const clocks = [new IntervalClock({ every: '7m', timeZone: 'Europe/Paris' })];
      const known = new Schedule({ clocks, ...(isNot ? { notFilters: [filter] } : { filters: [filter] }) });
      const asked = new Schedule({ clocks, filters: [(time) => filter(time) !== isNot] });

      // Who looks at all of them does not look as far.
      const found = asked.next(100, { after });
      assert.deepEqual(known.next(found.length, { after }), found);
    }),
  );
});

test('a search that ends without an event says from when on to ask again', () => {
  const clocks = [new IntervalClock({ every: '5s' })];
  const schedule = new Schedule({ clocks, filters: [({ day }) => day === 3] });

  assert.deepEqual(schedule.next(1, { after: january }), []);
  const until = schedule.quietUntil(january)!;
  assert.equal(until.getTime() - january.getTime(), 10_001 * 5_000);
  assert.equal(new Schedule({ clocks: [new DatesClock([january])] }).quietUntil(january), undefined);
  const wrong = [0, undefined, new Date(Number.NaN)] as unknown as Date[];
  for (const after of wrong) assert.throws(() => schedule.quietUntil(after), { code: 'INVALID_OPTION' });
});
