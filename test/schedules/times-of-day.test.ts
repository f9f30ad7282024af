import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RRuleClock } from '../../src/schedules/rrule-clock.ts';
import type { RuleText } from '../../src/schedules/rrule-text.ts';
import { TimesOfDay } from '../../src/schedules/times-of-day.ts';
import { at, short, times } from './fixtures.ts';

const dayMs = 86_400_000;

function onDay(rule: string, { start, day }: { start: string; day: string }): string[] | undefined {
  const parts: RuleText = new Map(rule.split(';').map((part) => part.split('=') as [string, string]));
  const found = TimesOfDay.of(parts, at(start).getTime())?.on(at(day).getTime());
  return found && [...found].map((time) => short(new Date(time)).slice(11));
}

const start = '2019-01-01T00:15';
const cases: [rule: string, expected: string[]][] = [
  ['FREQ=HOURLY;INTERVAL=8', ['00:15', '08:15', '16:15']],
  ['FREQ=HOURLY;INTERVAL=8;BYHOUR=7,8', ['08:15']],
  ['FREQ=HOURLY;INTERVAL=12;BYMINUTE=40,20', ['00:20', '00:40', '12:20', '12:40']],
  ['FREQ=HOURLY;INTERVAL=12;BYMINUTE=0,20,40;BYSETPOS=1,-1', ['00:00', '00:40', '12:00', '12:40']],
  ['FREQ=MINUTELY;INTERVAL=90;BYMINUTE=15;BYHOUR=3,4,6', ['03:15', '06:15']],
  ['FREQ=MINUTELY;BYHOUR=3;BYMINUTE=7;BYSECOND=1,2', ['03:07:01', '03:07:02']],
  ['FREQ=SECONDLY;BYHOUR=9;BYMINUTE=30;BYSECOND=15', ['09:30:15']],
  ['FREQ=HOURLY;BYSETPOS=2', []],
];

for (const [rule, expected] of cases) {
  test(`${rule} has on a day ${expected.join(', ') || 'no times'}`, () => {
    assert.deepEqual(onDay(rule, { start, day: '2019-01-03' }), expected);
  });
}

test('a rule of days or longer periods has no such times', () => {
  assert.equal(onDay('FREQ=DAILY', { start, day: '2019-01-03' }), undefined);
});

test('rules of hours and minutes fire on every step that their choices let pass, and never if there is none', () => {
  const anyRule = fc.record({
    unit: fc.constantFrom({ name: 'HOURLY', length: 3_600_000 }, { name: 'MINUTELY', length: 60_000 }),
    interval: fc.integer({ min: 1, max: 200 }),
    hours: fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 4 }),
    minute: fc.nat(1_439),
    count: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(anyRule, ({ unit, interval, hours, minute, count }) => {
      const first = at('2019-01-01').getTime() + minute * 60_000;
      const expected: string[] = [];
      // Within 200 days, steps of at most 200 hours come to every time of day that they ever come to.
      for (let time = first; time < first + 200 * dayMs && expected.length < count; time += interval * unit.length) {
        if (hours.includes(new Date(time).getUTCHours())) expected.push(short(new Date(time)));
      }

      const text = `FREQ=${unit.name};INTERVAL=${interval};BYHOUR=${hours.join(',')};COUNT=${count}`;
      const make = () => new RRuleClock(text, { start: new Date(first) });

      if (expected.length === 0) assert.throws(make, { code: 'SCHEDULE_NEVER_FIRES' });
      else assert.deepEqual(times(make(), { after: at('2018-01-01'), count: expected.length }), expected);
    }),
  );
});
