// How a worker and its scheduler part without anything falling between them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comm } from '../../src/comm/comm.ts';
import { inprocPair } from '../../src/comm/inproc.ts';
import { introduce } from '../../src/comm/introduce.ts';
import { listen } from '../../src/comm/ws.ts';
import { InlinePool } from '../../src/executors/on-this-thread.ts';
import { noDefinition } from '../../src/lib/chunk.ts';
import { noTraits } from '../../src/lib/placing.ts';
import { decodeFromWorker } from '../../src/protocol/codec.ts';
import type { FromPeer, FromWorker, ToPeer, ToWorker } from '../../src/protocol/messages.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { join } from '../../src/worker/join.ts';
import { serve } from '../../workers/remote.ts';

const bounded = { timeout: 20_000 };

test('a worker that drains hears goodbye behind the last chunk that it gets', bounded, async () => {
  await using scheduler = new Scheduler();
  const heard: string[] = [];
  const goodbye = Promise.withResolvers<void>();
  const worker = await connected(scheduler, 'worker', ({ type }) => {
    heard.push(type);
    if (type === 'close') goodbye.resolve();
  });
  const client = await connected(scheduler, 'client', () => {});

  client.send({ type: 'submit', arrays: [submission(1)] });
  worker.send({ type: 'draining' });
  client.send({ type: 'submit', arrays: [submission(2)] });
  await goodbye.promise;

  assert.deepEqual(heard, ['define', 'run', 'close']);
});

test('a worker with nothing to do waits for that goodbye before it is drained', bounded, async () => {
  const [scheduler, comm] = inprocPair<FromPeer, ToPeer>();
  const draining = Promise.withResolvers<void>();
  scheduler.listen({
    message: ({ type }) => {
      if (type === 'hello') scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 15_000 });
      if (type === 'draining') draining.resolve();
    },
    seen: () => {},
    closed: () => {},
  });
  await using worker = await join(comm, new InlinePool(), { name: 'ada' });
  let isDrained = false;

  const drained = worker.drain(60_000).then(() => {
    isDrained = true;
  });
  await draining.promise;
  assert.equal(isDrained, false);
  scheduler.send({ type: 'close', reason: 'it was asked for' });

  await drained;
  assert.equal(isDrained, true);
});

test(
  'a worker that is told to end while it joins goes as one that has joined, since it may have work',
  bounded,
  async () => {
    const leaving = new AbortController();
    const heard: string[] = [];
    const onConnection = (comm: Comm<FromWorker, ToWorker>) =>
      comm.listen({
        message: ({ type }) => {
          if (type !== 'vitals') heard.push(type);
          if (type === 'hello') {
            leaving.abort('told to end');
            comm.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 15_000 });
          } else if (type === 'draining') comm.send({ type: 'close', reason: 'it was asked for' });
        },
        seen: () => {},
        closed: ({ reason }) => heard.push(reason),
      });
    await using listener = await listen<FromWorker, ToWorker>({
      port: 0,
      token,
      decode: decodeFromWorker,
      onConnection,
    });

    const { signal } = leaving;
    await serve({ ...worker, url: listener.url, signal });

    assert.deepEqual(heard, ['hello', 'draining', 'draining', 'worker closed']);
  },
);

test('a worker that is told to end while it waits for a scheduler says so', bounded, async () => {
  const leaving = new AbortController();
  const said: string[] = [];
  const say = (line: string) => {
    said.push(line);
    if (line.includes('trying again')) leaving.abort('got SIGTERM');
  };
  const url = 'ws://127.0.0.1:1';

  await serve({ ...worker, url, say, signal: leaving.signal });

  assert.equal(said.at(-1), `got SIGTERM, while it waited for the scheduler of ${url}`);
});

const token = 'draining';

const worker = {
  token,
  name: 'ada',
  threads: 1,
  has: noTraits,
  memoryLimitMb: undefined,
  memoryLimitBytes: 2 ** 40,
  codeDirectory: undefined,
  drainMs: 60_000,
  say: () => {},
};

async function connected(scheduler: Scheduler, role: 'worker' | 'client', message: (message: ToPeer) => void) {
  const [ours, theirs] = inprocPair<FromPeer, ToPeer>();
  scheduler.accept(ours);
  const threads = role === 'worker' ? 1 : 0;
  const handlers = { message, closed: () => {} };
  await introduce<ToPeer, FromPeer>(theirs, { role, name: role, threads }, handlers);
  return { send: (sent: FromPeer) => theirs.send(sent) };
}

function submission(array: number) {
  return { array, definition: noDefinition, name: 'task', length: 1, elementwise: [], whole: [], priority: 0 };
}
