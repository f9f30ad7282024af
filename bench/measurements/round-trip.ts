import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import { LocalExecutor } from 'heddle/executors';
import { chainedTrips, onThreads, singleIncrements } from '../lib/heddle.ts';
import type { Contender, Measurement } from '../lib/measurement.ts';
import { medianRoundTrip } from '../lib/rates.ts';
import { openByHand } from '../peers/by-hand.ts';
import * as pools from '../peers/pools.ts';

const threads = 2;
const trips = 1_000;

const chain: Contender = {
  name: 'heddle, in a flow run',
  open: async (resources) => chainedTrips(await onThreads(resources, threads), trips),
};

const here: Contender = {
  name: 'heddle, on this thread',
  open: () => chainedTrips(new LocalExecutor(), trips),
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

const bare: Contender = {
  name: 'postMessage',
  open: async (resources) => {
    const thread = new Thread(new URL('../peers/inc-thread.ts', import.meta.url));
    resources.defer(async () => {
      await thread.terminate();
    });
    await once(thread, 'online');
    return () =>
      medianRoundTrip(trips, async (value) => {
        const answer = once(thread, 'message') as Promise<[number]>;
        thread.postMessage(value);
        return (await answer)[0];
      });
  },
};

const byHand: Contender = {
  name: 'by hand',
  open: async (resources) => {
    const increment = await openByHand(resources, () => {});
    return () => medianRoundTrip(trips, increment);
  },
};

export const roundTrip: Measurement = {
  name: 'round-trip',
  title:
    `the time of one of ${trips} task runs, one after the other and after as many to warm up, on ${threads} threads: ` +
    'in one flow run, where each waits for the one before; and in a flow run each, with a parameter, from the call ' +
    'of run to the value. The peers make calls of a pool; bare postMessage goes to a thread and back that hears of ' +
    'it from its event loop, as ours do, so that timers and sockets of tasks go on. On this thread: the same flow ' +
    'with a LocalExecutor, which posts nothing; so that is what a task run is by itself. By hand: the least that one ' +
    'on a thread can be, with a plan, a value as bytes and two log lines, and no scheduler, states, retries, checks ' +
    'or errors. All are medians, and unlike ' +
    'elsewhere garbage is collected when V8 sees fit, not by force before each round.',
  unit: 'µs',
  startsClean: false,
  contenders: [chain, here, heddle, ...peers, bare, byHand],
  ratios: [
    [chain.name, pools.piscina.name, { atLeast: 1 / 1.3 }],
    [chain.name, bare.name],
    [here.name, pools.piscina.name],
    [bare.name, pools.piscina.name],
    [byHand.name, pools.piscina.name],
    [chain.name, byHand.name],
    ...peers.map(({ name }): [string, string] => [heddle.name, name]),
  ],
};
