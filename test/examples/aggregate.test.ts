import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { aggregate, mergeAggregates } from '../../examples/flights/aggregate.ts';
import { countOf, percentileOf } from '../../examples/flights/histogram.ts';
import { type FlightColumns, MISSING_DELAY } from '../../examples/flights/read-row-group.ts';

type Flight = { readonly origin: string; readonly hour: number; readonly delay: number | undefined };

test('a flight without a known delay counts as a flight and in no mean or quantile', () => {
  const flights = [
    { origin: 'SEA', hour: 7, delay: 20 },
    { origin: 'SEA', hour: 7, delay: undefined },
    { origin: 'ABE', hour: 8, delay: undefined },
  ];

  const total = aggregate(columnsOf(flights));

  assert.equal(total.flights, 3);
  assert.equal(total.missing, 2);
  assert.deepEqual(total.hours[7], { flights: 2, missing: 1, delayMinutes: 20 });
  assert.deepEqual(total.hours[8], { flights: 1, missing: 1, delayMinutes: 0 });
  assert.deepEqual(total.origins, [
    { origin: 'ABE', flights: 1, missing: 1, delays: { minutes: Int16Array.of(), flights: Uint32Array.of() } },
    { origin: 'SEA', flights: 2, missing: 1, delays: { minutes: Int16Array.of(20), flights: Uint32Array.of(1) } },
  ]);
});

test('nothing merges to an aggregate of no flights', () => {
  const hours = Array.from({ length: 24 }, () => ({ flights: 0, missing: 0, delayMinutes: 0 }));

  assert.deepEqual(mergeAggregates([]), { flights: 0, missing: 0, origins: [], hours });
});

test('merged aggregates of parts, in any order, equal the aggregate of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.array(flight())), (parts) => {
      const whole = aggregate(columnsOf(parts.flat()));
      const aggregates = parts.map((flights) => aggregate(columnsOf(flights)));

      assert.deepEqual(mergeAggregates(aggregates), whole);
      assert.deepEqual(mergeAggregates(aggregates.toReversed()), whole);
      assert.deepEqual(mergeAggregates([mergeAggregates(aggregates), mergeAggregates([])]), whole);
    }),
  );
});

test('every flight is in one hour and at one origin, with a known delay or without', () => {
  fc.assert(
    fc.property(fc.array(flight()), (flights) => {
      const { origins, hours, ...total } = aggregate(columnsOf(flights));

      assert.equal(total.flights, flights.length);
      assert.equal(sum(hours.map((hour) => hour.flights)), flights.length);
      assert.equal(sum(hours.map((hour) => hour.missing)), total.missing);
      for (const origin of origins) assert.equal(countOf(origin.delays), origin.flights - origin.missing);
    }),
  );
});

test('a percentile is the value at the nearest rank of the sorted delays', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1 }), percent(), (delays, percent) => {
      const { origins } = aggregate(columnsOf(delays.map((delay) => ({ origin: 'SEA', hour: 0, delay }))));
      const rank = delays.toSorted((a, b) => a - b).findIndex((_, i) => (i + 1) * 100 >= delays.length * percent);

      assert.equal(percentileOf(origins[0]!.delays, percent), delays.toSorted((a, b) => a - b)[rank]);
    }),
  );
});

function flight(): fc.Arbitrary<Flight> {
  return fc.record({
    origin: fc.constantFrom('ABE', 'ORD', 'SEA', 'YAK'),
    hour: fc.integer({ min: 0, max: 23 }),
    delay: fc.option(fc.integer({ min: -32_767, max: 32_767 }), { nil: undefined }),
  });
}

function percent(): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 100 });
}

function columnsOf(flights: readonly Flight[]): FlightColumns {
  const airports = [...new Set(flights.map(({ origin }) => origin))];
  return {
    airports,
    origin: Uint16Array.from(flights, ({ origin }) => airports.indexOf(origin)),
    hour: Uint8Array.from(flights, ({ hour }) => hour),
    delay: Int16Array.from(flights, ({ delay }) => delay ?? MISSING_DELAY),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
