import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Assembly, readFrame } from '../../src/comm/assembly.ts';
import { Outbox } from '../../src/comm/outbox.ts';
import { noDefinition } from '../../src/lib/chunk.ts';
import { decodeFromWorker, decodeToWorker, weigh } from '../../src/protocol/codec.ts';
import type { Decode } from '../../src/protocol/codec.ts';
import type { FromWorker, Message, ToWorker } from '../../src/protocol/messages.ts';
import { readPart } from '../../src/protocol/part.ts';
import { ended, run } from './house.ts';

const mb = 1024 * 1024;

test('a big body leaves part by part, each when the one before it was taken, and then its message', () => {
  const { send, written, take } = wire();

  send(settled(1, 2.5 * mb));
  assert.deepEqual(written, ['part']);

  take();
  assert.deepEqual(written, ['part', 'part']);
  take();
  assert.deepEqual(written, ['part', 'part', 'part', 'settled 1']);
});

test('a small message goes ahead of big ones of other attempts, behind no more than one part', async () => {
  const { send, written, take } = wire();
  for (const attempt of [1, 2, 3]) send(settled(attempt, 256 * mb));

  for (let round = 4; round < 40; round += 1) {
    send(ended(round));
    await new Promise(setImmediate);
    take();
    take();

    assert.ok(written.indexOf(`ended ${round}`) >= written.length - 3, `at ${written.join(', ')}`);
  }
});

test('small messages do not keep a big one from leaving', async () => {
  const { send, written, take } = wire();

  for (let round = 1; round <= 8; round += 1) send(settled(round, 0.9 * mb));
  send(settled(100, 4 * mb));
  for (let round = 0; round < 12; round += 1) take();

  assert.deepEqual(written.slice(0, 6), ['settled 1', 'settled 2', 'part', 'settled 3', 'settled 4', 'part']);
});

test('what is told of one attempt leaves in the order in which it was sent', async () => {
  const { send, arrived, takeAll } = wire();

  send(log(1, 'before'));
  send(settled(1, 3 * mb));
  send(log(1, 'after'));
  send(settled(1, 2 * mb));
  send(ended(1));
  send(log(2, 'of another'));
  await takeAll();

  assert.deepEqual(arrived.map(described), ['logs 1', 'logs 2', 'settled 1', 'logs 1', 'settled 1', 'ended 1']);
});

test('an array is defined before it is run and run before it is forgotten, and a cancel waits for none of it', async () => {
  const { send, arrived, takeAll } = wire<ToWorker>(decodeToWorker);
  const blocks = [{ start: 0, count: 1, bytes: new Uint8Array(3 * mb) }];
  const definition = { array: 7, name: 'f', length: 1, definition: noDefinition, elementwise: [], whole: [5] };

  send({ type: 'whole', array: 5, blocks });
  send({ type: 'define', definition });
  send({ type: 'forget', array: 5 });
  send({ ...run(), array: 7, notes: [{ index: 0, bytes: new Uint8Array(2 * mb) }] });
  send({ type: 'forget', array: 7 });
  send({ type: 'close', reason: 'enough' });
  send({ type: 'cancel', array: 7, attempt: 1, graceMs: 0 });
  await takeAll();

  assert.deepEqual(
    arrived.map((message) => ('array' in message ? `${message.type} ${message.array}` : message.type)),
    ['define', 'cancel 7', 'whole 5', 'run 7', 'forget 5', 'forget 7', 'close'],
  );
});

test('a goodbye waits for what is big, goes once, and what is big after it goes by itself', async () => {
  const { send, arrived, takeAll } = wire<ToWorker>(decodeToWorker);
  const big = { ...run(), notes: [{ index: 0, bytes: new Uint8Array(2 * mb) }] };

  send(big);
  send({ type: 'close', reason: 'enough' });
  for (let round = 0; round < 2; round += 1) {
    await takeAll();
    send(big);
  }
  await takeAll();

  assert.deepEqual(
    arrived.map(({ type }) => type),
    ['run', 'close', 'run', 'run'],
  );
});

test('big messages share the way, but no more than four of them', async () => {
  const { send, written, arrived, take, takeAll } = wire();

  for (let attempt = 1; attempt <= 6; attempt += 1) send(settled(attempt, 2 * mb));
  for (let part = 0; part < 7; part += 1) take();

  assert.deepEqual(written.slice(0, 8), ['part', 'part', 'part', 'part', 'part', 'settled 1', 'part', 'part']);
  await takeAll();
  assert.deepEqual(
    arrived.map(described),
    [1, 2, 3, 4, 5, 6].map((attempt) => `settled ${attempt}`),
  );
});

test('what is begun together is never more than the other end may hold', async () => {
  const { send, written, arrived, take, takeAll } = wire(decodeFromWorker, 4 * mb);

  for (let attempt = 1; attempt <= 3; attempt += 1) send(settled(attempt, 3 * mb));
  for (let part = 0; part < 3; part += 1) take();

  assert.deepEqual(written, ['part', 'part', 'part', 'settled 1', 'part']);
  await takeAll();
  assert.equal(arrived.length, 3);
});

