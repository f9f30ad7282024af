import { Piscina } from 'piscina';
import { mappedIncrements, onThreads } from '../lib/heddle.ts';
import type { Contender, Measurement, Round } from '../lib/measurement.ts';
import { assertIsNext, rateOfCalls, ratePerSecond } from '../lib/rates.ts';
import * as pools from '../peers/pools.ts';

const threads = 2;
const count = 100_000;
/** How many numbers a user might put into one call who sees that single ones are slow. */
const listLength = 1_000;

const heddle: Contender = {
  name: 'heddle',
  goal: { atLeast: 500_000 },
  open: async (resources) => mappedIncrements({ executor: await onThreads(resources, threads), count }),
};

const peers = [
  pools.piscina,
  pools.widePiscina,
  pools.tinypool,
  pools.wideTinypool,
  pools.workerpool,
  pools.poolifier,
].map(({ name, open }): Contender => {
  return {
    name,
    open: (resources) => {
      const increment = open(resources, threads);
      return () => rateOfCalls(count, increment);
    },
  };
});

const byHand: Contender = { name: 'piscina, lists of 1,000 by hand', open: openListsByHand };

export const mappedNoop: Measurement = {
  name: 'mapped-noop',
  title:
    `add one to each of ${count.toLocaleString('en')} numbers on ${threads} warm threads; ours is one mapped task, ` +
    'from the start of the flow run to the list of results, the peers run each number by itself. For scale, last, ' +
    'piscina with the numbers put into lists by hand: no states, retries or logs for single numbers.',
  unit: 'runs/s',
  contenders: [heddle, ...peers, byHand],
  ratios: [
    ...peers.map(({ name }) => [heddle.name, name, { atLeast: name === pools.piscina.name ? 25 : 4 }] as const),
    [heddle.name, byHand.name],
  ],
};

function openListsByHand(resources: AsyncDisposableStack): Round {
  const filename = new URL('../peers/inc-list.ts', import.meta.url).href;
  const pool = new Piscina<number[], number[]>({ filename, minThreads: threads, maxThreads: threads });
  resources.defer(() => pool.destroy());
  const numbers = Array.from({ length: count }, (_, number) => number);
  return async () => {
    const startedAt = performance.now();
    const starts = Array.from({ length: count / listLength }, (_, list) => list * listLength);
    const lists = await Promise.all(starts.map((start) => pool.run(numbers.slice(start, start + listLength))));
    const results = lists.flat();
    const rate = ratePerSecond(count, startedAt);
    for (const number of numbers) assertIsNext(number, results[number]);
    return rate;
  };
}
