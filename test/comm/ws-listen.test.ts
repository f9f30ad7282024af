import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { Ear } from './ear.ts';
import { bounded, dial, ended, scheduler, upgrade } from './house.ts';

test('bytes that are no HTTP harm nobody [N14]', bounded, async () => {
  await using house = await scheduler();
  const socket = connectTcp(house.listener.port, '127.0.0.1');
  socket.resume();
  socket.write(Buffer.alloc(1000, 0xff));
  await once(socket, 'close');

  const worker = await dial(house.listener.url);
  worker.send(ended(1));

  const ear = Ear.at(await house.accepted());
  assert.deepEqual((await ear.until(({ messages }) => messages.length > 0)).messages, [ended(1)]);
});

test('a listener that closes says so on its comms', bounded, async () => {
  const house = await scheduler();
  const ear = Ear.at(await dial(house.listener.url));
  await house.accepted();

  await house.listener.close();

  assert.deepEqual(await ear.closed(), { by: 'other-end', reason: 'the listener was closed' });
  await assert.rejects(dial(house.listener.url), { code: 'CONNECTION_REFUSED' });
});

test('a listener needs a token', async () => {
  for (const token of ['', 'line\nbreak', undefined as unknown as string]) {
    await assert.rejects(scheduler({ token }), { name: 'TypeError', code: 'TOKEN_REQUIRED' });
  }
});

test('a port in use is named, with what to do', bounded, async () => {
  await using house = await scheduler();
  const { port } = house.listener;

  await assert.rejects(scheduler({ port }), {
    code: 'ADDRESS_IN_USE',
    message: `127.0.0.1:${port} is in use: end what listens there, choose another port, or port 0 for any free one`,
    host: '127.0.0.1',
    port,
  });
});

test('a host that is not ours cannot be listened at', async () => {
  for (const host of ['192.0.2.1', 'http://localhost']) {
    const message = /^cannot listen at .*(?:address not available|ENOTFOUND|EAI_AGAIN).* without ws:\/\/ and port: 127/;
    await assert.rejects(scheduler({ host }), { code: 'CANNOT_LISTEN', host, message });
  }
});

test('a wrong token is refused on both sides of the wire, and so is none', bounded, async () => {
  await using house = await scheduler();
  const { url, port } = house.listener;

  await assert.rejects(dial(url, { token: 'guess' }), {
    code: 'WRONG_TOKEN',
    message: `${url} does not know this token: give the token that the scheduler was started with`,
    address: url,
    statusCode: 401,
  });
  const { response, body } = await upgrade(port, {});
  assert.equal(response.statusCode, 401);
  assert.deepEqual(JSON.parse(body), {
    code: 'WRONG_TOKEN',
    message: 'no token was given: send the header "authorization: Bearer <token>"',
  });
});

test('a plain HTTP request is told what this is', bounded, async () => {
  await using house = await scheduler();

  const response = await fetch(house.listener.url.replace('ws:', 'http:'));

  assert.equal(response.status, 426);
  assert.deepEqual(await response.json(), {
    code: 'UPGRADE_REQUIRED',
    message: 'this is a Heddle scheduler: it speaks WebSocket',
  });
});
