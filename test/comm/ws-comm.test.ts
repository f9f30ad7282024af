import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { pack } from 'msgpackr';
import { decodeFromWorker } from '../../src/protocol/codec.ts';
import { partBytes } from '../../src/protocol/part.ts';
import { commContract } from './contract.ts';
import { Ear } from './ear.ts';
import {
  bodyParts,
  bounded,
  dial,
  ended,
  rawWebSocket,
  rawWebSocketServer,
  scheduler,
  settled,
  upgrade,
} from './house.ts';

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
  comm.send(settled(900_000));
  comm.send(ended(1));
  await comm.close();

  assert.deepEqual(
    frames.map((frame) => decodeFromWorker(frame).length),
    [1000, 2, 2, 2, 2, 1, 1],
  );
  await close();
});

test('with 256 MB on its way, answers go to and fro behind a handful of parts each', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const accepted = await house.accepted();
  let parts = 0;
  /** How many parts had come when each small message did. */
  const partsAt: number[] = [];
  accepted.listen({
    message: (message) => {
      partsAt.push(parts);
      if (message.type === 'settled') void accepted.close();
      else accepted.send({ type: 'forget', array: partsAt.length });
    },
    seen: () => (parts += 1),
    closed: () => {},
  });
  const ear = Ear.at(worker, () => worker.send(ended(2)));

  worker.send(settled(256 * 1024 * 1024));
  worker.send(ended(2));
  await ear.closed();

  const between = partsAt.map((at, position) => at - (partsAt[position - 1] ?? 0));
  // A few parts are in the buffers of the operating system at any time, and an answer is behind them.
  assert.ok(partsAt.length >= 16, `only ${partsAt.length} answers`);
  assert.ok(Math.max(...between) <= 20, `parts between answers: ${between.join(' ')}`);
});

test('bytes in shared memory are sent like any others', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const ear = Ear.at(await house.accepted());
  const bytes = new Uint8Array(new SharedArrayBuffer(3_000_000)).map((_, i) => i * 7);

  worker.send({ ...settled(0), bytes } as ReturnType<typeof settled>);
  await ear.until(({ messages }) => messages.length > 0);

  const [arrived] = ear.messages;
  assert.ok(arrived?.type === 'settled' && Buffer.compare(arrived.bytes, new Uint8Array(bytes)) === 0);
});

test('the parts of a body are signs of life, and are counted, long before it is whole', bounded, async () => {
  await using house = await scheduler();
  const socket = await rawWebSocket(house.listener.url);
  const comm = await house.accepted();
  const ear = Ear.at(comm);

  for (const part of bodyParts(3).slice(0, 2)) socket.send(part);

  await ear.until(({ seen }) => seen >= 2);
  assert.deepEqual([ear.messages, comm.arrivingBytes], [[], 2 * partBytes]);
  socket.terminate();
  await ear.closed();
  assert.equal(comm.arrivingBytes, 0);
});

test('bytes of a frame that is not whole yet are a sign of life to whoever looks', bounded, async () => {
  await using house = await scheduler();
  const { socket } = await upgrade(house.listener.port);
  const comm = await house.accepted();
  const ear = Ear.at(comm);
  const headOf64Bytes = Buffer.from([0x82, 0x80 | 64, 0, 0, 0, 0]);

  comm.look();
  assert.equal(ear.seen, 0);
  socket.write(headOf64Bytes);
  while (ear.seen === 0) {
    await new Promise(setImmediate);
    comm.look();
  }
  comm.look();

  assert.deepEqual([ear.seen, ear.messages], [1, []]);
  socket.destroy();
});

