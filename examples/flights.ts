// Three million US flights: which airports send most of them, and how late do they arrive?
//
// A task lists the row groups of a Parquet file, a mapped task reads one of them and counts, a last one adds up. Run it
// on this machine's cores with `npm start`, or on other machines with `heddle run examples/flights.ts --listen 8786`.

import { writeFile } from 'node:fs/promises';
import { context, Flow, Parameter, task } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { aggregate, mergeAggregates, type Aggregate } from './flights/aggregate.ts';
import { busiestOrigins, formatTable } from './flights/busiest-origins.ts';
import { delayByHourSvg } from './flights/delay-by-hour-svg.ts';
import { flightsPath, listRowGroups, readRowGroup, type RowGroup } from './flights/read-row-group.ts';

const rowGroups = task('row-groups', () => listRowGroups(flightsPath()));

const countFlights = task('count-flights', { retries: 2, retryDelay: '1s' }, async (group: RowGroup) => {
  const columns = await readRowGroup(flightsPath(), group);
  context.logger.info(`read rows ${group.rowStart.toLocaleString('en')} to ${group.rowEnd.toLocaleString('en')}`);
  return aggregate(columns);
});

const addUp = task('add-up', (aggregates: Aggregate[]) => mergeAggregates(aggregates));

export const flights = new Flow(
  'flights',
  { executor: new DistributedExecutor(({ parameters }) => new LocalCluster({ workers: parameters.workers })) },
  () => {
    new Parameter('workers', { default: 2 });
    const perGroup = countFlights.map(rowGroups());
    return { total: addUp(perGroup) };
  },
);

const state = await flights.run();

if (state.isSuccessful()) {
  const { total } = state.output;
  const chart = 'flights-delay-by-hour.svg';
  await writeFile(chart, delayByHourSvg(total));
  console.log(formatTable(busiestOrigins(total, 20)));
  console.log(`\n${total.flights.toLocaleString('en')} flights, ${total.missing} of them without a known delay`);
  console.log(`mean delay by hour of day: ${chart}`);
  const { durationMs, taskRuns, workers } = state.statistics;
  console.log(`${(durationMs / 1_000).toFixed(1)} s, ${taskRuns} task runs, workers: ${workers}`);
} else {
  process.exitCode ??= 1;
}
