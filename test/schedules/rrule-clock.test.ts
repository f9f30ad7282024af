import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RRuleClock } from '../../src/schedules/rrule-clock.ts';
import { at, times, walls } from './fixtures.ts';

const newYork = 'America/New_York';

test('a rule alone begins with its start option, or else with 2019', () => {
  assert.deepEqual(times(new RRuleClock('FREQ=DAILY'), { after: at('2000-01-01'), count: 1 }), ['2019-01-01T00:00']);
  const clock = new RRuleClock('RRULE:FREQ=DAILY;COUNT=2', { start: at('2020-05-05T09:30') });
  assert.deepEqual(times(clock, { after: at('2000-01-01') }), ['2020-05-05T09:30', '2020-05-06T09:30']);
});

test('a rule long after its start is as quick as at its start, and keeps its step', () => {
  const clock = new RRuleClock('DTSTART:20180101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=7');

  assert.deepEqual(times(clock, { after: at('2038-01-01'), count: 2 }), ['2038-01-01T00:00:04', '2038-01-01T00:00:11']);
});

test('start and end bound the times of a rule with its own DTSTART, and may fire', () => {
  const text = 'DTSTART:20180101T000000Z\nRRULE:FREQ=HOURLY';
  const clock = new RRuleClock(text, { start: at('2020-01-01'), end: at('2020-01-01T02:00') });

  assert.deepEqual(times(clock, { after: at('2000-01-01') }), [
    '2020-01-01T00:00',
    '2020-01-01T01:00',
    '2020-01-01T02:00',
  ]);
});

test('dates are added and taken away', () => {
  const lines = [
    'DTSTART:20200101T090000',
    'RRULE:FREQ=DAILY;COUNT=3',
    'RDATE:20200101T120000',
    'EXDATE:20200102T090000',
  ];

  assert.deepEqual(times(new RRuleClock(lines.join('\n')), { after: at('2000-01-01') }), [
    '2020-01-01T09:00',
    '2020-01-01T12:00',
    '2020-01-03T09:00',
  ]);
});

test('a rule follows the wall of its TZID through daylight saving', () => {
  const clock = new RRuleClock('DTSTART;TZID=America/New_York:20180308T090000\nRRULE:FREQ=DAILY');

  assert.equal(clock.timeZone, newYork);
  assert.deepEqual(
    walls(clock, { after: at('2018-01-01') }).map(({ hour }) => hour),
    [9, 9, 9, 9],
  );
});

test('times that end in Z are moments, also where the rule is in a zone', () => {
  const text = 'DTSTART:20200101T140000Z\nRRULE:FREQ=DAILY;UNTIL=20200103T140000Z\nEXDATE:20200102T140000Z';
  const clock = new RRuleClock(text, { timeZone: newYork });

  assert.deepEqual(times(clock, { after: at('2000-01-01') }), ['2020-01-01T14:00', '2020-01-03T14:00']);
});

test('the time of UNTIL is one of the rule, also at midnight', () => {
  const clock = new RRuleClock('DTSTART:20200101T000000Z\nRRULE:FREQ=HOURLY;INTERVAL=12;UNTIL=20200102T000000Z');

  const expected = ['2020-01-01T00:00', '2020-01-01T12:00', '2020-01-02T00:00'];
  assert.deepEqual(times(clock, { after: at('2000-01-01') }), expected);
});

const rules: [rule: string, expected: string[]][] = [
  ['FREQ=MONTHLY;BYDAY=-1FR', ['2019-01-25T00:00', '2019-02-22T00:00']],
  ['FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,SU', ['2019-01-06T00:00', '2019-01-21T00:00']],
  ['freq=yearly;bymonth=2;bymonthday=29', ['2020-02-29T00:00', '2024-02-29T00:00']],
  // Every 16 steps of an hour and a half are a day, and the sixth of them is 9:00.
  ['FREQ=MINUTELY;INTERVAL=90;BYHOUR=9', ['2019-01-01T09:00', '2019-01-02T09:00']],
  ['FREQ=HOURLY;INTERVAL=5;BYHOUR=1;COUNT=2', ['2019-01-02T01:00', '2019-01-07T01:00']],
  ['FREQ=SECONDLY;BYHOUR=9;BYMINUTE=30;BYSECOND=15', ['2019-01-01T09:30:15', '2019-01-02T09:30:15']],
];

