import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { add, nextWeekday } from '../../src/schedules/adjustments.ts';
import type { Adjustment } from '../../src/schedules/adjustments.ts';
import type { ScheduledEvent } from '../../src/schedules/clock.ts';
import { CronClock } from '../../src/schedules/cron-clock.ts';
import { DatesClock } from '../../src/schedules/dates-clock.ts';
import {
  atTime,
  betweenDates,
  betweenTimes,
  isMonthStart,
  isDayOfWeek,
  isWeekday,
} from '../../src/schedules/filters.ts';
import type { Filter } from '../../src/schedules/filters.ts';
import { IntervalClock } from '../../src/schedules/interval-clock.ts';
import { Schedule } from '../../src/schedules/schedule.ts';
import type { ScheduleOptions } from '../../src/schedules/schedule.ts';
import { anyClock, anyMoment, at, short, take } from './fixtures.ts';

const hourly = new IntervalClock({ every: '1h' });
const january = at('2019-01-01');

test('the next events of a schedule are those of its clock after the moment asked for', () => {
  const schedule = new Schedule({ clocks: [new IntervalClock({ every: '1d' })] });

  assert.deepEqual(starts(schedule.next(2, { after: january })), ['2019-01-02T00:00', '2019-01-03T00:00']);
  assert.deepEqual(schedule.next(0, { after: january }), []);
});

test('clocks that overlap are taken together, and what both propose is one event [P372]', () => {
  const later = new IntervalClock({ every: '12h', start: at('2019-01-03') });
  const schedule = new Schedule({ clocks: [new IntervalClock({ every: '1d' }), later] });

  assert.deepEqual(starts(schedule.next(6, { after: january })), [
    '2019-01-02T00:00',
    '2019-01-03T00:00',
    '2019-01-03T12:00',
    '2019-01-04T00:00',
    '2019-01-04T12:00',
    '2019-01-05T00:00',
  ]);
});

test('events at one time with different parameters are two, in the order of their clocks [P373]', () => {
  const daily = new IntervalClock({ every: '1d', parameters: { x: 0 } });
  const halfDaily = new IntervalClock({ every: '12h', parameters: { x: 1 } });
  const schedule = new Schedule({ clocks: [daily, halfDaily] });

  const events = schedule.next(6, { after: january });

  assert.deepEqual(
    events.map(({ parameters }) => parameters['x']),
    [1, 0, 1, 1, 0, 1],
  );
  assert.deepEqual(starts(events), [
    '2019-01-01T12:00',
    '2019-01-02T00:00',
    '2019-01-02T00:00',
    '2019-01-02T12:00',
    '2019-01-03T00:00',
    '2019-01-03T00:00',
  ]);
});

test('equal parameters make one event of several, also with a different one between [P373]', () => {
  const clocks = [1, 2, 1].map((a) => new DatesClock([at('2020-03-01')], { parameters: { a } }));

  const events = new Schedule({ clocks }).next(9, { after: january });

  assert.deepEqual(
    events.map(({ parameters }) => parameters),
    [{ a: 1 }, { a: 2 }],
  );
});

test('filters that contradict each other are refused, by their names [P374]', () => {
  const filters = [betweenTimes('9:00', '10:00'), betweenTimes('15:00', '16:00')];
  const names = [`betweenTimes('9:00', '10:00')`, `betweenTimes('15:00', '16:00')`];

  assert.throws(() => new Schedule({ clocks: [hourly], filters }), {
    name: 'TypeError',
    code: 'SCHEDULE_NEVER_FIRES',
    message: `this Schedule never fires: no time passes ${names.join(' and ')}`,
  });
});

test('functions that contradict each other, which nobody can see, end the search without an event [P374]', () => {
  const filters: Filter[] = [({ hour }) => hour === 9, ({ hour }) => hour === 15];
  let asked = 0;
  const counted: Filter = () => (asked += 1) > 0;

  assert.deepEqual(new Schedule({ clocks: [hourly], filters: [counted, ...filters] }).next(6, { after: january }), []);

  assert.equal(asked, 10_000);
});

const weekdaysAtNineAndThree: ScheduleOptions = {
  clocks: [hourly],
  filters: [isWeekday],
  orFilters: [betweenTimes('9:00', '9:00'), betweenTimes('15:00', '15:00')],
  notFilters: [betweenDates({ month: 1, day: 8 }, { month: 1, day: 8 })],
};

