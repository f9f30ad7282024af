// Those who knock and do not introduce themselves: bounded in number and in time, and told of in a few lines.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { mock, test } from 'node:test';
import { Refusals, type TellRefusals } from '../../src/comm/refusals.ts';
import { Ear } from './ear.ts';
import { bounded, dial, ended, rawWebSocket, scheduler, upgrade } from './house.ts';

test(
  'no more strangers than the limit are let in from one address, and others are not shut out by them',
  bounded,
  async () => {
    const news: string[] = [];
    await using house = await scheduler({ maxStrangersPerAddress: 3, onRefused: (text) => news.push(text) });
    const { port } = house.listener;

    const crowd = await Promise.all(Array.from({ length: 3 }, () => opened(port, '127.0.0.2')));
    await Promise.all(Array.from({ length: 20 }, () => refused(port, '127.0.0.2')));
    const worker = await dial(house.listener.url);
    worker.send(ended(1));

    assert.equal(
      (await Ear.at(await house.accepted()).until(({ messages }) => messages.length > 0)).messages.length,
      1,
    );
    const why = '3 of its address have not introduced themselves yet, and no more are let in until they have';
    assert.deepEqual(news, [`refused a connection from 127.0.0.2: ${why}`]);
    for (const socket of crowd) socket.destroy();
  },
);

test(
  'no more strangers than the limit are let in at all, until one has introduced itself or gone',
  bounded,
  async () => {
    await using house = await scheduler({ maxStrangers: 3 });
    const { port, url } = house.listener;

    const first = await dial(url);
    const crowd = [await opened(port, '127.0.0.2'), await opened(port, '127.0.0.3')];
    await assert.rejects(dial(url), { code: 'CONNECTION_FAILED' }, 'the first one has said nothing yet');
    await refused(port, '127.0.0.4');
    crowd.pop()!.destroy();
    first.send(ended(1));
    await Ear.at(await house.accepted()).until(({ messages }) => messages.length > 0);

    const second = await dial(url);
    await second.close();
    crowd.pop()!.destroy();
  },
);

test('one who introduces itself byte by byte is given up', bounded, async () => {
  const news = Promise.withResolvers<string>();
  await using house = await scheduler({ introductionTimeoutMs: 100, onRefused: news.resolve });
  const socket = connectTcp(house.listener.port, '127.0.0.1').on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: ');
  const drip = setInterval(() => socket.write('a'), 5);

  await gone(socket);
  clearInterval(drip);

  assert.equal(await news.promise, 'refused a connection from 127.0.0.1: it did not introduce itself within 100 ms');
});

test('one who knows the token and then says nothing is given up as well', bounded, async () => {
  await using house = await scheduler({ introductionTimeoutMs: 50 });
  const worker = await dial(house.listener.url);
  const ear = Ear.at(worker);

  const closed = await ear.closed();

  assert.ok(closed.by === 'failure' && closed.error.code === 'CONNECTION_LOST');
});

test('one who begins with a body that never ends is a stranger all the time', bounded, async () => {
  await using house = await scheduler({ introductionTimeoutMs: 50 });
  const socket = await rawWebSocket(house.listener.url);
  socket.on('error', () => {});

  socket.send(Buffer.from([0xc1, 0]), { fin: false });

  await gone(socket);
});

test('one who has introduced itself may be silent for as long as it likes', bounded, async () => {
  await using house = await scheduler({ introductionTimeoutMs: 50 });
  const [silent, other] = [await dial(house.listener.url), await dial(house.listener.url)];
  const ear = Ear.at(await house.accepted());
  silent.send(ended(1));
  await ear.until(({ messages }) => messages.length === 1);

  // The other one is given up when its time is over, and the first one's would be over by then.
  await Ear.at(other).closed();
  silent.send(ended(2));

  await ear.until(({ messages }) => messages.length === 2);
});

test('more connections than there may be at all are refused', bounded, async () => {
  const news = Promise.withResolvers<string>();
  await using house = await scheduler({ maxConnections: 2, onRefused: news.resolve });
  const comms = [await dial(house.listener.url), await dial(house.listener.url)];

  await assert.rejects(dial(house.listener.url), { code: 'CONNECTION_FAILED' });

  assert.equal(
    await news.promise,
    'refused a connection from 127.0.0.1: 2 connections are open, and no more are let in',
  );
  for (const comm of comms) await comm.close();
});

test('headers without end are refused, and harm nobody', bounded, async () => {
  await using house = await scheduler();
  const { port } = house.listener;
  const socket = connectTcp(port, '127.0.0.1').on('error', () => {});

  socket.write('GET / HTTP/1.1\r\nhost: a\r\n');
  socket.write(`x: ${'y'.repeat(100_000)}\r\n`.repeat(100));
  await gone(socket);
  const { response: long } = await upgrade(port, { x: 'y'.repeat(20_000) });
  const { response: short, socket: opened } = await upgrade(port);

  assert.deepEqual([long.statusCode, short.statusCode], [431, 101]);
  opened.destroy();
});

test('of refusals without end the first is told, and then how many they were', () => {
  mock.timers.enable({ apis: ['setInterval'] });
  const news: string[] = [];
  const refusals = new Refusals((text) => news.push(text));
  const knock = (times: number) => {
    for (let i = 0; i < times; i += 1) refusals.note('10.0.0.9', 'no token was given');
  };

  knock(1000);
  assert.deepEqual(news.splice(0), ['refused a connection from 10.0.0.9: no token was given']);
  mock.timers.tick(10_000);
  assert.deepEqual(news.splice(0), ['refused 999 more connections: no token was given']);
  mock.timers.tick(10_000);
  mock.timers.tick(10_000);
  knock(1);
  assert.deepEqual(
    news.splice(0),
    ['refused a connection from 10.0.0.9: no token was given'],
    'it was quiet meanwhile',
  );
  knock(5);
  refusals[Symbol.dispose]();
  assert.deepEqual(news, ['refused 5 more connections: no token was given']);
  mock.timers.reset();
});

test('of refusals from several addresses the first of each is told, up to eight of them', () => {
  const news: Parameters<TellRefusals>[] = [];
  const refusals = new Refusals((...told) => news.push(told));

  for (let i = 1; i <= 9; i += 1) {
    refusals.note(`10.0.0.${i}`, 'no token was given');
    refusals.note('10.0.0.1', 'no token was given');
  }
  refusals.note('10.0.0.9', 'it is late');

  const first = (from: string, why: string) => [`refused a connection from ${from}: ${why}`, from];
  const eight = Array.from({ length: 8 }, (_, i) => first(`10.0.0.${i + 1}`, 'no token was given'));
  assert.deepEqual(news.splice(0), [...eight, first('10.0.0.9', 'it is late')]);
  refusals.note('10.0.0.9', 'it is late');
  refusals[Symbol.dispose]();
  assert.deepEqual(news, [
    ['refused 10 more connections: no token was given'],
    ['refused 1 more connection: it is late'],
  ]);
});

async function opened(port: number, localAddress: string): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress });
  await once(socket, 'connect');
  // It is let in when it is answered.
  socket.write('GET / HTTP/1.1\r\n');
  return socket;
}

/** However it ended. */
function gone(socket: { once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => socket.once('close', resolve));
}

async function refused(port: number, localAddress: string): Promise<void> {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress });
  await assert.rejects(once(socket, 'end'), { code: 'ECONNRESET' });
}
