import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { aggregate } from '../../examples/flights/aggregate.ts';
import { busiestOrigins } from '../../examples/flights/busiest-origins.ts';
import { flightsPath, listRowGroups, readRowGroup } from '../../examples/flights/read-row-group.ts';

test('the row groups cover all 3,000,000 rows, each row once', async () => {
  const rowGroups = await listRowGroups(flightsPath());

  assert.equal(rowGroups.length, 11);
  assert.deepEqual(
    rowGroups.map(({ index, rowStart }) => ({ index, rowStart })),
    rowGroups.map((_, index) => ({ index, rowStart: index === 0 ? 0 : rowGroups[index - 1]!.rowEnd })),
  );
  assert.equal(rowGroups.at(-1)!.rowEnd, 3_000_000);
});

test('a row group that is read in columns and counted gives what its rows give when sorted one by one', async () => {
  const path = flightsPath();
  // This row group has the file's least delay, -1,116 minutes: the widest range that is counted.
  const rowGroup = (await listRowGroups(path))[3]!;
  const rows = await readRows(path, rowGroup);

  const total = aggregate(await readRowGroup(path, rowGroup));

  assert.equal(total.flights, rows.length);
  assert.equal(total.missing, 0);
  assert.deepEqual(
    total.hours,
    Array.from({ length: 24 }, (_, hour) => hourOf(rows, hour)),
  );
  assert.deepEqual(busiestOrigins(total, Number.POSITIVE_INFINITY), originsOf(rows));
});

type Row = { readonly origin: string; readonly hour: number; readonly delay: number };

async function readRows(path: string, { rowStart, rowEnd }: { rowStart: number; rowEnd: number }): Promise<Row[]> {
  const file = await asyncBufferFromFile(path);
  const columns = ['date', 'delay', 'origin'];
  const objects = await parquetReadObjects({ file, compressors, columns, rowStart, rowEnd });
  return (objects as { date: Date; delay: bigint; origin: string }[]).map(({ date, delay, origin }) => ({
    origin,
    hour: date.getUTCHours(),
    delay: Number(delay),
  }));
}

function hourOf(rows: readonly Row[], hour: number): object {
  const delays = rows.filter((row) => row.hour === hour).map(({ delay }) => delay);
  return { flights: delays.length, missing: 0, delayMinutes: sum(delays) };
}

function originsOf(rows: readonly Row[]): object[] {
  return [...Map.groupBy(rows, ({ origin }) => origin)]
    .map(([origin, flights]) => {
      const delays = flights.map(({ delay }) => delay).sort((a, b) => a - b);
      const { length } = delays;
      return {
        origin,
        flights: length,
        missing: 0,
        meanDelay: sum(delays) / length,
        medianDelay: delays[Math.ceil(length / 2) - 1],
        percentile90Delay: delays[Math.ceil((length * 9) / 10) - 1],
        lateShare: delays.filter((delay) => delay > 15).length / length,
      };
    })
    .sort((a, b) => b.flights - a.flights || (a.origin < b.origin ? -1 : 1));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
