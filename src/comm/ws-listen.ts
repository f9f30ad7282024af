import { once } from 'node:events';
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import type { Decode } from '../protocol/codec.ts';
import type { Message } from '../protocol/messages.ts';
import { maxFrameBytes } from '../protocol/part.ts';
import type { Comm } from './comm.ts';
import { Doorkeeper, type Objection } from './doorkeeper.ts';
import { pageServer, refusal, type Pages } from './pages.ts';
import { Refusals, type TellRefusals } from './refusals.ts';
import { Strangers, type StrangerLimits } from './strangers.ts';
import { checkServerTls, invalidity, type ServerTlsOptions } from './tls.ts';
import { WsComm } from './ws-comm.ts';
import type { WsOptions } from './ws-comm.ts';

export interface ListenOptions<In extends Message, Out extends Message> extends WsOptions, StrangerLimits {
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
  /** Encrypts, and with `ca` lets nobody in without a certificate. */
  readonly tls?: ServerTlsOptions;
  /** How many connections there may be at all. Default 10,000. */
  readonly maxConnections?: number;
  /** Hears, not too often, of connections that were refused. */
  readonly onRefused?: TellRefusals;
}

export interface Listener extends AsyncDisposable {
  /** An address that reaches it from this machine. */
  readonly url: string;
  readonly port: number;
  /** The process goes on because of it, as it does at first. */
  ref(): void;
  /** It does not, whoever is connected. */
  unref(): void;
  /** Takes no more connections and closes those that are open. */
  close(): Promise<void>;
}

/** Of an HTTP request that asks to be let in. */
const requestLimits = { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 10_000 };

/**
 * Starts to listen for comms. Rejects with `ADDRESS_IN_USE`, `CANNOT_LISTEN`, `TOKEN_REQUIRED` or
 * `CERTIFICATE_INVALID`.
 */
export async function listen<In extends Message, Out extends Message>(
  options: ListenOptions<In, Out>,
): Promise<Listener> {
  const { host = '127.0.0.1', port, token, tls, onRefused = () => {} } = options;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    const message =
      'a listener needs a token, one or more visible ASCII characters: whoever connects can run code here';
    throw new UsageError('TOKEN_REQUIRED', message);
  }
  const door = new Doorkeeper({ token, wantsCertificate: tls?.ca !== undefined });
  const server = makeServer(pageServer(options.pages ?? {}, door), tls);
  const refusals = new Refusals(onRefused);
  const hall = new Hall(options, door, refusals);
  hall.guard(server);
  const hold = new Hold(server);
  await start(server, host, port);
  const { port: actualPort } = server.address() as AddressInfo;
  const close = async () => {
    const isDown = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await hall.close();
    await isDown;
    refusals[Symbol.dispose]();
  };
  const url = `${tls === undefined ? 'ws' : 'wss'}://${reachable(host)}:${actualPort}`;
  const [ref, unref] = [hold.ref.bind(hold), hold.unref.bind(hold)];
  return { url, port: actualPort, ref, unref, close, [Symbol.asyncDispose]: close };
}

function makeServer(serve: ReturnType<typeof pageServer>, tls: ServerTlsOptions | undefined): Server {
  if (tls === undefined) return createServer(requestLimits, serve);
  checkServerTls('listen', tls);
  // Who shows a wrong certificate is told so in an answer. By TLS itself they would only see that it broke.
  const asks = { requestCert: tls.ca !== undefined, rejectUnauthorized: false };
  return createTlsServer({ ...requestLimits, ...tls, ...asks }, serve);
}

/** What keeps the process: the server, and the sockets of those who came. */
class Hold {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isKeeping = true;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      if (!this.#isKeeping) socket.unref();
    });
  }

  ref(): void {
    this.#isKeeping = true;
    for (const each of [this.#server, ...this.#sockets]) each.ref();
  }

  unref(): void {
    this.#isKeeping = false;
    for (const each of [this.#server, ...this.#sockets]) each.unref();
  }
}

/** Where those are who came in, and those who have not introduced themselves yet. */
class Hall<In extends Message, Out extends Message> {
  readonly #options: ListenOptions<In, Out>;
  readonly #door: Doorkeeper;
  readonly #refusals: Refusals;
  readonly #strangers: Strangers;
  readonly #websockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
  readonly #open = new Set<Comm<In, Out>>();

  constructor(options: ListenOptions<In, Out>, door: Doorkeeper, refusals: Refusals) {
    this.#options = options;
    this.#door = door;
    this.#refusals = refusals;
    this.#strangers = new Strangers(options, refusals.note);
  }

  guard(server: Server): void {
    const { maxConnections = 10_000 } = this.#options;
    server.maxConnections = maxConnections;
    server.on('drop', (dropped) => {
      this.#refusals.note(
        dropped?.remoteAddress ?? 'unknown',
        `${maxConnections} connections are open, and no more are let in`,
      );
    });
    server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, { remoteAddress = 'unknown' }: Socket) => {
      this.#refusals.note(remoteAddress, tlsProblem(this.#options.tls!.cert, code));
    });
    // Before anything is made for it.
    server.prependListener('connection', (socket: Socket) => this.#strangers.admit(socket));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((comm) => comm.close('the listener was closed')));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ignore = () => {};
    socket.on('error', ignore);
    const { remoteAddress = 'unknown', remotePort } = request.socket;
    const objection = this.#door.objection(request);
    if (objection !== undefined) {
      this.#refusals.note(remoteAddress, objection.why);
      return turnAway(socket, objection);
    }
    this.#websockets.handleUpgrade(request, socket, head, (websocket) => {
      socket.off('error', ignore);
      // It has introduced itself when its first messages can be read.
      const decode: Decode<In> = (frame, bodies) => {
        const messages = this.#options.decode(frame, bodies);
        this.#strangers.introduced(request.socket);
        return messages;
      };
      const peer = `${bracketed(remoteAddress)}:${remotePort}`;
      const comm = new WsComm<In, Out>(websocket, { ...this.#options, peer, decode, wire: request.socket });
      this.#open.add(comm);
      websocket.once('close', () => this.#open.delete(comm));
      this.#options.onConnection(comm);
    });
  }
}

/** Why no encrypted connection came about, by the code of the error. */
function tlsProblem(cert: ServerTlsOptions['cert'], code = 'no code'): string {
  if (code !== 'ECONNRESET' && !code.includes('_ALERT_')) return `it does not speak TLS as we do (${code})`;
  const why = invalidity(cert) ?? 'perhaps it does not trust our certificate';
  return `it hung up during the TLS handshake: ${why} (${code})`;
}

function turnAway(socket: Duplex, objection: Objection): void {
  const { status, contentType, body, headers } = refusal(objection);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const noHost =
  '. The host should be an address or name of this machine, without ws:// and port: 127.0.0.1, which only this ' +
  'machine reaches, or 0.0.0.0, which all others do as well';

const listenRemedies: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: noHost,
  ENOTFOUND: noHost,
  EAI_AGAIN: noHost,
  EACCES: '. Choose a port above 1023, or port 0 for any free one',
};

async function start(server: Server, host: string, port: number): Promise<void> {
  try {
    // A process of `node:cluster` would share the port with its siblings, and get connections that are for them.
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    const address = `${bracketed(host)}:${port}`;
    if (cause.code === 'EADDRINUSE') {
      const message = `${address} is in use: end what listens there, choose another port, or port 0 for any free one`;
      throw new HeddleError('ADDRESS_IN_USE', message, { host, port, cause });
    }
    const message = `cannot listen at ${address}: ${cause.message}${listenRemedies[cause.code ?? ''] ?? ''}`;
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
