// How a comm over a WebSocket comes to its end, when the other end is slow, or hears nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ear } from './ear.ts';
import { acquainted, bodyParts, bounded, dial, ended, large, scheduler, settled } from './house.ts';

test(
  'an end that never reads is given up when too much waits for it, and its memory is free [N13]',
  bounded,
  async () => {
    await using house = await scheduler({ maxBacklogBytes: 30_000_000, closeTimeoutMs: 20 });
    const { comm, ear, socket } = await acquainted(house);
    socket.pause();

    for (let sent = 0; ear.goodbyes.length === 0 && sent < 1000; sent += 1) {
      comm.send(large(2_000_000));
      await new Promise(setImmediate);
    }
    const closed = await ear.closed();

    assert.ok(closed.by === 'failure' && closed.error.code === 'PEER_TOO_SLOW');
    assert.match(closed.reason, /^127\.0\.0\.1:\d+ does not take what is sent to it: 3\d{7} bytes wait\. See whether/);
    assert.equal(comm.backlogBytes, 0);
    socket.terminate();
  },
);

test('an end that hangs up says goodbye, and sends nothing of what waits', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const ear = Ear.at(await house.accepted());

  worker.send(settled(60_000_000));
  await worker.hangUp('enough');

  assert.deepEqual(await ear.closed(), { by: 'other-end', reason: 'enough' });
  assert.deepEqual([ear.messages, worker.backlogBytes], [[], 0]);
  assert.ok(ear.seen <= 2, `${ear.seen} parts came`);
});

test('an end that takes nothing does not keep the other from closing', bounded, async () => {
  await using house = await scheduler({ closeTimeoutMs: 20 });
  const { comm, ear, socket } = await acquainted(house);
  socket.pause();

  for (let i = 0; i < 40; i += 1) comm.send(large(1_000_000));
  await comm.close('too slow');

  assert.deepEqual(ear.goodbyes, [{ by: 'this-end', reason: 'too slow' }]);
  socket.terminate();
});

test('what is sent after a close goes out to nobody, whatever still waits before it', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const ear = Ear.at(await house.accepted());

  worker.send(settled(20_000_000));
  const closing = worker.close();
  worker.send(ended(2));
  await closing;
  await ear.closed();

  assert.deepEqual(
    ear.messages.map(({ type }) => type),
    ['settled'],
  );
});

test('the parts that still come to an end that closes keep nothing from going out', bounded, async () => {
  await using house = await scheduler();
  const { comm, ear, socket, frames } = await acquainted(house);
  const [first, second] = bodyParts(3);
  socket.send(first!);
  await ear.until(() => comm.arrivingBytes > 0);

  for (let i = 0; i < 60; i += 1) comm.send(large(1_000_000));
  const closing = comm.close('enough');
  socket.send(second!);
  await closing;

  assert.deepEqual(ear.goodbyes, [{ by: 'this-end', reason: 'enough' }]);
  assert.ok(frames.reduce((sum, frame) => sum + frame.length, 0) > 60_000_000);
});

test('what an end was closed for first is the reason', bounded, async () => {
  await using house = await scheduler({ maxMessageBytes: 1_000_000 });
  const { comm, ear } = await acquainted(house);

  comm.send(large(2_000_000));
  await Promise.all([comm.close('done'), comm.hangUp('enough')]);

  const [closed] = ear.goodbyes;
  assert.ok(closed?.by === 'failure' && closed.error.code === 'MESSAGE_TOO_LARGE');
});

test('a reason too long for a close frame is cut, and says so', bounded, async () => {
  await using house = await scheduler();
  const worker = await dial(house.listener.url);
  const ear = Ear.at(await house.accepted());

  await worker.close('ü'.repeat(100));

  assert.equal((await ear.closed()).reason, `${'ü'.repeat(60)}…`);
});
