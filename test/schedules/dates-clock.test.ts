import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatesClock } from '../../src/schedules/dates-clock.ts';
import { at, times } from './fixtures.ts';

test('dates fire in order, each once, after the moment asked for', () => {
  const clock = new DatesClock([at('2020-01-03'), at('2020-01-01'), at('2020-01-02'), at('2020-01-03')]);

  assert.deepEqual(times(clock, { after: at('2020-01-01') }), ['2020-01-02T00:00', '2020-01-03T00:00']);
  assert.deepEqual([clock.start, clock.end], [at('2020-01-01'), at('2020-01-03')]);
});

test('dates that are changed afterwards do not change the clock', () => {
  const date = at('2020-01-01');
  const clock = new DatesClock([date]);

  date.setUTCFullYear(1990);

  assert.deepEqual(times(clock, { after: at('2019-01-01') }), ['2020-01-01T00:00']);
});

test('what are no dates is refused, by its place', () => {
  const dates = (value: unknown) => () => new DatesClock(value as Date[]);

  assert.throws(dates('2020'), {
    code: 'INVALID_OPTION',
    message: `DatesClock should be given an array of Dates; got '2020'`,
  });
  assert.throws(dates([at('2020-01-01'), new Date('x')]), {
    code: 'INVALID_OPTION',
    index: 1,
    message: 'date 1 of DatesClock should be a valid Date; got an Invalid Date',
  });
  assert.throws(dates([]), {
    code: 'SCHEDULE_NEVER_FIRES',
    message: 'this DatesClock never fires: its list of dates is empty',
  });
  assert.throws(() => new DatesClock([at('2020-01-01')], { start: at('2020-01-01') } as object), {
    code: 'UNKNOWN_OPTION',
  });
});
