import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/lib/heddle-error.ts';
import { CronClock } from '../../src/schedules/cron-clock.ts';
import { anyMoment, at, take, times, timeZones, walls } from './fixtures.ts';

const newYork = 'America/New_York';

test('a daily cron fires at each midnight after the moment asked for', () => {
  assert.deepEqual(times(new CronClock('0 0 * * *'), { after: at('2018-01-01'), count: 3 }), [
    '2018-01-02T00:00',
    '2018-01-03T00:00',
    '2018-01-04T00:00',
  ]);
});

test('an hourly cron follows the wall when clocks are set forward', () => {
  const after = at('2018-03-10T23:00', newYork);
  const clock = new CronClock('0 * * * *', { timeZone: newYork });

  assert.deepEqual(
    walls(clock, { after }).map(({ hour }) => hour),
    [0, 1, 3, 4],
  );
  assert.deepEqual(
    times(clock, { after }).map((time) => time.slice(11)),
    ['05:00', '06:00', '07:00', '08:00'],
  );
});

test('an hourly cron fires once for each hour on the wall when clocks are set back [P367]', () => {
  const after = at('2018-11-03T23:00', newYork);
  const clock = new CronClock('0 * * * *', { timeZone: newYork });

  assert.deepEqual(
    walls(clock, { after }).map(({ hour }) => hour),
    [0, 1, 2, 3],
  );
  assert.deepEqual(
    times(clock, { after }).map((time) => time.slice(11)),
    ['04:00', '06:00', '07:00', '08:00'],
  );
});

test('an hour that is shown twice still fires when asked from within its first showing', () => {
  const clock = new CronClock('0 * * * *', { timeZone: newYork });

  assert.deepEqual(times(clock, { after: at('2018-11-04T05:30'), count: 2 }), ['2018-11-04T06:00', '2018-11-04T07:00']);
});

test('a time that is skipped fires as the gap ends, and once', () => {
  const clock = new CronClock('10,20,30 2 * * *', { timeZone: newYork });

  assert.deepEqual(times(clock, { after: at('2018-03-10T12:00'), count: 2 }), ['2018-03-11T07:00', '2018-03-12T06:10']);
});

test('a weekly midnight that is skipped fires at 1:00, and the search ends [P368]', () => {
  const after = at('2022-08-21T10:00', 'America/Santiago');
  const clock = new CronClock('0 0 * * 0', { timeZone: 'America/Santiago' });

  const shown = walls(clock, { after }).map(({ day, hour }) => [day, hour]);

  assert.deepEqual(shown, [
    [28, 0],
    [4, 0],
    [11, 1],
    [18, 0],
  ]);
});

test('a start that does not fit the cron does not fire: the first event is the next midnight [P369]', () => {
  const clock = new CronClock('0 0 * * *', { start: at('2050-01-01T06:00') });

  assert.deepEqual(times(clock, { after: at('2020-01-01'), count: 1 }), ['2050-01-02T00:00']);
  assert.deepEqual(times(clock, { after: at('2050-01-01T07:00'), count: 1 }), ['2050-01-02T00:00']);
});

test('a start that fits the cron fires, to the millisecond', () => {
  const aligned = new CronClock('0 0 * * *', { start: at('2050-01-01') });
  const late = new CronClock('0 0 * * *', { start: new Date(at('2050-01-01').getTime() + 1) });

  assert.deepEqual(times(aligned, { after: at('2020-01-01'), count: 1 }), ['2050-01-01T00:00']);
  assert.deepEqual(times(late, { after: at('2020-01-01'), count: 1 }), ['2050-01-02T00:00']);
});

test('the end may fire, and nothing fires after it', () => {
  const clock = new CronClock('0 0 * * *', { start: at('2050-01-01'), end: at('2050-01-02') });

  assert.deepEqual(times(clock, { after: at('2020-01-01') }), ['2050-01-01T00:00', '2050-01-02T00:00']);
});

test('dayOr: false wants the day of the month and the day of the week, so fires once a month [P370]', () => {
  const clock = new CronClock('0 0 1-7 * 2', { dayOr: false });

  assert.deepEqual(times(clock, { after: at('2020-01-01') }), [
    '2020-01-07T00:00',
    '2020-02-04T00:00',
    '2020-03-03T00:00',
    '2020-04-07T00:00',
  ]);
});

test('by default the day of the month or the day of the week will do', () => {
  const clock = new CronClock('0 0 3 * 2');

  assert.deepEqual(times(clock, { after: at('2020-01-01'), count: 3 }), [
    '2020-01-03T00:00',
    '2020-01-07T00:00',
    '2020-01-14T00:00',
  ]);
});

