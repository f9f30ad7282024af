import { addHistograms, type Histogram, toHistogram } from './histogram.ts';
import { type FlightColumns, MISSING_DELAY } from './read-row-group.ts';

/** What the report needs to know of some flights: plain data, 0.1 to 0.3 MB for this file and for any part of it. */
export type Aggregate = {
  /** Every row that was read; the sum of `flights` over the origins, and over the hours. */
  readonly flights: number;
  /** How many of them have no known delay. They count as flights and in nothing else. */
  readonly missing: number;
  /** Sorted by airport code. */
  readonly origins: readonly OriginDelays[];
  /** Always 24, from midnight. */
  readonly hours: readonly HourDelays[];
};

/** The flights from one airport, of which `missing` have no known delay and the rest are in `delays`. */
export type OriginDelays = {
  readonly origin: string;
  readonly flights: number;
  readonly missing: number;
  readonly delays: Histogram;
};

/** The flights that departed in one hour of the day; `delayMinutes` is the sum over those with a known delay. */
export type HourDelays = { readonly flights: number; readonly missing: number; readonly delayMinutes: number };

/** Sums up the flights of one row group. */
export function aggregate(columns: FlightColumns): Aggregate {
  return withTotals(delaysByOrigin(columns), delaysByHour(columns));
}

/** The aggregate of all the flights together, the same in whatever parts and order they come. */
export function mergeAggregates(aggregates: readonly Aggregate[]): Aggregate {
  const byOrigin = Map.groupBy(
    aggregates.flatMap(({ origins }) => origins),
    ({ origin }) => origin,
  );
  const origins = [...byOrigin].map(([origin, parts]) => ({
    origin,
    flights: sum(parts.map(({ flights }) => flights)),
    missing: sum(parts.map(({ missing }) => missing)),
    delays: addHistograms(parts.map(({ delays }) => delays)),
  }));
  const hours = Array.from({ length: 24 }, (_, hour) => addHours(aggregates.map(({ hours }) => hours[hour]!)));
  return withTotals(origins.sort(byCode), hours);
}

function withTotals(origins: readonly OriginDelays[], hours: readonly HourDelays[]): Aggregate {
  return {
    flights: sum(origins.map(({ flights }) => flights)),
    missing: sum(origins.map(({ missing }) => missing)),
    origins,
    hours,
  };
}

function delaysByOrigin({ airports, origin, delay }: FlightColumns): OriginDelays[] {
  const { first, last } = boundsOf(delay);
  const width = Math.max(0, last - first + 1);
  const tallies = airports.map(() => new Uint32Array(width));
  const missing = new Uint32Array(airports.length);
  const flights = new Uint32Array(airports.length);
  for (let row = 0; row < delay.length; row++) {
    const airport = origin[row]!;
    flights[airport]! += 1;
    if (delay[row] === MISSING_DELAY) missing[airport]! += 1;
    else tallies[airport]![delay[row]! - first]! += 1;
  }
  return airports
    .map((code, airport) => ({
      origin: code,
      flights: flights[airport]!,
      missing: missing[airport]!,
      delays: toHistogram(tallies[airport]!, first),
    }))
    .sort(byCode);
}

function delaysByHour({ hour, delay }: FlightColumns): HourDelays[] {
  const hours = Array.from({ length: 24 }, () => ({ flights: 0, missing: 0, delayMinutes: 0 }));
  for (let row = 0; row < delay.length; row++) {
    const entry = hours[hour[row]!]!;
    entry.flights += 1;
    if (delay[row] === MISSING_DELAY) entry.missing += 1;
    else entry.delayMinutes += delay[row]!;
  }
  return hours;
}

/** The least and the greatest known delay. */
function boundsOf(delay: Int16Array): { first: number; last: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const minutes of delay) {
    if (minutes === MISSING_DELAY) continue;
    if (minutes < first) first = minutes;
    if (minutes > last) last = minutes;
  }
  return { first, last };
}

function addHours(parts: readonly HourDelays[]): HourDelays {
  return {
    flights: sum(parts.map(({ flights }) => flights)),
    missing: sum(parts.map(({ missing }) => missing)),
    delayMinutes: sum(parts.map(({ delayMinutes }) => delayMinutes)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** By code unit, not by locale: the order must not depend on the machine that runs the task. */
function byCode(a: OriginDelays, b: OriginDelays): number {
  if (a.origin === b.origin) return 0;
  return a.origin < b.origin ? -1 : 1;
}
