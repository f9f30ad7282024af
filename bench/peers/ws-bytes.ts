// A process that sends each frame back: the least that a remote worker can do with bytes.

import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

server.on('connection', (socket) => {
  socket.on('message', (frame: Buffer) => socket.send(frame));
});
server.on('listening', () => process.send?.((server.address() as AddressInfo).port));