for (const [adjustments, hours] of [
  [[], ['09:00', '15:00']],
  [[add('3h')], ['12:00', '18:00']],
] as const) {
  test(`all filters, one of the others, none of the last, moved by ${adjustments.length} adjustments [P375]`, () => {
    const schedule = new Schedule({ ...weekdaysAtNineAndThree, adjustments });

    // The third of January was a Thursday.
    const days = ['2019-01-03', '2019-01-04', '2019-01-07', '2019-01-09'];
    const expected = days.flatMap((day) => hours.map((hour) => `${day}T${hour}`));
    assert.deepEqual(starts(schedule.next(8, { after: at('2019-01-03') })), expected);
  });
}

test('no clocks are no events, and clocks that are no list are refused [P380]', () => {
  const schedule = (clocks: unknown) => () => new Schedule({ clocks } as ScheduleOptions);

  assert.deepEqual(schedule([])().next(3, { after: january }), []);
  assert.throws(schedule(hourly), {
    name: 'TypeError',
    code: 'INVALID_OPTION',
    message: `option 'clocks' of Schedule should be an array; got an IntervalClock`,
  });
  for (const given of [hourly, [hourly]]) {
    assert.throws(() => new Schedule(given as never), {
      code: 'INVALID_OPTION',
      message: /^the options of Schedule should be \{ clocks: \[clock\] \}; got an (IntervalClock|array of 1)$/,
    });
  }
  assert.throws(schedule(undefined), { message: `option 'clocks' of Schedule should be an array; got undefined` });
  assert.throws(schedule([hourly, '@daily']), {
    code: 'INVALID_OPTION',
    message: `clocks[1] of Schedule should be a clock, with events() and a timeZone; got '@daily'`,
  });
});

test('clocks of different zones are ordered by the moments at which they fire [P382]', () => {
  const east = new CronClock('0 9 * * 1-5', { timeZone: 'America/New_York' });
  const west = new CronClock('30 6 * * 1-5', { timeZone: 'America/Los_Angeles' });

  const events = new Schedule({ clocks: [east, west] }).next(6, { after: at('2019-05-01') });

  const [fromEast, fromWest] = [east, west].map((clock) => take(clock.events(at('2019-05-01')), 3));
  assert.deepEqual(
    events,
    [0, 1, 2].flatMap((index) => [fromEast![index]!, fromWest![index]!]),
  );
});

test('a filter sees each time in the zone of the clock that proposed it', () => {
  const clocks = ['America/New_York', 'Asia/Tokyo'].map((timeZone) => new IntervalClock({ every: '1h', timeZone }));
  const schedule = new Schedule({ clocks, filters: [atTime('9:00')] });

  assert.deepEqual(starts(schedule.next(2, { after: january })), ['2019-01-01T14:00', '2019-01-02T00:00']);
});

test('a run that was moved to Monday is not lost to whoever asks on Sunday', () => {
  const schedule = new Schedule({
    clocks: [new CronClock('0 9 * * *')],
    filters: [isMonthStart],
    adjustments: [nextWeekday],
  });

  // The first of September 2019 was a Sunday.
  const expected = ['2019-09-02T09:00', '2019-10-01T09:00'];
  assert.deepEqual(starts(schedule.next(2, { after: at('2019-09-01T12:00') })), expected);
});

test('runs that are moved to one time are one run', () => {
  const schedule = new Schedule({ clocks: [new CronClock('0 9,10 * * *')], adjustments: [nextWeekday] });

  assert.deepEqual(starts(schedule.next(5, { after: at('2019-01-04T09:30') })), [
    '2019-01-04T10:00',
    '2019-01-07T09:00',
    '2019-01-07T10:00',
    '2019-01-08T09:00',
    '2019-01-08T10:00',
  ]);
});

test('an adjustment that moves back gives no event that is already past', () => {
  const anHourEarlier: Adjustment = (time) => new Date(time.moment - 3_600_000);
  const schedule = new Schedule({ clocks: [new CronClock('0 9 * * *')], adjustments: [anHourEarlier] });

  assert.deepEqual(starts(schedule.next(1, { after: at('2019-01-01T08:30') })), ['2019-01-02T08:00']);
});

test('clocks that end, and of which no time passes, are refused', () => {
  const clocks = [new DatesClock([at('2019-01-05'), at('2019-01-06')])];

  assert.throws(() => new Schedule({ clocks, filters: [isWeekday] }), {
    code: 'SCHEDULE_NEVER_FIRES',
    message: 'this Schedule never fires: no time of its clocks passes its filters',
  });
});

test('a filter or an adjustment that is called rather than given says what to write', () => {
  const called = [
    [isWeekday, 'isWeekday'],
    [nextWeekday, 'nextWeekday'],
    [isDayOfWeek(1), 'isDayOfWeek(…)'],
  ] as unknown as readonly (readonly [(time: unknown) => unknown, string])[];

  for (const [each, written] of called) {
    const message = `${written} was called without a time, which a Schedule gives it: write ${written}, with no () behind it`;
    assert.throws(() => each(undefined), { code: 'INVALID_OPTION', message });
  }
});

