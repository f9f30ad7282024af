import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { maskingFor } from '../../src/comm/masking.ts';
import { bounded, dial, settled } from './house.ts';

test('what does not leave this machine, or is encrypted, keeps its bytes; what a proxy may read does not', () => {
  const isOfZeros = (url: string) => maskingFor(new URL(url)) !== undefined;

  const quiet = ['ws://127.0.0.1:1', 'ws://127.7.0.9:1', 'ws://localhost:1', 'ws://[::1]:1', 'wss://far.example:1'];
  assert.deepEqual(quiet.filter(isOfZeros), quiet);
  const loud = ['ws://far.example:1', 'ws://10.0.0.7:1', 'ws://127.0.0.1.example:1', 'ws://localhost.example:1'];
  assert.deepEqual(loud.filter(isOfZeros), []);
});

test(
  'what is sent to a scheduler of this machine is in its frames as it is, under a mask of zeros',
  bounded,
  async (t) => {
    const wire = await wiretap(t);

    const comm = await dial(wire.url);
    comm.send(settled(50));

    const frame = await wire.firstFrame;
    assert.ok(frame.length > 6);
    assert.equal(frame[1]! & 0x80, 0x80, 'it says that it has a mask');
    const mask = frame.subarray(...((frame[1]! & 0x7f) === 126 ? [4, 8] : [2, 6]));
    assert.deepEqual([...mask], [0, 0, 0, 0]);
    assert.ok(frame.includes('settled'));
  },
);

/** A server that takes any handshake and shows what comes after it. */
async function wiretap(t: TestContext): Promise<{ readonly url: string; readonly firstFrame: Promise<Buffer> }> {
  const server = createServer().listen(0, '127.0.0.1');
  const { promise: firstFrame, resolve } = Promise.withResolvers<Buffer>();
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    t.after(() => socket.destroy());
    socket.once('data', resolve);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Protocol: heddle\r\nSec-WebSocket-Accept: ${acceptanceOf(request)}\r\n\r\n`,
    );
  });
  t.after(() => server.close());
  await once(server, 'listening');
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, firstFrame };
}

/** RFC 6455, section 4.2.2. */
function acceptanceOf({ headers }: IncomingMessage): string {
  const text = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  return createHash('sha1').update(text).digest('base64');
}
