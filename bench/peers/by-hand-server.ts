// A process with the thread of `by-hand.ts`, which gets its orders over a socket.

import { pack, unpack } from 'msgpackr';
import type { AddressInfo } from 'node:net';
import { Worker as Thread } from 'node:worker_threads';
import { WebSocketServer } from 'ws';
import { Vigil } from '../../src/lib/vigil.ts';
import type { Answer, Order } from './by-hand.ts';

const thread = new Thread(new URL('by-hand-thread.ts', import.meta.url));
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('connection', (socket) => {
  const vigils = { forThread: new Vigil(), forSocket: new Vigil() };
  socket.on('message', (frame: Buffer) => {
    vigils.forSocket.end();
    thread.postMessage(unpack(frame) as Order);
    vigils.forThread.begin();
  });
  thread.on('message', (answer: Answer) => {
    vigils.forThread.end();
    socket.send(pack(answer));
    vigils.forSocket.begin();
  });
});
server.on('listening', () => process.send?.((server.address() as AddressInfo).port));
