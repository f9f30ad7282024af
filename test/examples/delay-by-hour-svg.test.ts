import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aggregate, type HourDelays, mergeAggregates } from '../../examples/flights/aggregate.ts';
import { delayByHourSvg } from '../../examples/flights/delay-by-hour-svg.ts';

test('an hour has its mean over the flights with a known delay', () => {
  const svg = delayByHourSvg(departures({ 6: { flights: 5_000, missing: 1_000, delayMinutes: -6_000 } }));

  assert.match(svg, /5,000 flights .*, 1,000 of them without a known delay/);
  assert.deepEqual(valuesIn(svg), ['−1.5']);
});

test('an hour with few flights is pale, and one without any has no mean', () => {
  const svg = delayByHourSvg(
    departures({
      3: { flights: 1, missing: 0, delayMinutes: 90 },
      9: { flights: 9_999, missing: 0, delayMinutes: 99_990 },
      10: { flights: 1, missing: 1, delayMinutes: 0 },
    }),
  );

  assert.deepEqual(valuesIn(svg), ['90.0', '10.0']);
  assert.equal(svg.match(/class="late few"/g)?.length, 1);
});

test('a chart of no flights is drawn without bars, and no coordinate is NaN or infinite', () => {
  const svg = delayByHourSvg(mergeAggregates([]));

  assert.deepEqual(valuesIn(svg), []);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
});

function valuesIn(svg: string): (string | undefined)[] {
  return [...svg.matchAll(/<text class="value middle"[^>]*>([^<]*)</g)].map(([, value]) => value);
}

function departures(byHour: Readonly<Record<number, HourDelays>>): Aggregate {
  const none = mergeAggregates([]);
  const hours = none.hours.map((empty, hour) => byHour[hour] ?? empty);
  const total = (count: (hour: HourDelays) => number): number => hours.reduce((sum, hour) => sum + count(hour), 0);
  return { ...none, hours, flights: total(({ flights }) => flights), missing: total(({ missing }) => missing) };
}
