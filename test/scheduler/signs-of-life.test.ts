import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { WorkerBehind } from './peers.ts';

test('a peer is asked for a sign of life every 15 s at least, so that no router forgets its connection', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  await using scheduler = new Scheduler({ heartbeatTimeoutMs: 600_000 });
  let pings = 0;
  scheduler.accept(Object.assign(new WorkerBehind({ threads: 1 }), { ping: () => (pings += 1) }));
  await Promise.resolve();

  t.mock.timers.tick(30_000);

  assert.equal(pings, 2);
});

test('a worker that is given up is told who has given up whom', async () => {
  await using scheduler = new Scheduler({ heartbeatTimeoutMs: 20 });
  const { promise: told, resolve } = Promise.withResolvers<string>();

  scheduler.accept(Object.assign(new WorkerBehind({ threads: 1 }), { hangUp: async (why: string) => resolve(why) }));

  assert.match(
    await told,
    /^the scheduler gave this worker up: no sign of life within the heartbeat timeout of 20 ms;/,
  );
});
