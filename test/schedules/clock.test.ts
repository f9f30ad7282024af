import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CronClock } from '../../src/schedules/cron-clock.ts';
import { IntervalClock } from '../../src/schedules/interval-clock.ts';
import { anyClock, anyMoment, at, take } from './fixtures.ts';

test('events of any clock come after the moment asked for, strictly one after the other, within the bounds', () => {
  fc.assert(
    fc.property(anyClock, anyMoment, (clock, after) => {
      let last = after.getTime();
      for (const { startTime } of take(clock.events(after), 30)) {
        assert.ok(startTime.getTime() > last);
        last = startTime.getTime();
        assert.ok(clock.start === undefined || startTime >= clock.start);
        assert.ok(clock.end === undefined || startTime <= clock.end);
      }
    }),
  );
});

test('whoever asks any clock again, after one of its events, is told the same rest', () => {
  fc.assert(
    fc.property(anyClock, anyMoment, fc.nat(11), (clock, after, index) => {
      const events = take(clock.events(after), 20);
      fc.pre(index < events.length);

      const rest = take(clock.events(events[index]!.startTime), events.length - index - 1);

      assert.deepEqual(rest, events.slice(index + 1));
    }),
  );
});

test('nothing is computed that is not asked for: a clock without an end can be left at any time', () => {
  const [first] = new IntervalClock({ every: 1 }).events(at('2020-01-01'));

  assert.deepEqual(first, { startTime: new Date(at('2020-01-01').getTime() + 1), parameters: {} });
});

test('the parameters of a clock are given with each event, and cannot be changed through one', () => {
  const parameters = { path: 'a.csv' };
  const clock = new CronClock('@daily', { parameters });
  parameters.path = 'changed';

  const [event] = take(clock.events(at('2020-01-01')), 1);

  assert.deepEqual(event!.parameters, { path: 'a.csv' });
  assert.throws(() => Object.assign(event!.parameters, { path: 'b.csv' }), TypeError);
});

test('a moment that is none is refused when asked, not when the first event is taken', () => {
  const clock = new CronClock('@daily');

  const message = (got: string) => `'after' should be a valid Date; got ${got}`;
  assert.throws(() => clock.events(new Date('x')), { code: 'INVALID_OPTION', message: message('an Invalid Date') });
  assert.throws(() => clock.events('2020' as unknown as Date), { code: 'INVALID_OPTION', message: message(`'2020'`) });
});

const wrong: [options: object, code: string, message: string][] = [
  [{ tz: 'UTC' }, 'UNKNOWN_OPTION', `CronClock has no option 'tz'. Here it is 'timeZone'.`],
  [{ start_date: new Date() }, 'UNKNOWN_OPTION', `CronClock has no option 'start_date'. Here it is 'start'.`],
  [{ timezone: 'UTC' }, 'UNKNOWN_OPTION', `CronClock has no option 'timezone'. Did you mean 'timeZone'?`],
  [
    { timeZone: 'Mars/Olympus' },
    'INVALID_OPTION',
    `option 'timeZone' of CronClock should be a time zone like 'UTC' or 'Europe/Paris'; got 'Mars/Olympus'`,
  ],
  [{ start: '2020' }, 'INVALID_OPTION', `option 'start' of CronClock should be a valid Date; got '2020'`],
  [
    { start: new Date('x') },
    'INVALID_OPTION',
    `option 'start' of CronClock should be a valid Date; got an Invalid Date`,
  ],
  [{ end: 5 }, 'INVALID_OPTION', `option 'end' of CronClock should be a valid Date; got 5`],
  [
    { parameters: [1] },
    'INVALID_OPTION',
    `option 'parameters' of CronClock should be an object of parameters by name; got an array of 1`,
  ],
  [{ dayOr: 'no' }, 'INVALID_OPTION', `option 'dayOr' of CronClock should be true or false; got 'no'`],
];

for (const [options, code, message] of wrong) {
  test(`${JSON.stringify(options)} is refused with what was expected and what came`, () => {
    assert.throws(() => new CronClock('@daily', options), { name: 'TypeError', code, message });
  });
}
