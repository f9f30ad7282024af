import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntervalClock } from '../../src/schedules/interval-clock.ts';
import type { IntervalClockOptions } from '../../src/schedules/interval-clock.ts';
import { at, times, walls } from './fixtures.ts';

const newYork = 'America/New_York';

test('the start itself fires first when asked from before it [P362]', () => {
  const clock = new IntervalClock({ every: '1h', start: at('2018-01-01') });

  assert.deepEqual(times(clock, { after: at('2000-01-01'), count: 3 }), [
    '2018-01-01T00:00',
    '2018-01-01T01:00',
    '2018-01-01T02:00',
  ]);
});

test('the start does not fire when asked after it, and neither does any other moment asked for', () => {
  const clock = new IntervalClock({ every: '1d', start: at('2018-01-01') });

  assert.deepEqual(times(clock, { after: at('2018-01-01'), count: 1 }), ['2018-01-02T00:00']);
  assert.deepEqual(times(clock, { after: at('2025-01-05'), count: 1 }), ['2025-01-06T00:00']);
  assert.deepEqual(times(clock, { after: at('2025-01-05T01:00'), count: 1 }), ['2025-01-06T00:00']);
});

test('without a start, intervals count from the midnight of its zone that begins 2019', () => {
  assert.deepEqual(times(new IntervalClock({ every: '7h' }), { after: at('2000-01-01'), count: 2 }), [
    '2019-01-01T00:00',
    '2019-01-01T07:00',
  ]);
  const local = new IntervalClock({ every: '1d', timeZone: newYork });
  assert.deepEqual(times(local, { after: at('2019-06-01'), count: 1 }), ['2019-06-01T04:00']);
});

test('the end may fire, and nothing fires after it', () => {
  const clock = new IntervalClock({ every: '1d', start: at('2018-01-01'), end: at('2018-01-02') });

  assert.deepEqual(times(clock, { after: at('2018-01-01') }), ['2018-01-02T00:00']);
  assert.deepEqual(times(clock, { after: at('2018-02-01') }), []);
});

test('an hourly interval is elapsed time when clocks are set forward', () => {
  const start = at('2018-03-10T23:00', newYork);
  const clock = new IntervalClock({ every: '1h', start, timeZone: newYork });

  assert.deepEqual(
    walls(clock, { after: start }).map(({ hour }) => hour),
    [0, 1, 3, 4],
  );
  assert.deepEqual(
    times(clock, { after: start }).map((time) => time.slice(11)),
    ['05:00', '06:00', '07:00', '08:00'],
  );
});

test('an hourly interval is elapsed time when clocks are set back, and shows one hour twice [P365]', () => {
  const start = at('2018-11-03T23:00', newYork);
  const clock = new IntervalClock({ every: '1h', start, timeZone: newYork });

  assert.deepEqual(
    walls(clock, { after: start }).map(({ hour }) => hour),
    [0, 1, 1, 2],
  );
  assert.deepEqual(
    times(clock, { after: start }).map((time) => time.slice(11)),
    ['04:00', '05:00', '06:00', '07:00'],
  );
});

const changes: [start: string, utc: string[]][] = [
  ['2018-03-08T09:00', ['14:00', '14:00', '13:00', '13:00']],
  ['2018-11-01T09:00', ['13:00', '13:00', '14:00', '14:00']],
];

for (const [wall, utc] of changes) {
  test(`a daily interval stays at 9:00 on the wall when clocks change after ${wall} [P366]`, () => {
    const start = at(wall, newYork);
    const clock = new IntervalClock({ every: '1d', start, timeZone: newYork });

    assert.deepEqual(
      walls(clock, { after: start }).map(({ hour }) => hour),
      [9, 9, 9, 9],
    );
    assert.deepEqual(
      times(clock, { after: start }).map((time) => time.slice(11)),
      utc,
    );
  });
}

test('a day that a zone leaves out does not make two events of one moment', () => {
  const start = at('2011-12-29T09:00', 'Pacific/Apia');
  const clock = new IntervalClock({ every: '1d', start, timeZone: 'Pacific/Apia' });

  const shown = walls(clock, { after: start, count: 3 }).map(({ day, hour }) => [day, hour]);

  assert.deepEqual(shown, [
    [31, 0],
    [31, 9],
    [1, 9],
  ]);
});

test('a start in the first of two equal hours fires at that moment, later days at the second', () => {
  const start = at('2018-11-04T05:30');
  const clock = new IntervalClock({ every: '364d', start, timeZone: newYork });

  assert.deepEqual(times(clock, { after: at('2018-01-01'), count: 2 }), ['2018-11-04T05:30', '2019-11-03T06:30']);
});

test('an interval as long as time itself fires once, and then no more', () => {
  assert.deepEqual(times(new IntervalClock({ every: 1e300 }), { after: at('2000-01-01') }), ['2019-01-01T00:00']);
});

const expected = `a number of milliseconds or a text like '250ms', '10s', '5m', '2h', '1d'`;
const wrong: [every: unknown, message: string][] = [
  [0, `option 'every' of IntervalClock should be 1 ms or longer; got 0`],
  ['0s', `option 'every' of IntervalClock should be 1 ms or longer; got '0s'`],
  [0.4, `option 'every' of IntervalClock should be 1 ms or longer; got 0.4`],
  [-1, `option 'every' of IntervalClock should be ${expected}; got -1`],
  ['1 hour', `option 'every' of IntervalClock should be ${expected}; got '1 hour'`],
  [undefined, `option 'every' of IntervalClock should be ${expected}; got undefined`],
];

for (const [every, message] of wrong) {
  test(`an interval of ${String(every)} is refused`, () => {
    const options = { every } as unknown as IntervalClockOptions;
    assert.throws(() => new IntervalClock(options), { name: 'TypeError', code: 'INVALID_DURATION', message });
  });
}

test('an option that there is not is refused, with what it may be called here', () => {
  const refused = (options: object, message: string) => {
    assert.throws(() => new IntervalClock(options as IntervalClockOptions), { code: 'UNKNOWN_OPTION', message });
  };

  refused({ interval: '1h' }, `IntervalClock has no option 'interval'. Here it is 'every'.`);
  refused({ every: '1h', timezone: 'UTC' }, `IntervalClock has no option 'timezone'. Did you mean 'timeZone'?`);
});

test('an end before the start is refused, since the clock would never fire', () => {
  const options = { every: '1h', start: at('2020-01-02'), end: at('2020-01-01') } as const;

  assert.throws(() => new IntervalClock(options), {
    name: 'TypeError',
    code: 'SCHEDULE_NEVER_FIRES',
    message:
      'this IntervalClock never fires: it has no time from 2020-01-02T00:00:00.000Z until 2020-01-01T00:00:00.000Z',
  });
});
