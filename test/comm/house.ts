import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pack } from 'msgpackr';
import { WebSocket, WebSocketServer } from 'ws';
import type { Comm } from '../../src/comm/comm.ts';
import { connect, listen } from '../../src/comm/ws.ts';
import type { ConnectOptions, Listener, ListenOptions } from '../../src/comm/ws.ts';
import { decodeFromWorker, decodeToWorker } from '../../src/protocol/codec.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import { encodePartHead, partBytes } from '../../src/protocol/part.ts';
import { Ear } from './ear.ts';

type Accepted = Comm<FromWorker, ToWorker>;

/** A wait that never ends fails, instead of hanging the run. */
export const bounded = { timeout: 30_000 };

const token = 'open-sesame';

export interface House extends AsyncDisposable {
  readonly listener: Listener;
  /** The comms that were opened, one a call. */
  accepted(): Promise<Accepted>;
}

export async function scheduler(options: Partial<ListenOptions<FromWorker, ToWorker>> = {}): Promise<House> {
  const arrived: Accepted[] = [];
  let awaited: PromiseWithResolvers<void> = Promise.withResolvers();
  const onConnection = (comm: Accepted) => {
    arrived.push(comm);
    awaited.resolve();
    awaited = Promise.withResolvers();
  };
  const listener = await listen({ port: 0, token, decode: decodeFromWorker, onConnection, ...options });
  const accepted = async () => {
    while (arrived.length === 0) await awaited.promise;
    return arrived.shift()!;
  };
  return { listener, accepted, [Symbol.asyncDispose]: () => listener.close() };
}

export function dial(
  url: string,
  options: Partial<ConnectOptions<ToWorker>> = {},
): Promise<Comm<ToWorker, FromWorker>> {
  return connect<ToWorker, FromWorker>({ url, token, decode: decodeToWorker, ...options });
}

export async function rawWebSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
  await once(socket, 'open');
  return socket;
}

/** A server that keeps the frames it gets and says nothing. */
export async function rawWebSocketServer(handleProtocols: () => string | false = () => 'heddle') {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols });
  const frames: Buffer[] = [];
  server.on('connection', (socket) => socket.on('message', (frame) => frames.push(frame as Buffer)));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url: `ws://127.0.0.1:${port}`, frames, [Symbol.asyncDispose]: close };
}

/** A WebSocket handshake by hand: the naked socket, or the answer that refused it. */
export async function upgrade(port: number, headers: Record<string, string> = { authorization: `Bearer ${token}` }) {
  const asked = request({
    port,
    host: '127.0.0.1',
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  }).end();
  const [response, socket] = (await Promise.race([once(asked, 'upgrade'), once(asked, 'response')])) as [
    IncomingMessage,
    Socket,
  ];
  let body = '';
  if (response.statusCode !== 101) for await (const chunk of response) body += String(chunk);
  return { response, socket, body };
}

export function ended(attempt: number): FromWorker {
  return { type: 'ended', attempt };
}

export function settled(size: number): FromWorker {
  return { type: 'settled', attempt: 1, start: 0, count: 1, busyMs: 0, bytes: new Uint8Array(size) };
}

export function run(): Extract<ToWorker, { type: 'run' }> {
  return {
    type: 'run',
    array: 1,
    attempt: 1,
    ranges: [{ start: 0, end: 1 }],
    lanes: 1,
    inputs: [],
    notes: [],
    timedOut: [],
  };
}

/** An end that has said something, and so is nobody's stranger, with the frames that come to it. */
export async function acquainted(house: House) {
  const socket = await rawWebSocket(house.listener.url);
  const frames: Buffer[] = [];
  socket.on('message', (frame) => frames.push(frame as Buffer));
  const comm = await house.accepted();
  const ear = Ear.at(comm);
  socket.send(pack([ended(1)]));
  await ear.until(({ messages }) => messages.length > 0);
  return { comm, ear, socket, frames };
}

export function large(size: number): ReturnType<typeof run> {
  return { ...run(), notes: [{ index: 0, bytes: new Uint8Array(size) }] };
}

/** The frames of a body of so many parts, as another end would send them. */
export function bodyParts(count: number, id = 0, size = count * partBytes, kind: 'body' | 'frame' = 'body'): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const head = encodePartHead({ id, kind, size, offset: i * partBytes });
    return Buffer.concat([head, new Uint8Array(partBytes)]);
  });
}
