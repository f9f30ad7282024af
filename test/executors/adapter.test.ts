// How many workers a cluster should have, for some work: decided without a clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Load } from '../../src/scheduler/load.ts';
import { Adapter } from '../../src/executors/adapter.ts';
import { Workforce } from '../../src/executors/workforce.ts';
import type { FromPeer } from '../../src/protocol/messages.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { connect, settled, submission } from '../scheduler/peers.ts';

test('what is queued is to be done in the target time, by threads that each do a part', () => {
  const adapter = new Adapter({ maximum: 10, target: '5s' }, { owner: 'Cluster', workers: 1, threads: 2 });

  assert.equal(adapter.wanted(load(0, [100, 29_000]), 0), 3);
  assert.equal(adapter.wanted(load(0, [1_000, 900_000]), 3), 10);
});

test('there are never more threads than task runs [D143]', () => {
  const adapter = new Adapter({ maximum: 10, target: '5s' }, { owner: 'Cluster', workers: 1, threads: 1 });

  assert.equal(adapter.wanted(load(1, [2, 600_000]), 1), 3);
});

test('an array of which nothing has run gets one thread more, to see how long it takes, whatever runs', () => {
  const adapter = new Adapter({ maximum: 10 }, { owner: 'Cluster', workers: 1, threads: 1 });

  assert.equal(adapter.wanted(load(0, [500_000], [500_000]), 0), 2);
  assert.equal(adapter.wanted(load(3, [500_000]), 3), 4);
});

test('workers are let go when there were too many three times in a row, down to the most that was enough [D142]', () => {
  const adapter = new Adapter({ minimum: 1, maximum: 10, target: 1_000 }, { owner: 'Cluster', workers: 1, threads: 1 });
  const wanted = (threads: number) => adapter.wanted(load(0, [20, threads * 1_000]), 8);

  assert.deepEqual([wanted(2), wanted(3), wanted(8), wanted(2), wanted(4), wanted(0)], [8, 8, 8, 8, 8, 4]);
  assert.deepEqual([wanted(0), wanted(0), wanted(0)], [8, 8, 1]);
});

test('what runs keeps its threads, whatever is queued', () => {
  const adapter = new Adapter({ maximum: 10 }, { owner: 'Cluster', workers: 1, threads: 2 });

  const looks = [1, 2, 3].map(() => adapter.wanted(load(5), 6));

  assert.deepEqual(looks, [6, 6, 3]);
});

test('there are no threads for what could not start anyway, because it overlaps or has a limit', () => {
  const adapter = new Adapter({ maximum: 10, target: '5s' }, { owner: 'Cluster', workers: 1, threads: 1 });

  assert.equal(adapter.wanted(load(0, [100, 600_000, 3]), 0), 3);
  assert.equal(adapter.wanted(load(2, [100, 600_000, 0]), 2), 2);
  assert.equal(adapter.wanted(load(2, [100, 600_000, 0], [5, 9_000, 5]), 2), 4);
  assert.equal(adapter.wanted(load(0, [100, undefined, 0], [100, 5_000, 100]), 0), 1);
});

test('there are as many workers as a cluster starts with at most, or as the least that it is to have', () => {
  const staff = { owner: 'Cluster', workers: 2, threads: 1 };

  assert.deepEqual(
    [0, 9].map((workers) => new Adapter({}, staff).clamp(workers)),
    [0, 2],
  );
  assert.deepEqual(
    [0, 9].map((workers) => new Adapter({ minimum: 3 }, staff).clamp(workers)),
    [3, 3],
  );
});

test('what a cluster adapts to is told with what is known of the work, and that of some nothing is', async (t) => {
  const told: string[] = [];
  await using scheduler = new Scheduler({ log: ({ message }) => void told.push(message) });
  const ada = connect(scheduler, { role: 'worker', threads: 1 });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 3 }), submission({ array: 2, length: 2 })] });
  ada.send({ ...settled((await ada.next('run')).attempt, 0), busyMs: 9_000, isLast: true } as FromPeer);
  await ada.next('run');
  const never = () => Promise.withResolvers<never>().promise;
  t.mock.timers.enable({ apis: ['setInterval'] });
  const adapter = new Adapter({ maximum: 3 }, { owner: 'Cluster', workers: 1, threads: 1 });

  adapter.start(scheduler, new Workforce(scheduler, { start: never }));
  t.mock.timers.tick(1_000);
  adapter.stop();

  const known = '3 task runs are queued, for 9.0 s of one thread, besides those of which nothing is known yet';
  assert.equal(told.at(-1), `adapting to 3 workers, from 0: ${known}`);
});

test('a worker that cannot be started is told of with what there is, and tried again more and more rarely', async (t) => {
  const told: string[] = [];
  await using scheduler = new Scheduler({ log: ({ message }) => void told.push(message) });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 3 })] });
  await connect(scheduler, { role: 'client' }).next('welcome');
  let starts = 0;
  const start = () => {
    starts += 1;
    return Promise.reject(new RangeError('no machine is free'));
  };
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const adapter = new Adapter({ maximum: 3 }, { owner: 'Cluster', workers: 1, threads: 1 });
  adapter.start(scheduler, new Workforce(scheduler, { start }));
  const startsAt = async (ms: number) => {
    now = ms;
    t.mock.timers.tick(1_000);
    await turn();
    return starts;
  };

  assert.equal(await startsAt(1_000), 1);
  const why = 'it is tried again in 2.0 s, if it is wanted then: no machine is free';
  assert.equal(told.at(-1), `a worker could not be started, so there are 0 of the 1 that are wanted; ${why}`);
  assert.deepEqual([await startsAt(2_000), await startsAt(3_000)], [1, 2]);
  assert.match(told.at(-1)!, /tried again in 4\.0 s/);
  assert.deepEqual([await startsAt(6_000), await startsAt(7_000)], [2, 3]);
  for (const ms of [15_000, 31_000, 61_000]) await startsAt(ms);
  assert.match(told.at(-1)!, /tried again in 30\.0 s/);
  adapter.stop();
});

/** Of each array: what is queued, for how long, and how many threads could have some of it. */
function load(busy: number, ...arrays: [queued: number, queuedMs?: number | undefined, mostThreads?: number][]): Load {
  return {
    busy,
    arrays: arrays.map(([queued, queuedMs, mostThreads = queued]) => ({ queued, queuedMs, mostThreads })),
  };
}
