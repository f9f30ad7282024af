import { chainedIncrements, onThreads, singleIncrements } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { medianRoundTrip } from '../lib/rates.ts';
import * as pools from '../peers/pools.ts';

const threads = 2;
const trips = 300;

const chain: Contender = {
  name: 'heddle, in a flow run',
  open: async (resources) => chainedIncrements(await onThreads(resources, threads), trips),
};

const heddle: Contender = {
  name: 'heddle, a flow run each',
  open: async (resources) => singleIncrements(await onThreads(resources, threads), trips),
};

const peers = [pools.piscina, pools.tinypool, pools.workerpool, pools.poolifier].map(({ name, open }): Contender => {
  return {
    name,
    open: (resources) => {
      const increment = open(resources, threads);
      return () => medianRoundTrip(trips, increment);
    },
  };
});

export const roundTrip: Measurement = {
  name: 'round-trip',
  title:
    `the time of one of ${trips} task runs, one after the other, on ${threads} warm threads: in one flow run, where each ` +
    'waits for the one before; and in a flow run each, with a parameter, from the call of run to the value. The peers ' +
    'make calls of a pool, and theirs and that of whole flow runs are medians.',
  unit: 'µs',
  contenders: [chain, heddle, ...peers],
  ratios: [
    [chain.name, pools.piscina.name, { atLeast: 1 / 1.3 }],
    ...peers.map(({ name }): [string, string] => [heddle.name, name]),
  ],
};
