import { Flow } from 'heddle';
import { LocalCluster } from 'heddle/executors';
import { Piscina } from 'piscina';
import { mergeAggregates, type Aggregate } from '../../examples/flights/aggregate.ts';
import { flightsPath, listRowGroups, type RowGroup } from '../../examples/flights/read-row-group.ts';
import { runQuietly, startCluster } from '../lib/heddle.ts';
import type { Measurement, Round } from '../lib/measurement.ts';
import { addUp, countFlights, rowGroups } from '../tasks/flights.ts';

const allFlights = 3_000_000;

export const flights: Measurement = {
  name: 'flights',
  title:
    'read and aggregate the 11 row groups of 3,000,000 flights, as examples/flights.ts does, on warm threads; the ' +
    'piscina program calls the same functions. The pairs of 2 and 1 are the speed-up by a second worker or thread.',
  unit: 's',
  contenders: [
    { name: 'heddle, 1 worker', open: (resources) => openFlow(resources, 1) },
    { name: 'heddle, 2 workers', open: (resources) => openFlow(resources, 2) },
    { name: 'piscina, 1 thread', open: (resources) => openByHand(resources, 1) },
    { name: 'piscina, 2 threads', open: (resources) => openByHand(resources, 2) },
  ],
  ratios: [
    ['heddle, 2 workers', 'heddle, 1 worker', { atLeast: 1.8 }],
    ['piscina, 2 threads', 'piscina, 1 thread'],
    ['heddle, 1 worker', 'piscina, 1 thread'],
    ['heddle, 2 workers', 'piscina, 2 threads', { atLeast: 1 / 1.05 }],
  ],
};

async function openFlow(resources: AsyncDisposableStack, workers: number): Promise<Round> {
  const { executor } = await startCluster(resources, new LocalCluster({ workers }));
  const flow = new Flow('flights', { executor }, () => ({ total: addUp(countFlights.map(rowGroups())) }));
  return () => secondsOf(async () => (await runQuietly(flow)).output.total);
}

/** What somebody would write without us: a pool, a list of promises, and the reduce on the main thread. */
function openByHand(resources: AsyncDisposableStack, threads: number): Round {
  const filename = new URL('../peers/flights-worker.ts', import.meta.url).href;
  const pool = new Piscina<RowGroup, Aggregate>({ filename, minThreads: threads, maxThreads: threads });
  resources.defer(() => pool.destroy());
  const run = async () => {
    const groups = await listRowGroups(flightsPath());
    return mergeAggregates(await Promise.all(groups.map((group) => pool.run(group))));
  };
  return () => secondsOf(run);
}

async function secondsOf(run: () => Promise<Aggregate>): Promise<number> {
  const startedAt = performance.now();
  const total = await run();
  const seconds = (performance.now() - startedAt) / 1_000;
  if (total.flights !== allFlights) throw new Error(`expected ${allFlights} flights, counted ${total.flights}`);
  return seconds;
}