for (const [rule, expected] of rules) {
  test(`${rule} fires at ${expected.join(' and ')}`, () => {
    assert.deepEqual(times(new RRuleClock(rule), { after: at('2000-01-01'), count: 2 }), expected);
  });
}

const never = [
  'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=HOURLY;INTERVAL=2;BYHOUR=1',
  'FREQ=MINUTELY;INTERVAL=120;BYHOUR=9',
  'FREQ=DAILY;BYSETPOS=2',
  'FREQ=DAILY;UNTIL=20180101',
];

for (const rule of never) {
  test(`${rule} is refused, since it would never fire; and the search for its times ends`, () => {
    assert.throws(() => new RRuleClock(rule), {
      name: 'TypeError',
      code: 'SCHEDULE_NEVER_FIRES',
      message: `RRuleClock '${rule}' never fires: no time fits it`,
    });
  });
}

const wrong: [text: unknown, message: string][] = [
  [42, `should be a text like 'FREQ=WEEKLY;BYDAY=MO,WE'; got 42`],
  ['', `should be a text like 'FREQ=WEEKLY;BYDAY=MO,WE'; got ''`],
  [
    'FREQ=DALY',
    `should have as FREQ YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY; got 'DALY' in 'FREQ=DALY'`,
  ],
  ['COUNT=2', `should have a FREQ (YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY or SECONDLY); got 'COUNT=2'`],
  ['FREQ=DAILY;BYMONTH=13', `should have as BYMONTH months from 1 to 12; got '13' in 'FREQ=DAILY;BYMONTH=13'`],
  ['FREQ=DAILY;BYHOUR=25', `should have as BYHOUR hours from 0 to 23; got '25' in 'FREQ=DAILY;BYHOUR=25'`],
  ['FREQ=DAILY;INTERVAL=0', `should have as INTERVAL a whole number, 1 or more; got '0' in 'FREQ=DAILY;INTERVAL=0'`],
  ['FREQ=WEEKLY;BYDAY=XX', `should have as BYDAY days like 'MO,WE' or '-1FR'; got 'XX' in 'FREQ=WEEKLY;BYDAY=XX'`],
  [
    'FREQ=WEEKLY;BYDAY=1MO',
    `should count days, as in BYDAY=1MO, only with FREQ=MONTHLY or FREQ=YEARLY; got 'FREQ=WEEKLY;BYDAY=1MO'`,
  ],
  ['FREQ=DAILY;FREQ=DAILY', `should have one FREQ; got 'FREQ=DAILY;FREQ=DAILY'`],
  ['EXRULE:FREQ=DAILY', `should be made of DTSTART, RRULE, RDATE and EXDATE; got 'EXRULE' in 'EXRULE:FREQ=DAILY'`],
  ['DTSTART:20200101', `should have an RRULE or an RDATE; got 'DTSTART:20200101'`],
  ['RDATE:20190230', `should have as RDATE a time like '20250131T090000'; got '20190230' in 'RDATE:20190230'`],
  ['RDATE;VALUE=PERIOD:20190101', `should have no ';VALUE=PERIOD' at RDATE; got 'RDATE;VALUE=PERIOD:20190101'`],
  ['RRULE;TZID=UTC:FREQ=DAILY', `should have no ';TZID=UTC' at RRULE; got 'RRULE;TZID=UTC:FREQ=DAILY'`],
  ['RDATE;TZID=Mars/X:20190101', `should have as TZID a time zone like 'UTC' or 'Europe/Paris'; got 'Mars/X'`],
];

for (const [text, message] of wrong) {
  test(`a rule of ${JSON.stringify(text)} is refused with what was expected and what came`, () => {
    assert.throws(() => new RRuleClock(text as string), {
      name: 'TypeError',
      code: 'INVALID_RRULE',
      message: `the rule of RRuleClock ${message}`,
    });
  });
}

test('a TZID that is not the zone of the option is refused', () => {
  const text = 'DTSTART;TZID=Europe/Paris:20200101T090000\nRRULE:FREQ=DAILY';

  assert.throws(() => new RRuleClock(text, { timeZone: newYork }), {
    code: 'INVALID_RRULE',
    message: `the rule of RRuleClock should have the time zone of its option, '${newYork}'; got TZID=Europe/Paris`,
  });
});
