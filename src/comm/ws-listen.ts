import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import type { Decode } from '../protocol/codec.ts';
import type { Message } from '../protocol/messages.ts';
import { maxFrameBytes } from '../protocol/part.ts';
import type { Comm } from './comm.ts';
import { asBody, challenge, pageServer, wrongToken, type Pages } from './pages.ts';
import { WsComm } from './ws-comm.ts';
import type { WsOptions } from './ws-comm.ts';

export interface ListenOptions<In extends Message, Out extends Message> extends WsOptions {
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string;
  /** 0 takes any port that is free. */
  readonly port: number;
  /** What whoever connects must know. */
  readonly token: string;
  readonly decode: Decode<In>;
  readonly onConnection: (comm: Comm<In, Out>) => void;
  /** What plain HTTP requests get besides. */
  readonly pages?: Pages;
}

export interface Listener extends AsyncDisposable {
  /** An address that reaches it from this machine. */
  readonly url: string;
  readonly port: number;
  /** Takes no more connections and closes those that are open. */
  close(): Promise<void>;
}

/** Starts to listen for comms. Rejects with `ADDRESS_IN_USE`, `CANNOT_LISTEN` or `TOKEN_REQUIRED`. */
export async function listen<In extends Message, Out extends Message>(
  options: ListenOptions<In, Out>,
): Promise<Listener> {
  const { host = '127.0.0.1', port, token } = options;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    const message =
      'a listener needs a token, one or more visible ASCII characters: whoever connects can run code here';
    throw new UsageError('TOKEN_REQUIRED', message);
  }
  const problemWith = tokenCheck(token);
  const server = createServer(pageServer(options.pages ?? {}, problemWith));
  const open = new Set<Comm<In, Out>>();
  server.on('upgrade', doorkeeper(options, open, problemWith));
  await start(server, host, port);
  return listener(server, open, host);
}

function listener<In, Out>(server: Server, open: ReadonlySet<Comm<In, Out>>, host: string): Listener {
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const isDown = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await Promise.all([...open].map((comm) => comm.close('the listener was closed')));
    await isDown;
  };
  return { url: `ws://${reachable(host)}:${port}`, port, close, [Symbol.asyncDispose]: close };
}

/** Decides who comes in. */
function doorkeeper<In extends Message, Out extends Message>(
  options: ListenOptions<In, Out>,
  open: Set<Comm<In, Out>>,
  problemWith: (request: IncomingMessage) => string | undefined,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const websockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
  return (request, socket, head) => {
    const ignore = () => {};
    socket.on('error', ignore);
    const problem = problemWith(request);
    if (problem !== undefined) return turnAway(socket, problem);
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      socket.off('error', ignore);
      const { remoteAddress = 'unknown', remotePort } = request.socket;
      const peer = `${bracketed(remoteAddress)}:${remotePort}`;
      const comm = new WsComm<In, Out>(websocket, { ...options, peer });
      open.add(comm);
      websocket.once('close', () => open.delete(comm));
      options.onConnection(comm);
    });
  };
}

/** Says what is wrong with the token that a request brings, if anything is. */
function tokenCheck(token: string): (request: IncomingMessage) => string | undefined {
  const expected = digest(`Bearer ${token}`);
  return ({ headers: { authorization: given } }) => {
    if (given === undefined) return 'no token was given';
    return timingSafeEqual(digest(given), expected) ? undefined : 'the token given is not the one expected here';
  };
}

function turnAway(socket: Duplex, problem: string): void {
  const body = asBody(wrongToken(problem));
  const head = [
    'HTTP/1.1 401 Unauthorized',
    ...Object.entries(challenge).map(([name, value]) => `${name}: ${value}`),
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

async function start(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    const address = `${bracketed(host)}:${port}`;
    if (cause.code === 'EADDRINUSE') {
      const message = `${address} is in use: end what listens there, choose another port, or port 0 for any free one`;
      throw new HeddleError('ADDRESS_IN_USE', message, { host, port, cause });
    }
    const message = `cannot listen at ${address}: ${cause.message}`;
    throw new HeddleError('CANNOT_LISTEN', message, { host, port, cause });
  }
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '[::1]' : bracketed(host);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Digests are of one length, so comparing them tells nothing about the token, not even its length. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