test('names of days, of months and of whole patterns are understood', () => {
  assert.deepEqual(times(new CronClock('0 9 * MAR MON-FRI'), { after: at('2020-01-01'), count: 1 }), [
    '2020-03-02T09:00',
  ]);
  assert.deepEqual(times(new CronClock(' @monthly '), { after: at('2020-01-01'), count: 1 }), ['2020-02-01T00:00']);
});

const forms = `as in '*', '5', '1-5', '1,3', '*/5'`;
const names = 'minute, hour, day of the month, month, day of the week';
const wrong: [cron: unknown, message: string][] = [
  ['*', `should have 5 fields (${names}) or be a name like '@daily'; got '*'`],
  ['', `should have 5 fields (${names}) or be a name like '@daily'; got ''`],
  ['hello world', `should have 5 fields (${names}) or be a name like '@daily'; got 'hello world'`],
  ['@reboot', `should have 5 fields (${names}) or be a name like '@daily'; got '@reboot'`],
  [
    '*/5 * * * * *',
    `should have 5 fields (${names}), got 6: '*/5 * * * * *'. ` +
      'For times that are less than a minute apart, take an IntervalClock.',
  ],
  [1, `should be a text like '0 9 * * 1-5'; got 1`],
  [undefined, `should be a text like '0 9 * * 1-5'; got undefined`],
  ['60 * * * *', `should have as minute what fits 0–59, ${forms}; got '60' in '60 * * * *'`],
  ['0 24 * * *', `should have as hour what fits 0–23, ${forms}; got '24' in '0 24 * * *'`],
  ['* * 32 1 1', `should have as day of the month what fits 1–31, ${forms}; got '32' in '* * 32 1 1'`],
  ['0 0 1 13 *', `should have as month what fits 1–12 or JAN–DEC, ${forms}; got '13' in '0 0 1 13 *'`],
  ['0 0 * * 8', `should have as day of the week what fits 0–7 or SUN–SAT, ${forms}; got '8' in '0 0 * * 8'`],
];

for (const [cron, message] of wrong) {
  test(`a cron text of ${JSON.stringify(cron)} is refused, by the field that is wrong [P371]`, () => {
    assert.throws(() => new CronClock(cron as string), {
      name: 'TypeError',
      code: 'INVALID_CRON',
      message: `the cron text of CronClock ${message}`,
    });
  });
}

test('a date that no year has is refused, since the clock would never fire', () => {
  const message = (cron: string) => `CronClock '${cron}' never fires: no time fits it`;

  assert.throws(() => new CronClock('0 0 30 2 *'), { code: 'SCHEDULE_NEVER_FIRES', message: message('0 0 30 2 *') });
  assert.throws(() => new CronClock('0 0 31 4,6 *'), { code: 'SCHEDULE_NEVER_FIRES' });
  assert.throws(() => new CronClock('0 0 29 2 *', { start: at('2021-01-01'), end: at('2023-12-31') }), {
    code: 'SCHEDULE_NEVER_FIRES',
    message: `${message('0 0 29 2 *')} from 2021-01-01T00:00:00.000Z until 2023-12-31T00:00:00.000Z`,
  });
  assert.deepEqual(times(new CronClock('0 0 29 2 *'), { after: at('2021-01-01'), count: 1 }), ['2024-02-29T00:00']);
});

test('whatever text it is given, a clock is made or the error is a usage error', () => {
  const field = fc.stringMatching(/^[-0-9*/,?LW#A-F+]{1,5}$/);
  fc.assert(
    fc.property(fc.array(field, { minLength: 4, maxLength: 6 }), (fields) => {
      try {
        take(new CronClock(fields.join(' ')).events(at('2020-01-01')), 2);
      } catch (error) {
        assert.ok(error instanceof UsageError);
      }
    }),
  );
});

test('an hourly cron fires at every hour that the wall shows, each once', () => {
  fc.assert(
    fc.property(fc.constantFrom(...timeZones), anyMoment, (timeZone, after) => {
      const shown = walls(new CronClock('0 * * * *', { timeZone }), { after, count: 60 });

      const hours = shown.map((time) => `${time.year}-${time.month}-${time.day} ${time.hour}`);
      assert.equal(new Set(hours).size, 60);
      for (const [index, time] of shown.slice(1).entries()) {
        const elapsed = time.moment - shown[index]!.moment;
        assert.ok(elapsed >= 1_800_000 && elapsed <= 7_200_000, `${elapsed} ms between two events`);
      }
    }),
  );
});
