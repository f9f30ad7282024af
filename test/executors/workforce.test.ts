import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Flow } from 'heddle';
import { DistributedExecutor, WebSocketCluster, type LaunchedWorker, type WorkerOrder } from 'heddle/executors';
import { Workforce } from '../../src/executors/workforce.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { newDiary, note, until } from '../fixtures/diary.ts';
import { hold } from '../fixtures/failing.ts';
import { Listener } from './listener.ts';
import { byCommandLine } from './worker-process.ts';

const bounded = { timeout: 60_000 };

test('a worker that does not end though it was to is told of, from ten seconds on', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  const never = new Promise<void>(() => {});
  await using scheduler = new Scheduler({ log: ({ level, message }) => void told.push(`${level}: ${message}`) });
  const start = () => ({ ended: never, leave: () => {}, end: () => never });
  const workforce = new Workforce(scheduler, { start, nameOf: () => 'weaver' });
  void workforce.scale(1);

  void workforce[Symbol.asyncDispose]();
  await setImmediate();
  t.mock.timers.tick(9_999);
  assert.deepEqual(told, []);
  t.mock.timers.tick(1);

  assert.deepEqual(told, ['warn: weaver has not ended 10.0 s after it was to']);
});

test('nobody waits any longer for a worker that was ended, though that is not heard of it', bounded, async () => {
  await using scheduler = new Scheduler({ log: () => {} });
  const start = () => ({ ended: new Promise(() => {}), leave: () => {}, end: () => Promise.resolve() });
  const workforce = new Workforce(scheduler, { start, nameOf: () => 'weaver' });
  const scaling = workforce.scale(1);

  await workforce[Symbol.asyncDispose]();

  await assert.rejects(scaling, { code: 'WORKER_ENDED', message: 'worker weaver ended before it had joined' });
});

test('whoever closes a cluster hears why a worker could not be ended', bounded, async () => {
  await using scheduler = new Scheduler({ log: () => {} });
  const end = () => Promise.reject(new Error('no such container'));
  const start = () => ({ ended: new Promise(() => {}), leave: () => {}, end });
  const workforce = new Workforce(scheduler, { start, nameOf: () => 'weaver' });
  const scaling = workforce.scale(1);

  await assert.rejects(workforce[Symbol.asyncDispose](), { message: 'no such container' });

  await assert.rejects(scaling, { code: 'WORKER_ENDED' });
});

test('a worker that cannot be ended is told of, and hides not why the cluster could not start', bounded, async () => {
  const listener = new Listener();
  const end = async () => {
    throw new Error('no such container');
  };
  const launch = ({ place, ...order }: WorkerOrder) => {
    if (place === 1) throw new RangeError('there is no second machine');
    const worker = byCommandLine(order);
    return { ...worker, end: () => worker.end().then(end) };
  };
  const options = { port: 0, token: 'weft', workers: 2, launch, onLog: listener.onLog };
  await using cluster = new WebSocketCluster(options);

  await assert.rejects(cluster.start(), { message: 'there is no second machine' });

  assert.equal(listener.count(/^worker-1 could not be ended: no such container$/), 1);
});

test('a cluster goes on to adapt while a worker that it has started does not come', bounded, async () => {
  using diary = newDiary();
  const listener = new Listener();
  const never = Promise.withResolvers<LaunchedWorker>();
  const isAsked = Promise.withResolvers<void>();
  const launch = ({ place, ...order }: WorkerOrder) => {
    if (place !== 1) return byCommandLine(order);
    isAsked.resolve();
    return never.promise;
  };
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft', launch, onLog: listener.onLog });
  cluster.adapt({ maximum: 3, interval: '5ms' });
  const executor = new DistributedExecutor(() => cluster);
  const run = async (x: number) => await new Flow(`flow-${x}`, () => hold(x, diary.path)).run({ executor });
  const first = run(1);
  await until(diary.path, (lines) => lines.length === 1);

  const second = run(2);
  await listener.said(/^adapting to 2 workers, from 1: 1 task run is queued, of which nothing is known yet$/);
  await isAsked.promise;
  const third = run(3);

  await until(diary.path, (lines) => lines.length === 2);
  never.reject(new Error('it never came'));
  for (const x of [1, 2, 3]) note(diary.path, `go ${x}`);
  const states = await Promise.all([first, second, third]);
  assert.deepEqual(
    states.map(({ output }) => output),
    [1, 2, 3],
  );
});
