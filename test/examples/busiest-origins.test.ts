import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aggregate, mergeAggregates, type OriginDelays } from '../../examples/flights/aggregate.ts';
import { busiestOrigins, formatTable } from '../../examples/flights/busiest-origins.ts';

test('the busiest come first, and of equals the first by code', () => {
  const total = departures([origin('ABE', { 0: 1 }), origin('ORD', { 0: 3 }), origin('SEA', { 0: 3 })]);

  const rows = busiestOrigins(total, 2);

  assert.deepEqual(
    rows.map(({ origin }) => origin),
    ['ORD', 'SEA'],
  );
});

test('a flight that is 15 minutes late is not more than 15 minutes late', () => {
  const [row] = busiestOrigins(departures([origin('ORD', { '-5': 1, 15: 2, 16: 1 })]), 1);

  assert.deepEqual(row, {
    origin: 'ORD',
    flights: 4,
    missing: 0,
    meanDelay: 10.25,
    medianDelay: 15,
    percentile90Delay: 16,
    lateShare: 0.25,
  });
});

test('the table is aligned, groups thousands, and has a dash where no delay is known', () => {
  const unknown: OriginDelays = { ...origin('YAK', {}), flights: 7, missing: 7 };
  const rows = busiestOrigins(departures([origin('ORD', { '-1': 123_456, 60: 1_111 }), unknown]), 20);

  assert.deepEqual(formatTable(rows).split('\n'), [
    'origin  flights  mean delay  median  90th pct  over 15 min late',
    '                        min     min       min                 %',
    '------  -------  ----------  ------  --------  ----------------',
    'ORD     124,567        -0.5      -1        -1               0.9',
    'YAK           7           –       –         –                 –',
  ]);
});

function departures(origins: readonly OriginDelays[]): Aggregate {
  return { ...mergeAggregates([]), origins };
}

/** `flightsByDelay` says how many flights had each delay in minutes. */
function origin(origin: string, flightsByDelay: Readonly<Record<string, number>>): OriginDelays {
  const cells = Object.entries(flightsByDelay)
    .map(([minutes, flights]) => ({ minutes: Number(minutes), flights }))
    .sort((a, b) => a.minutes - b.minutes);
  const delays = {
    minutes: Int16Array.from(cells, ({ minutes }) => minutes),
    flights: Uint32Array.from(cells, ({ flights }) => flights),
  };
  return { origin, flights: delays.flights.reduce((sum, count) => sum + count, 0), missing: 0, delays };
}
