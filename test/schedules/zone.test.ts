import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Zone } from '../../src/schedules/zone.ts';
import { anyMoment, at, short, timeZones } from './fixtures.ts';

const cases: [behaviour: string, zone: string, wall: string, moment: string][] = [
  ['UTC shows what it is', 'UTC', '2019-01-01T09:00', '2019-01-01T09:00'],
  ['a zone shows its own time', 'America/New_York', '2019-01-01T09:00', '2019-01-01T14:00'],
  ['a time that is shown twice is the second one', 'America/New_York', '2018-11-04T01:30', '2018-11-04T06:30'],
  ['a time that is skipped is the end of the gap', 'America/New_York', '2018-03-11T02:30', '2018-03-11T07:00'],
  ['a gap may be at midnight', 'America/Santiago', '2022-09-11T00:00', '2022-09-11T04:00'],
  ['a gap may be of half an hour', 'Australia/Lord_Howe', '2019-10-06T02:10', '2019-10-05T15:30'],
  ['a gap may be a whole day', 'Pacific/Apia', '2011-12-30T09:00', '2011-12-30T10:00'],
];

for (const [behaviour, zone, wall, moment] of cases) {
  test(`${behaviour}: ${zone} at ${wall}`, () => {
    assert.equal(short(new Date(new Zone(zone).momentOf(at(wall).getTime()))), moment);
  });
}

test('a later time on the wall is never an earlier moment, and is shown at its moment unless it is skipped', () => {
  fc.assert(
    fc.property(fc.constantFrom(...timeZones), anyMoment, fc.nat(200_000_000), (name, date, later) => {
      const zone = new Zone(name);
      const wall = date.getTime();
      const moment = zone.momentOf(wall);

      assert.ok(zone.momentOf(wall + later) >= moment);
      assert.ok(zone.wallOf(moment) >= wall);
      assert.ok(zone.wallOf(moment) === wall || zone.wallOf(moment - 1) < wall);
    }),
  );
});

test('every moment after one shows a later time than the floor of that one', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...timeZones),
      anyMoment,
      fc.integer({ min: 1, max: 200_000_000 }),
      (name, date, later) => {
        const zone = new Zone(name);

        assert.ok(zone.wallOf(date.getTime() + later) > zone.floorOf(date.getTime()));
      },
    ),
  );
});
