import { dask } from '../lib/dask.ts';
import { openEcho } from '../lib/echo.ts';
import { onProcesses, singleIncrements } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { medianRoundTrip } from '../lib/rates.ts';

const processes = 2;
const trips = 300;
const tripsOfDask = 50;

const heddle: Contender = {
  name: 'heddle',
  open: async (resources) => singleIncrements(await onProcesses(resources, processes), trips),
};

const bare: Contender = {
  name: 'ws',
  open: async (resources) => {
    const echo = await openEcho(resources, 1);
    return () => medianRoundTrip(trips, (value) => echo.increment(value));
  },
};

export const webSocketRoundTrip: Measurement = {
  name: 'web-socket-round-trip',
  title:
    `the median time of ${trips} calls, one after the other; ours is a whole flow run of one task with a parameter on ` +
    `${processes} worker processes, from the call of run to the value; Dask's a submit and its result, ${tripsOfDask} ` +
    'of them; that of bare ws and msgpackr a frame to a process and the one that it answers with.',
  unit: 'µs',
  contenders: [heddle, bare, dask('round-trip', tripsOfDask)],
  ratios: [
    [heddle.name, bare.name, { atLeast: 1 / 2.5 }],
    [heddle.name, 'Dask', { atLeast: 20 }],
  ],
};
