import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { bounded, dial, rawWebSocketServer, scheduler } from './house.ts';

test('an address where nobody listens is named, with what to do', bounded, async () => {
  const house = await scheduler();
  const { url } = house.listener;
  await house.listener.close();

  await assert.rejects(dial(url), (error: Error & { code: string; address: string }) => {
    assert.equal(error.code, 'CONNECTION_REFUSED');
    assert.equal(error.message, `nobody listens at ${url}: start a scheduler there, or check host and port`);
    assert.equal(error.address, url);
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

test('a host that does not exist is told from one that does not answer', bounded, async () => {
  await assert.rejects(dial('ws://nowhere.invalid:1'), { code: 'HOST_NOT_FOUND' });
});

test('who answers and is no scheduler is told apart', bounded, async (t) => {
  const blog = await started(
    t,
    createServer((_request, response) => response.end('welcome to my blog')),
  );
  const ssh = await started(
    t,
    createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.6\r\n')),
  );
  const mute = await started(
    t,
    createTcpServer((socket) => socket.destroy()),
  );
  await using chat = await rawWebSocketServer(() => false);
  await using house = await scheduler();

  await assert.rejects(dial(blog), { code: 'NOT_A_HEDDLE_ADDRESS', statusCode: 200 });
  // It hung up before it said anything, as one does that is just going down: worth another try.
  await assert.rejects(dial(mute), { code: 'CONNECTION_FAILED', address: mute });
  for (const url of [ssh, chat.url, house.listener.url.replace('ws:', 'wss:')]) {
    await assert.rejects(dial(url), { code: 'NOT_A_HEDDLE_ADDRESS', address: url });
  }
});

test(
  'what lies in front of a scheduler and lets no WebSocket through is told with what to change',
  bounded,
  async (t) => {
    await using house = await scheduler();
    const page = house.listener.url.replace('ws:', 'http:');
    // As nginx is, unless it is told otherwise.
    const proxy = await started(
      t,
      createServer((_request, response) => {
        get(page, (answer) => answer.pipe(response.writeHead(answer.statusCode!, answer.headers)));
      }),
    );
    const signpost = await started(
      t,
      createServer((_request, response) => response.writeHead(301, { location: 'https://loom/' }).end()),
    );

    await assert.rejects(dial(proxy), {
      code: 'CONNECTION_FAILED',
      statusCode: 426,
      message:
        `a proxy at ${proxy} does not pass on that we asked for a WebSocket: have it keep the headers "upgrade" and ` +
        '"connection" (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; ' +
        'proxy_set_header Connection "upgrade";)',
    });
    await assert.rejects(dial(signpost), {
      code: 'NOT_A_HEDDLE_ADDRESS',
      statusCode: 301,
      message:
        `${signpost} is no Heddle scheduler: it answered with HTTP 301, and names https://loom/ instead. ` +
        'Check host and port',
    });
  },
);

test('an address that never answers times out, and a signal ends the waiting [D047]', bounded, async (t) => {
  const url = await started(
    t,
    createTcpServer((socket) => t.after(() => socket.destroy())),
  );
  const controller = new AbortController();

  await assert.rejects(dial(url, { timeoutMs: 20 }), { code: 'CONNECTION_TIMEOUT', address: url, timeoutMs: 20 });
  const dialled = dial(url, { signal: controller.signal });
  controller.abort(new Error('changed my mind'));
  await assert.rejects(dialled, { message: 'changed my mind' });
  await assert.rejects(dial(url, { signal: controller.signal }), { message: 'changed my mind' });
});

test('who waits in line behind those that get no answer times out as well, or is called off', bounded, async (t) => {
  const url = await started(
    t,
    createTcpServer((socket) => t.after(() => socket.destroy())),
  );
  const controller = new AbortController();

  const crowd = Array.from({ length: 40 }, () => dial(url, { timeoutMs: 200 }));
  const dialled = dial(url, { signal: controller.signal });
  controller.abort(new Error('changed my mind'));

  await assert.rejects(dialled, { message: 'changed my mind' });
  for (const each of crowd) await assert.rejects(each, { code: 'CONNECTION_TIMEOUT' });
});

test('an address that is none is an error of the call, which shows no password', async () => {
  for (const url of ['scheduler:8786', '127.0.0.1:8786', 'http://a:1', 'ws://', '', 'ws://a:1#b', 'ws://a:99999']) {
    await assert.rejects(dial(url), { name: 'TypeError', code: 'BAD_ADDRESS', received: url });
  }
  await assert.rejects(dial('ws://user:secret@a:1'), {
    code: 'BAD_ADDRESS',
    message:
      'expected the address of a scheduler, like "ws://127.0.0.1:8786" or "wss://…", got "ws://***@a:1"' +
      ': give the token as an option, not in the address',
  });
});

test('of an address that lacks its scheme, or has one of the web, it is said which one was meant', async () => {
  for (const [url, meant] of [
    ['scheduler:8786', 'ws://scheduler:8786'],
    ['[::1]:8786', 'ws://[::1]:8786'],
    ['tcp://127.0.0.1:8786', 'ws://127.0.0.1:8786'],
    ['https://mill.example:443/', 'wss://mill.example:443'],
  ]) {
    const isMeant = ({ message }: Error) => message.endsWith(`. Did you mean ${meant}?`);
    await assert.rejects(dial(url!), isMeant);
  }
});

test('a token that cannot be sent is an error of the call', async () => {
  await assert.rejects(dial('ws://127.0.0.1:1', { token: 'a\r\nb' }), { name: 'TypeError', code: 'BAD_TOKEN' });
});

async function started(t: TestContext, server: Server): Promise<string> {
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
