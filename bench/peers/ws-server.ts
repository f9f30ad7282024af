// A process that gets frames of numbers, adds one to each and sends them back: the least that a remote worker can be.

import { pack, unpack } from 'msgpackr';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import inc from './inc.ts';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('connection', (socket) => {
  socket.on('message', (frame: Buffer) => {
    const values = unpack(frame) as number[];
    socket.send(pack(values.map((value) => inc(value))));
  });
});
server.on('listening', () => process.send?.((server.address() as AddressInfo).port));
