import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { inprocPair } from '../../src/comm/inproc.ts';
import { introduce } from '../../src/comm/introduce.ts';
import { connect } from '../../src/comm/ws.ts';
import { decodeToWorker } from '../../src/protocol/codec.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { Cable } from '../executors/cable.ts';
import { bounded, dial, rawWebSocketServer, run, scheduler as listening } from './house.ts';

const self = { role: 'worker', name: 'ada', threads: 1 } as const;

test('a scheduler that goes silent is given up by the other end, later than it would give up that', async () => {
  const [scheduler, worker] = inprocPair<FromWorker, ToWorker>();
  scheduler.listen({ message: () => {}, seen: () => {}, closed: () => {} });
  scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 60 });
  const closed = Promise.withResolvers<string>();

  await introduce<ToWorker, FromWorker>(worker, self, {
    message: () => {},
    closed: ({ reason }) => closed.resolve(reason),
  });

  assert.match(await closed.promise, /^the scheduler showed no sign of life for \d+ ms$/);
});

test('a flow waits longer for a scheduler than a worker, which can join again', bounded, async () => {
  const given: string[] = [];
  const joined = (['client', 'worker'] as const).map(async (role) => {
    const [scheduler, end] = inprocPair<FromWorker, ToWorker>();
    scheduler.listen({ message: () => {}, seen: () => {}, closed: () => {} });
    scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 60 });
    const closed = Promise.withResolvers<void>();
    await introduce<ToWorker, FromWorker>(
      end,
      { ...self, role },
      { message: () => {}, closed: () => closed.resolve() },
    );
    await closed.promise;
    given.push(role);
  });

  await Promise.all(joined);

  assert.deepEqual(given, ['worker', 'client']);
});

test('a scheduler whose words take longer than its silence may is heard while they come', bounded, async () => {
  await using house = await listening();
  await using cable = await Cable.to(house.listener.url, { pieceBytes: 10_000 });
  const comm = await dial(cable.url);
  const scheduler = await house.accepted();
  const heard = Promise.withResolvers<ToWorker['type']>();

  scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 60 });
  await introduce<ToWorker, FromWorker>(comm, self, {
    message: ({ type }) => heard.resolve(type),
    closed: ({ reason }) => heard.reject(new Error(reason)),
  });
  scheduler.send({ ...run(), notes: [{ index: 0, bytes: new Uint8Array(900_000) }] });

  assert.equal(await heard.promise, 'run');
});

test('an answer that waits for us is no silence, however long we were too busy to read it', async () => {
  const [scheduler, worker] = inprocPair<FromWorker, ToWorker>();
  const closed = () => {};
  scheduler.listen({
    message: () => scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 1_000 }),
    seen: () => {},
    closed,
  });

  const introduced = introduce<ToWorker, FromWorker>(
    worker,
    self,
    { message: () => {}, closed },
    { answerTimeoutMs: 30 },
  );
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);

  await introduced;
  await worker.close();
});

test('what comes in one batch with the welcome is heard', async () => {
  const [scheduler, worker] = inprocPair<FromWorker, ToWorker>();
  scheduler.listen({ message: () => {}, seen: () => {}, closed: () => {} });
  scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 1_000 });
  scheduler.send({ type: 'forget', array: 7 });
  const heard = Promise.withResolvers<ToWorker>();

  await introduce<ToWorker, FromWorker>(worker, self, {
    message: (message) => heard.resolve(message),
    closed: () => {},
  });

  assert.deepEqual(await heard.promise, { type: 'forget', array: 7 });
  await worker.close();
});

test('a message that makes no sense to its reader closes the comm, and throws nowhere else', async () => {
  const [scheduler, worker] = inprocPair<FromWorker, ToWorker>();
  const closed = Promise.withResolvers<string>();
  scheduler.listen({ message: () => {}, seen: () => {}, closed: ({ reason }) => closed.resolve(reason) });
  scheduler.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 1_000 });
  scheduler.send({ type: 'forget', array: 7 });

  await introduce<ToWorker, FromWorker>(worker, self, {
    message: () => {
      throw new ProtocolError('nonsense');
    },
    closed: () => {},
  });

  assert.equal(await closed.promise, 'nonsense');
});

test('a scheduler whose answer does not come is one that the network keeps from us', bounded, async () => {
  await using server = await rawWebSocketServer();
  const comm = await dial(server.url);

  const handlers = { message: () => {}, closed: () => {} };
  await assert.rejects(introduce<ToWorker, FromWorker>(comm, self, handlers, { answerTimeoutMs: 30 }), {
    code: 'CONNECTION_TIMEOUT',
    address: server.url,
    message: /^ws:.* let us in, and then did not answer our hello within 30 ms: .*\(MTU\)/,
  });

  await comm.close();
});

test('a WebSocket server that is no scheduler is told apart by its answer to our hello', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.send('welcome to the chat'));
  const { port } = server.address() as { port: number };
  const comm = await connect<ToWorker, FromWorker>({
    url: `ws://127.0.0.1:${port}`,
    token: 'x',
    decode: decodeToWorker,
  });

  const handlers = { message: () => {}, closed: () => {} };
  await assert.rejects(
    introduce<ToWorker, FromWorker>(comm, self, handlers),
    /closed the connection before it let us in/,
  );

  await comm.close();
  server.close();
});
