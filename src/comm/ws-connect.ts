import type { ClientRequest, IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import type { Decode } from '../protocol/codec.ts';
import type { Message } from '../protocol/messages.ts';
import { maxFrameBytes } from '../protocol/part.ts';
import type { Comm } from './comm.ts';
import { parseAddress } from './address.ts';
import { connectionError, notHeddle } from './connection-error.ts';
import { reasonHeader } from './doorkeeper.ts';
import { maskingFor } from './masking.ts';
import { checkTls, clientCertificateError, type TlsOptions } from './tls.ts';
import { Vigil } from '../lib/vigil.ts';
import { Turnstile } from '../lib/turnstile.ts';
import { WsComm } from './ws-comm.ts';
import type { WsOptions } from './ws-comm.ts';

export interface ConnectOptions<In extends Message> extends WsOptions {
  /** `ws://host:port` or `wss://host:port`. */
  readonly url: string;
  readonly token: string;
  readonly decode: Decode<In>;
  /** For `wss:`: whom to trust, and who we are where that is asked. */
  readonly tls?: TlsOptions | undefined;
  readonly signal?: AbortSignal;
  /** Until the channel is open. Default 10 s. */
  readonly timeoutMs?: number;
}

/** A server that does not answer with this name is none of ours; one that echoes whatever it is asked may still be. */
const subprotocol = 'heddle';

/**
 * Opens a comm to a listener. Rejects with `CONNECTION_REFUSED`, `HOST_NOT_FOUND`, `WRONG_TOKEN`,
 * `NOT_A_HEDDLE_ADDRESS`, `CONNECTION_TIMEOUT`, `CONNECTION_FAILED` for all other reasons of the network,
 * `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_TRUSTED`, `CERTIFICATE_OF_ANOTHER_HOST`, `CLIENT_CERTIFICATE_REFUSED`,
 * `CERTIFICATE_INVALID`, `BAD_ADDRESS`, `BAD_TOKEN`, or the signal's reason.
 */
export async function connect<In extends Message, Out extends Message>(
  options: ConnectOptions<In>,
): Promise<Comm<In, Out>> {
  const { token, tls, signal, timeoutMs = 10_000 } = options;
  const url = parseAddress(options.url);
  const address = `${url.protocol}//${url.host}`;
  assertToken(token);
  if (tls !== undefined) checkTls(`the connection to ${address}`, tls);
  signal?.throwIfAborted();
  const opened = Promise.withResolvers<Comm<In, Out>>();
  let socket: WebSocket | undefined;
  const begin = () => {
    try {
      socket = socketTo(url, options);
    } catch (error) {
      return opened.reject(error);
    }
    // The comm must hang on the socket before the first message comes, which may be in the packet that opened it.
    socket.once('upgrade', ({ socket: wire }: IncomingMessage) => {
      socket!.once('open', () => {
        opened.resolve(new WsComm<In, Out>(socket!, { ...options, peer: address, wire, vigil: new Vigil() }));
      });
    });
    socket.on('error', (cause) => opened.reject(connectionError(cause, address)));
    socket.once('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
      opened.reject(responseError(response, address));
      request.destroy();
    });
  };
  const leave = turnstileAt(address).enter(begin);
  const abort = () => opened.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => opened.reject(timeoutError(address, timeoutMs)), timeoutMs);
  try {
    return await opened.promise;
  } catch (error) {
    socket?.terminate();
    throw error;
  } finally {
    leave();
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** A listener lets in few at once of whom it has heard nothing yet: see `Strangers`. */
const mostAtOnce = 32;
/** By address. A program knows few of them. */
const turnstiles = new Map<string, Turnstile>();

function turnstileAt(address: string): Turnstile {
  let turnstile = turnstiles.get(address);
  if (turnstile === undefined) turnstiles.set(address, (turnstile = new Turnstile(mostAtOnce)));
  return turnstile;
}

function socketTo(url: URL, { token, tls }: Pick<ConnectOptions<Message>, 'token' | 'tls'>): WebSocket {
  const generateMask = maskingFor(url);
  return new WebSocket(url, subprotocol, {
    ...tls,
    ...(generateMask && { generateMask }),
    headers: { authorization: `Bearer ${token}` },
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
  });
}

function assertToken(token: string): void {
  if (/^[\x21-\x7e]*$/.test(token)) return;
  throw new UsageError('BAD_TOKEN', 'a token consists of visible ASCII characters: this one holds others');
}

function responseError(response: IncomingMessage, address: string): HeddleError {
  const { statusCode } = response;
  // A proxy whose scheduler is away says so; it may be back in a moment.
  if (statusCode !== undefined && statusCode >= 500) {
    const message = `${address} cannot be reached: a proxy in front of it answered with HTTP ${statusCode}`;
    return new HeddleError('CONNECTION_FAILED', message, { address, statusCode });
  }
  if (statusCode === 426) {
    const message =
      `a proxy at ${address} does not pass on that we asked for a WebSocket: have it keep the headers "upgrade" and ` +
      '"connection" (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; ' +
      'proxy_set_header Connection "upgrade";)';
    return new HeddleError('CONNECTION_FAILED', message, { address, statusCode });
  }
  if (statusCode === 401) {
    const message = `${address} does not know this token: give the token that the scheduler was started with`;
    return new HeddleError('WRONG_TOKEN', message, { address, statusCode });
  }
  const reason = response.headers[reasonHeader];
  if (typeof reason === 'string') return clientCertificateError(reason, address);
  const { location } = response.headers;
  const elsewhere = location === undefined ? '' : `, and names ${location} instead`;
  return notHeddle(address, `it answered with HTTP ${statusCode}${elsewhere}`, { statusCode });
}

function timeoutError(address: string, timeoutMs: number): HeddleError {
  const message = `${address} did not answer within ${timeoutMs} ms: check host, port and firewall, or allow more time`;
  return new HeddleError('CONNECTION_TIMEOUT', message, { address, timeoutMs });
}
