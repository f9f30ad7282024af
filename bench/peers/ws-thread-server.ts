// A process like ws-server.ts whose thread does the sum: the least that a worker can be which answers while a task is busy.

import { pack, unpack } from 'msgpackr';
import type { AddressInfo } from 'node:net';
import { isMainThread, parentPort, Worker as Thread } from 'node:worker_threads';
import { WebSocketServer } from 'ws';
import inc from './inc.ts';

if (isMainThread) serve(new Thread(new URL(import.meta.url)));
else parentPort!.on('message', (values: number[]) => parentPort!.postMessage(values.map((value) => inc(value))));

function serve(thread: Thread): void {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => {
    thread.on('message', (values: number[]) => socket.send(pack(values)));
    socket.on('message', (frame: Buffer) => thread.postMessage(unpack(frame)));
  });
  server.on('listening', () => process.send?.((server.address() as AddressInfo).port));
}
