import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '../../src/lib/log-record.ts';
import type { FromPeer } from '../../src/protocol/messages.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { connect, settled, submission, WorkerBehind } from './peers.ts';

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

test('of a worker that is lost it is told what it ran, not what waited behind that', async () => {
  const { promise: lost, resolve } = Promise.withResolvers<string>();
  const log = ({ message }: LogRecord) => message.startsWith('worker ada was lost') && resolve(message);
  await using scheduler = new Scheduler({ log });
  const ada = connect(scheduler, { role: 'worker', threads: 1, name: 'ada' });
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 10, name: 'load' })] });
  const { attempt } = await ada.next('run');
  ada.send({ ...settled(attempt, 0), busyMs: 150, isLast: true } as FromPeer);
  const [first, second] = [await ada.next('run'), await ada.next('run')];
  assert.equal(second.behind, first.attempt);

  await ada.close();

  assert.match(await lost, /, and had been at work on task 'load' \[map index 1\] for [\d.]+ \w+\); what it ran/);
});
