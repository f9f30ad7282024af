import { dask } from '../lib/dask.ts';
import { openEcho } from '../lib/echo.ts';
import { mappedIncrements, onProcesses } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';

const processes = 2;
const count = 100_000;
const frameSizes = [50, 1_000];
const countOfDask = 1_000;

const heddle: Contender = {
  name: 'heddle',
  goal: { atLeast: 300_000 },
  open: async (resources) => mappedIncrements({ executor: await onProcesses(resources, processes), count }),
};

const bare = frameSizes.map((frameSize): Contender => {
  return {
    name: `ws, ${frameSize.toLocaleString('en')} a frame`,
    open: async (resources) => {
      const echo = await openEcho(resources, processes);
      return () => echo.rate(count, frameSize);
    },
  };
});

export const webSocket: Measurement = {
  name: 'web-socket',
  title:
    `add one to each of ${count.toLocaleString('en')} numbers in ${processes} worker processes with a thread each, ` +
    `joined over WebSockets of this machine; of ${countOfDask.toLocaleString('en')} for Dask's client.map, which is ` +
    'no faster with more. For scale: bare ws and msgpackr with two processes that do the sum on their only thread, ' +
    'so many numbers in a frame; no states, retries, logs or recovery.',
  unit: 'runs/s',
  contenders: [heddle, dask('map', countOfDask), ...bare],
  ratios: [[heddle.name, 'Dask', { atLeast: 100 }], ...bare.map(({ name }) => [heddle.name, name] as const)],
};
