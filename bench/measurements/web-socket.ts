import { WebSocketCluster } from 'heddle/executors';
import { randomUUID } from 'node:crypto';
import { mappedIncrements, startCluster } from '../lib/heddle.ts';
import { openEcho } from '../lib/echo.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { startWorker } from '../lib/processes.ts';

const processes = 2;
const count = 100_000;
const frameSizes = [50, 1_000];

const heddle: Contender = {
  name: 'heddle',
  open: async (resources) => {
    const token = randomUUID();
    const { cluster, executor } = await startCluster(resources, new WebSocketCluster({ port: 0, token }));
    const names = Array.from({ length: processes }, (_, number) => `worker-${number + 1}`);
    await Promise.all(names.map((name) => startWorker(resources, { url: cluster.url!, token, name })));
    return mappedIncrements(executor, count);
  },
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
    'joined over WebSockets of this machine. For scale: bare ws and msgpackr with two processes that do the sum on ' +
    'their only thread, so many numbers in a frame; no states, retries, logs or recovery.',
  unit: 'runs/s',
  contenders: [heddle, ...bare],
  ratios: bare.map(({ name }) => [heddle.name, name]),
};
