import { dask } from '../lib/dask.ts';
import { openEcho } from '../lib/echo.ts';
import { chainedTrips, onProcesses, singleIncrements } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { medianRoundTrip } from '../lib/rates.ts';
import { openByHandOverSocket } from '../peers/by-hand.ts';

const processes = 2;
const trips = 1_000;
const tripsOfDask = 50;

const chain: Contender = {
  name: 'heddle, in a flow run',
  open: async (resources) => chainedTrips(await onProcesses(resources, processes), trips),
};

const heddle: Contender = {
  name: 'heddle, a flow run each',
  open: async (resources) => singleIncrements(await onProcesses(resources, processes), trips),
};

const peers = { ws: 'ws-server', 'ws, and a thread behind it': 'ws-thread-server' } as const;
const [bare, threaded] = Object.entries(peers).map(([name, peer]): Contender => {
  return {
    name,
    open: async (resources) => {
      const echo = await openEcho(resources, 1, peer);
      return () => medianRoundTrip(trips, (value) => echo.increment(value));
    },
  };
}) as [Contender, Contender];

const byHand: Contender = {
  name: 'by hand',
  open: async (resources) => {
    const increment = await openByHandOverSocket(resources, () => {});
    return () => medianRoundTrip(trips, increment);
  },
};

export const webSocketRoundTrip: Measurement = {
  name: 'web-socket-round-trip',
  title:
    `the time of one of ${trips} task runs, one after the other and after as many to warm up, on ${processes} worker ` +
    'processes: in one flow run, where each waits for the one before; and in a flow run each, with a parameter, from ' +
    `the call of run to the value. Dask does a submit and its result, ${tripsOfDask} of them; bare ws and msgpackr a ` +
    'frame to a process and the one that it answers with. By hand: the least that one on a thread of another process ' +
    'can be, with a plan, a value as bytes and two log lines, and no scheduler, states, retries, checks or errors. ' +
    'All are medians, and unlike elsewhere garbage is collected when V8 sees fit, not by force before each round.',
  unit: 'µs',
  startsClean: false,
  contenders: [chain, heddle, bare, threaded, byHand, dask('round-trip', tripsOfDask)],
  ratios: [
    [chain.name, bare.name, { atLeast: 1 / 2.5 }],
    [chain.name, threaded.name],
    [chain.name, byHand.name],
    [byHand.name, bare.name],
    [chain.name, 'Dask', { atLeast: 20 }],
    [heddle.name, bare.name],
    [heddle.name, 'Dask'],
  ],
};
