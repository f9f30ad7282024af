import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { decodeFromWorker } from '../../src/protocol/codec.ts';
import { commContract } from './contract.ts';
import { Ear } from './ear.ts';
import { bounded, dial, ended, rawWebSocket, rawWebSocketServer, run, scheduler, settled, upgrade } from './house.ts';

commContract('ws', async () => {
  const house = await scheduler();
  const worker = await dial(house.listener.url);
  return { worker, scheduler: await house.accepted(), [Symbol.asyncDispose]: () => house.listener.close() };
});

test('messages of one turn leave as one frame, at most of 256 KiB unless one is bigger', bounded, async () => {
  const { url, frames, [Symbol.asyncDispose]: close } = await rawWebSocketServer();
  const comm = await dial(url);

  for (let i = 0; i < 1000; i += 1) comm.send(ended(i));
  await new Promise(setImmediate);
  for (let i = 0; i < 8; i += 1) comm.send(settled(100_000));
  comm.send(settled(3_000_000));
  comm.send(ended(1));
  await comm.close();

  assert.deepEqual(
    frames.map((frame) => decodeFromWorker(frame).length),
    [1000, 2, 2, 2, 2, 1, 1],
  );
  await close();
});

test('a ping overtakes a body that is on its way', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const order: string[] = [];
  Ear.at(await house.accepted(), () => order.push('body'));
  const ear = Ear.at(worker);

  worker.send(settled(60_000_000));
  worker.ping();
  await ear.until(({ seen }) => seen > 0);
  order.push('answer');
  await worker.close();

  assert.deepEqual(order, ['answer', 'body']);
});

test('the backlog counts what is sent and not yet taken', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);

  worker.send(ended(1));
  assert.ok(worker.backlogBytes > 0);
  worker.send(settled(5_000_000));
  assert.ok(worker.backlogBytes > 4_000_000);

  await worker.close();
  assert.equal(worker.backlogBytes, 0);
});

test('a frame that is no batch of messages closes its comm with the reason, and no other [N14]', bounded, async () => {
  await using house = await scheduler();
  const healthy = await dial(house.listener.url);
  const healthyEar = Ear.at(await house.accepted());
  const garbage = await rawWebSocket(house.listener.url);
  const ear = Ear.at(await house.accepted());

  garbage.send(Buffer.from([0xc1, 1, 2, 3]));
  const [code, reason] = (await once(garbage, 'close')) as [number, Buffer];
  const closed = await ear.closed();
  healthy.send(ended(1));

  assert.equal(code, 1002);
  assert.equal(reason.toString(), 'a frame of 4 bytes is not a batch of messages: it holds a value of the kind 0xc1');
  assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
  assert.deepEqual((await healthyEar.until(({ messages }) => messages.length > 0)).messages, [ended(1)]);
});

test('the end that broke the protocol is told so', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const ear = Ear.at(worker);

  worker.send({ type: 'nonsense' } as never);
  const closed = await ear.closed();

  assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
  assert.match(closed.reason, /closed the channel: no message of type "nonsense" may come this way/);
});

test('a text frame is a violation', bounded, async () => {
  await using house = await scheduler();
  const socket = await rawWebSocket(house.listener.url);
  const ear = Ear.at(await house.accepted());

  socket.send('hello');
  const [code] = (await once(socket, 'close')) as [number];

  assert.equal(code, 1002);
  assert.equal((await ear.closed()).reason, 'a text frame came: only binary frames are spoken here');
});

test('bytes that are no WebSocket frames are a violation', bounded, async () => {
  await using house = await scheduler({ closeTimeoutMs: 20 });
  const { socket } = await upgrade(house.listener.port);
  const ear = Ear.at(await house.accepted());

  socket.write(Buffer.alloc(1000, 0xff));
  const closed = await ear.closed();

  assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
});

test('more than the limit is not put together, in one piece or in parts', bounded, async () => {
  await using house = await scheduler({ maxMessageBytes: 2_000_000 });
  for (const size of [2_000_001, 10_000_000]) {
    const worker = await dial(house.listener.url);
    const ear = Ear.at(await house.accepted());
    const workerEar = Ear.at(worker);

    worker.send(settled(size));
    const [closed, told] = [await ear.closed(), await workerEar.closed()];

    assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
    assert.equal(told.by, 'failure');
    assert.deepEqual(ear.messages, []);
  }
});

test('more than the limit is not sent', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url, { maxMessageBytes: 1_000_000 });
  const ear = Ear.at(worker);

  worker.send(settled(900_000));
  worker.send(settled(1_000_000));
  const closed = await ear.closed();

  assert.ok(closed.by === 'failure' && closed.error.code === 'MESSAGE_TOO_LARGE');
});

test('an end that vanishes is a lost connection [D097]', bounded, async () => {
  await using house = await scheduler();
  const socket = await rawWebSocket(house.listener.url);
  const ear = Ear.at(await house.accepted());

  socket.terminate();
  const closed = await ear.closed();

  assert.ok(closed.by === 'failure' && closed.error.code === 'CONNECTION_LOST');
});

test('an end that takes nothing does not keep the other from closing', bounded, async () => {
  await using house = await scheduler({ closeTimeoutMs: 20 });
  const { socket } = await upgrade(house.listener.port);
  socket.pause();
  const comm = await house.accepted();
  const ear = Ear.at(comm);

  for (let i = 0; i < 40; i += 1) comm.send({ ...run(), notes: [{ index: 0, bytes: new Uint8Array(1_000_000) }] });
  await comm.close('too slow');

  assert.deepEqual(ear.goodbyes, [{ by: 'this-end', reason: 'too slow' }]);
  socket.destroy();
});

test('a reason too long for a close frame is cut', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const ear = Ear.at(await house.accepted());

  await worker.close('ü'.repeat(100));

  assert.equal((await ear.closed()).reason, 'ü'.repeat(61));
});