test('what is wrong is refused when the schedule is made', () => {
  const schedule = (options: object) => () => new Schedule({ clocks: [hourly], ...options });

  assert.throws(schedule({ filter: [] }), {
    code: 'UNKNOWN_OPTION',
    message: `Schedule has no option 'filter'. Did you mean 'filters'?`,
  });
  assert.throws(schedule({ filters: ['weekday'] }), {
    code: 'INVALID_OPTION',
    message: `filters[0] of Schedule should be a function; got 'weekday'`,
  });
  assert.throws(schedule({ notFilters: [isDayOfWeek] }), {
    code: 'INVALID_OPTION',
    message: `option 'notFilters' of Schedule should have what isDayOfWeek(…) returns; got isDayOfWeek itself`,
  });
  assert.throws(schedule({ adjustments: [add] }), {
    code: 'INVALID_OPTION',
    message: `option 'adjustments' of Schedule should have what add(…) returns; got add itself`,
  });
  assert.throws(schedule({ adjustments: [null] }), {
    code: 'INVALID_OPTION',
    message: 'adjustments[0] of Schedule should be a function; got null',
  });
});

test('a filter that promises an answer, and an adjustment without one, are refused when asked', () => {
  const later = (async () => false) as unknown as Filter;
  const nothing = (() => undefined) as unknown as Adjustment;

  assert.throws(() => new Schedule({ clocks: [hourly], filters: [later] }).next(1, { after: january }), {
    code: 'INVALID_OPTION',
    message: 'filter later should answer true or false; got a Promise',
  });
  assert.throws(() => new Schedule({ clocks: [hourly], adjustments: [nothing] }).next(1, { after: january }), {
    code: 'INVALID_OPTION',
    message: 'an adjustment should return a valid Date; got undefined',
  });
});

test('next() refuses a count that is none, and a moment that is none', () => {
  const schedule = new Schedule({ clocks: [hourly] });

  assert.throws(() => schedule.next(-1, { after: january }), {
    message: 'the count of next() should be a whole number, 0 or more; got -1',
  });
  const forgot = {
    code: 'INVALID_OPTION',
    option: 'after',
    message: `next() needs option 'after', a valid Date, as in next(1, { after: new Date() })`,
  };
  assert.throws(() => schedule.next(1, {} as { after: Date }), forgot);
  assert.throws(() => schedule.next(1, undefined as unknown as { after: Date }), forgot);
  assert.throws(() => schedule.next(1, { after: 'now' } as object as { after: Date }), {
    message: `option 'after' of next() should be a valid Date; got 'now'`,
  });
  assert.throws(() => schedule.next(1, { before: january } as object as { after: Date }), { code: 'UNKNOWN_OPTION' });
});

const anySchedule = fc
  .record({
    clocks: fc.array(anyClock, { maxLength: 3 }),
    filters: fc.subarray([isWeekday, betweenTimes('22:00', '11:00')]),
    notFilters: fc.subarray([isMonthStart]),
    adjustments: fc.array(fc.constantFrom(add('90m'), add('2d'), nextWeekday), { maxLength: 2 }),
  })
  .map((options) => {
    // A clock with a few dates may have none that pass, which is refused.
    const minutely = new IntervalClock({ every: '7m', start: at('2035-01-01') });
    return new Schedule({ ...options, clocks: [...options.clocks, minutely] });
  });

test('events of any schedule come after the moment asked for, strictly one after the other', () => {
  fc.assert(
    fc.property(anySchedule, anyMoment, (schedule, after) => {
      let last = after;
      for (const { startTime } of schedule.next(20, { after })) {
        assert.ok(startTime > last, `${startTime.toISOString()} after ${last.toISOString()}`);
        last = startTime;
      }
    }),
  );
});

test('to ask any schedule for one event more changes none of the others', () => {
  fc.assert(
    fc.property(anySchedule, anyMoment, fc.nat(20), (schedule, after, count) => {
      const more = schedule.next(count + 1, { after });

      assert.deepEqual(schedule.next(count, { after }), more.slice(0, count));
    }),
  );
});

test('whoever asks any schedule again, after one of its events, is told the same rest', () => {
  fc.assert(
    fc.property(anySchedule, anyMoment, fc.nat(9), (schedule, after, index) => {
      const events = schedule.next(10, { after });
      fc.pre(index < events.length);

      const rest = schedule.next(events.length - index - 1, { after: events[index]!.startTime });

      assert.deepEqual(rest, events.slice(index + 1));
    }),
  );
});

function starts(events: readonly ScheduledEvent[]): string[] {
  return events.map(({ startTime }) => short(startTime));
}