test('a message that is big without a big body is cut as well', async () => {
  const { send, written, arrived, takeAll } = wire();
  const many = Array.from({ length: 30_000 }, (_, index) => record(`line ${index} of a flood`));

  send({ type: 'logs', attempt: 1, records: many });
  send({ type: 'logs', attempt: 2, records: [record('x'.repeat(3 * mb))] });
  await takeAll();

  assert.ok(written.length > 5);
  assert.deepEqual(arrived, [
    { type: 'logs', attempt: 1, records: many },
    { type: 'logs', attempt: 2, records: [record('x'.repeat(3 * mb))] },
  ]);
});

test('a body is not copied on its way to the socket', () => {
  const bytes = new Uint8Array(3 * mb);
  const pieces: Uint8Array[] = [];
  const outbox = new Outbox<FromWorker>((frame) => void pieces.push(...frame), 100 * mb);

  outbox.push({ type: 'settled', attempt: 1, start: 0, count: 1, busyMs: 0, bytes }, 3 * mb);

  assert.equal(pieces.find(({ length }) => length === mb)?.buffer, bytes.buffer);
});

test('what waits is counted until it is taken, to the last byte', async () => {
  const { outbox, send, take, takeAll } = wire();

  send(settled(1, 2.5 * mb));
  send(ended(1));
  const before = outbox.bytes;
  take();

  assert.ok(before > 2.5 * mb && outbox.bytes > 1.5 * mb && outbox.bytes < 1.6 * mb);
  await takeAll();
  assert.equal(outbox.bytes, 0);
});

test('who waits for the backlog to fall is told when it has, and not before', async () => {
  const { outbox, send, take, takeAll } = wire();
  const told: string[] = [];
  send(settled(1, 3 * mb));

  void outbox.fallenTo(1.5 * mb).then(() => told.push('half'));
  void outbox.fallenTo(10 * mb).then(() => told.push('at once'));
  void outbox.fallenTo(0).then(() => told.push('all'));
  await Promise.resolve();
  assert.deepEqual(told, ['at once']);

  take();
  take();
  await Promise.resolve();
  assert.deepEqual(told, ['at once', 'half']);

  outbox.clear();
  await takeAll();
  assert.deepEqual(told, ['at once', 'half', 'all']);
});

test('thousands of messages leave in the order in which they came [D092]', async () => {
  const { send, arrived, takeAll } = wire();

  for (let i = 0; i < 5000; i += 1) send({ ...settled(i, (i % 300) * 100), start: i });
  await takeAll();

  assert.deepEqual(
    arrived.map((message) => message.type === 'settled' && message.start),
    Array.from({ length: 5000 }, (_, i) => i),
  );
});

test('the end is told when all is handed over', async () => {
  const { outbox, send, take, takeAll } = wire();
  const ends: string[] = [];

  send(settled(1, 2 * mb));
  send(ended(1));
  outbox.end(() => ends.push('end'));
  assert.deepEqual(ends, []);
  take();
  assert.deepEqual(ends, []);

  await takeAll();
  assert.deepEqual(ends, ['end']);
});

test('who waits for the backlog to fall waits no longer when it is cleared', { timeout: 10_000 }, async () => {
  const { outbox, send } = wire();
  send(log(1, 'not a frame yet'));

  const fallen = outbox.fallenTo(0);
  outbox.clear();

  await fallen;
});

test('what is cleared is never written', async () => {
  const { outbox, send, written, takeAll } = wire();

  send(settled(1, 3 * mb));
  send(ended(1));
  outbox.clear();
  await takeAll();

  assert.deepEqual(written, ['part']);
  assert.equal(outbox.bytes, 0);
});

/** An outbox whose socket takes a frame when the test says so, and another end that puts together what it gets. */
function wire<M extends Message = FromWorker>(decode = decodeFromWorker as unknown as Decode<M>, maxBytes = 1024 * mb) {
  /** What each frame was: a part, or the messages in it. */
  const written: string[] = [];
  const arrived: M[] = [];
  const waiting: (() => void)[] = [];
  const assembly = new Assembly(maxBytes);
  const outbox = new Outbox<M>((frame, taken) => {
    const messages = readFrame(frame, assembly, decode);
    written.push(readPart(frame) === undefined ? messages.map(described).join('+') : 'part');
    arrived.push(...messages);
    waiting.push(taken);
  }, maxBytes);
  const send = (message: M) => outbox.push(message, weigh(message));
  const take = () => waiting.shift()?.();
  const takeAll = async () => {
    do {
      await new Promise(setImmediate);
      while (waiting.length > 0) take();
    } while (outbox.bytes > 0);
  };
  return { outbox, send, written, arrived, take, takeAll };
}

function described(message: Message): string {
  return 'attempt' in message ? `${message.type} ${message.attempt}` : message.type;
}

function settled(attempt: number, size: number): Extract<FromWorker, { type: 'settled' }> {
  return { type: 'settled', attempt, start: 0, count: 1, busyMs: 0, bytes: new Uint8Array(size) };
}

function log(attempt: number, message: string): FromWorker {
  return { type: 'logs', attempt, records: [record(message)] };
}

function record(message: string) {
  return { time: 0, level: 'info', message } as const;
}
