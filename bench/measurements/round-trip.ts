import { onThreads, singleIncrements } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { medianRoundTrip } from '../lib/rates.ts';
import * as pools from '../peers/pools.ts';

const threads = 2;
const trips = 300;

const heddle: Contender = {
  name: 'heddle',
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
    `the median time of ${trips} calls, one after the other, on ${threads} warm threads; ours is a whole flow run of ` +
    'one task with a parameter, from the call of run to the value, the peers make one call of a pool.',
  unit: 'µs',
  contenders: [heddle, ...peers],
  ratios: peers.map(({ name }) => {
    return name === pools.piscina.name ? [heddle.name, name, { atLeast: 1 / 1.3 }] : [heddle.name, name];
  }),
};