for (const [what, frames, reason] of [
  ['parts out of order', () => bodyParts(3).slice(1), /does not follow the 0 of 3145728 bytes/],
  [
    'more begun than may be',
    () => [0, 1, 2, 3, 4].map((id) => bodyParts(3, id)[0]!),
    /begins one more while 4 are not finished/,
  ],
  ['a size over the limit', () => [bodyParts(3, 0, 2 ** 47)[0]!], /is of more than may be held for one connection/],
  ['a body that never came', () => [pack([{ ...settled(0), bytes: { body: 7 } }])], /expected bytes, got an object/],
  [
    'a body that is not whole',
    () => [...bodyParts(1, 5), bodyParts(3, 7)[0]!, pack([{ ...settled(0), bytes: { body: 7 } }])],
    /a message refers to body 7, which has not come/,
  ],
  ['a frame in parts that is none', () => bodyParts(2, 0, 2 * 1024 * 1024, 'frame'), /2097151 bytes follow its end/],
] as const) {
  test(`${what}: the channel is closed with the reason, and no other`, bounded, async () => {
    await using house = await scheduler();
    const healthy = await dial(house.listener.url);
    const healthyEar = Ear.at(await house.accepted());
    const socket = await rawWebSocket(house.listener.url);
    const ear = Ear.at(await house.accepted());

    for (const frame of frames()) socket.send(frame);
    const [code] = (await once(socket, 'close')) as [number];
    const closed = await ear.closed();
    healthy.send(ended(1));

    assert.equal(code, 1002);
    assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
    assert.match(closed.reason, reason);
    assert.deepEqual((await healthyEar.until(({ messages }) => messages.length > 0)).messages, [ended(1)]);
  });
}

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

  garbage.send(Buffer.from([0xc7, 1, 2, 3]));
  const [code, reason] = (await once(garbage, 'close')) as [number, Buffer];
  const closed = await ear.closed();
  healthy.send(ended(1));

  assert.equal(code, 1002);
  assert.equal(reason.toString(), 'a frame of 4 bytes is not a batch of messages: it holds a value of the kind 0xc7');
  assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
  assert.deepEqual((await healthyEar.until(({ messages }) => messages.length > 0)).messages, [ended(1)]);
});

test('the end that broke the protocol is told so', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const ear = Ear.at(worker);

  worker.send({ type: 'forget', array: 1 } as never);
  const closed = await ear.closed();

  assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
  assert.match(closed.reason, /closed the channel: no message of type "forget" may come this way/);
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

test('a frame that is longer than any part is not read', bounded, async () => {
  await using house = await scheduler();
  const socket = await rawWebSocket(house.listener.url);
  const ear = Ear.at(await house.accepted());

  socket.send(new Uint8Array(1_100_000));
  const [code] = (await once(socket, 'close')) as [number];
  const closed = await ear.closed();

  assert.equal(code, 1009);
  assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
});

test('more than the limit is not put together', bounded, async () => {
  await using house = await scheduler({ maxMessageBytes: 2_000_000 });
  const worker = await dial(house.listener.url);
  const ear = Ear.at(await house.accepted());
  const workerEar = Ear.at(worker);

  worker.send(settled(2_000_001));
  const [closed, told] = [await ear.closed(), await workerEar.closed()];

  assert.ok(closed.by === 'failure' && closed.error.code === 'PROTOCOL_VIOLATION');
  assert.ok(told.by === 'failure');
  assert.match(told.reason, /is of more than may be held for one connection/);
  assert.deepEqual(ear.messages, []);
});

test('more than the limit is not sent, and the error says what it was [D089]', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url, { maxMessageBytes: 1_000_000 });
  const ear = Ear.at(worker);

  worker.send(settled(900_000));
  worker.send(settled(1_000_000));
  const closed = await ear.closed();

  assert.ok(closed.by === 'failure');
  const { code, messageType, maxMessageBytes } = closed.error as unknown as Record<string, unknown>;
  assert.deepEqual([code, messageType, maxMessageBytes], ['MESSAGE_TOO_LARGE', 'settled', 1_000_000]);
  assert.match(
    closed.reason,
    /^a message "settled" of attempt 1 has up to 1000\d\d\d bytes; at most 1000000 can be sent at once: let tasks/,
  );
});

test('an end that vanishes is a lost connection [D097]', bounded, async () => {
  await using house = await scheduler();
  const socket = await rawWebSocket(house.listener.url);
  const ear = Ear.at(await house.accepted());

  socket.terminate();
  const closed = await ear.closed();

  assert.ok(closed.by === 'failure' && closed.error.code === 'CONNECTION_LOST');
});
