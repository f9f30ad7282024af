import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, nextWeekday } from '../../src/schedules/adjustments.ts';
import type { Duration } from '../../src/lib/duration.ts';
import { short, zoned } from './fixtures.ts';

test('add() adds elapsed time', () => {
  assert.equal(short(add('3h')(zoned('2019-01-03T09:00'))), '2019-01-03T12:00');
  assert.equal(short(add('3h')(zoned('2018-03-11T00:00', 'America/New_York'))), '2018-03-11T08:00');
});

test('add() of whole days keeps the time on the wall', () => {
  assert.equal(short(add('1d')(zoned('2018-03-10T09:00', 'America/New_York'))), '2018-03-11T13:00');
});

test('add() of no time at all leaves a time as it is, also in the first of two equal hours', () => {
  assert.equal(short(add(0)(zoned('2018-11-04T05:30'))), '2018-11-04T05:30');
});

test('add() refuses what is no duration', () => {
  assert.throws(() => add('1 day' as Duration), { name: 'TypeError', code: 'INVALID_DURATION' });
});

const moves: [from: string, to: string][] = [
  ['2019-01-04T09:00', '2019-01-04T09:00'],
  ['2019-01-05T09:00', '2019-01-07T09:00'],
  ['2019-01-06T09:00', '2019-01-07T09:00'],
];

for (const [from, to] of moves) {
  test(`nextWeekday makes of ${from} ${to}`, () => {
    assert.equal(short(nextWeekday(zoned(from))), to);
  });
}

test('nextWeekday keeps the time on the wall when clocks change at the weekend', () => {
  assert.equal(short(nextWeekday(zoned('2018-03-10T09:00', 'America/New_York'))), '2018-03-12T13:00');
});
