import type { WebSocket } from 'ws';
import { HeddleError } from '../lib/heddle-error.ts';
import { encodeMessages, weigh } from '../protocol/codec.ts';
import type { Decode } from '../protocol/codec.ts';
import type { Message } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Comm, CommClosed, CommHandlers } from './comm.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';

/** What both ends of a socket may set. */
export interface WsOptions {
  /** The largest frame that is taken, and made. Default 1 GiB. */
  readonly maxMessageBytes?: number;
  /** How long a closing end waits for the other, from the last sign that it still takes bytes. Default 10 s. */
  readonly closeTimeoutMs?: number;
}

export interface WsCommOptions<In extends Message> {
  readonly peer: string;
  readonly decode: Decode<In>;
  readonly maxMessageBytes: number;
  readonly closeTimeoutMs: number;
}

export const wsDefaults = { maxMessageBytes: 1024 ** 3, closeTimeoutMs: 10_000 };

/** What is sent within one turn of the event loop leaves as one frame, and earlier when it is as big as this. */
const flushBytes = 256 * 1024;

/** WebSocket close codes: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const normal = 1000;
const goingAway = 1001;
const violation = 1002;
const noCode = 1005;
const lost = 1006;
const tooBig = 1009;

/**
 * A comm over an open WebSocket. A frame that is longer than a part leaves as a fragmented WebSocket message, which
 * lets
 * pings pass between its parts; the other end's `maxPayload` bounds what it puts together again.
 */
export class WsComm<In extends Message, Out extends Message> implements Comm<In, Out> {
  readonly peer: string;
  readonly #socket: WebSocket;
  readonly #options: WsCommOptions<In>;
  readonly #inbox = new Inbox<In>();
  readonly #outbox: Outbox;
  /** Sent in this turn, and not yet a frame. */
  #batch: Out[] = [];
  #batchBytes = 0;
  #flushSoon: NodeJS.Immediate | undefined;
  /** Why it is about to close, once this end knows. Nothing is sent or heard from then on. */
  #ending: CommClosed | undefined;
  #giveUp: NodeJS.Timeout | undefined;
  readonly #closed = Promise.withResolvers<void>();

  constructor(socket: WebSocket, options: WsCommOptions<In>) {
    this.peer = options.peer;
    this.#socket = socket;
    this.#options = options;
    this.#outbox = new Outbox((part, isLast, taken) => {
      socket.send(part, { binary: true, fin: isLast }, () => {
        this.#giveUp?.refresh();
        taken();
      });
    });
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on('pong', () => this.#inbox.seen());
    socket.on('ping', () => this.#inbox.seen());
    socket.on('error', (error) => this.#break(error));
    socket.on('close', (code, reason) => this.#finish(code, reason.toString()));
  }

  get backlogBytes(): number {
    return this.#batchBytes + this.#outbox.bytes;
  }

  listen(handlers: CommHandlers<In>): void {
    this.#inbox.listen(handlers);
  }

  send(message: Out): void {
    if (this.#ending !== undefined) return;
    const bytes = weigh(message);
    // So that a message near the limit travels alone.
    if (this.#batchBytes + bytes > flushBytes) this.#flush();
    this.#batch.push(message);
    this.#batchBytes += bytes;
    if (bytes > flushBytes) this.#flush();
    else this.#flushSoon ??= setImmediate(() => this.#flush());
  }

  ping(): void {
    if (this.#ending === undefined) this.#socket.ping();
  }

  close(reason = 'closed'): Promise<void> {
    if (this.#ending !== undefined) return this.#closed.promise;
    this.#flush();
    // The flush may have ended it, when what was to be sent was too big.
    this.#ending ??= { by: 'this-end', reason };
    this.#inbox.hush();
    this.#startGivingUp();
    this.#outbox.end(() => this.#socket.close(normal, fitting(reason)));
    return this.#closed.promise;
  }

  #flush(): void {
    clearImmediate(this.#flushSoon);
    this.#flushSoon = undefined;
    if (this.#batch.length === 0 || this.#ending !== undefined) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    const frame = encodeMessages(batch);
    if (frame.length > this.#options.maxMessageBytes) this.#refuseToSend(frame.length);
    else this.#outbox.push(frame);
  }

  #refuseToSend(messageBytes: number): void {
    const { maxMessageBytes } = this.#options;
    const message = `a message of ${messageBytes} bytes is over the limit of ${maxMessageBytes}: send less at once`;
    this.#fail(new HeddleError('MESSAGE_TOO_LARGE', message, { messageBytes, maxMessageBytes }), tooBig);
  }

  #receive(frame: Buffer, isBinary: boolean): void {
    if (this.#ending !== undefined) return;
    const messages = this.#read(frame, isBinary);
    if (messages instanceof ProtocolError) this.#fail(messages, violation);
    else this.#inbox.deliver(messages);
  }

  #read(frame: Buffer, isBinary: boolean): In[] | ProtocolError {
    if (!isBinary) return new ProtocolError('a text frame came: only binary frames are spoken here');
    try {
      return this.#options.decode(frame);
    } catch (error) {
      if (error instanceof ProtocolError) return error;
      throw error;
    }
  }

  #fail(error: HeddleError, code: number): void {
    this.#ending ??= { by: 'failure', reason: error.message, error };
    this.#inbox.hush();
    this.#outbox.clear();
    this.#startGivingUp();
    this.#socket.close(code, fitting(error.message));
  }

  /** ws has closed the socket itself, or is about to. */
  #break(error: Error & { readonly code?: string }): void {
    const { peer } = this;
    const isTheirFault = error.code?.startsWith('WS_ERR_') === true;
    const told = isTheirFault
      ? new ProtocolError(`${peer} broke the WebSocket protocol: ${error.message}`, { cause: error, peer })
      : lostError(peer, error);
    this.#ending ??= { by: 'failure', reason: told.message, error: told };
    this.#inbox.hush();
    this.#outbox.clear();
    this.#startGivingUp();
  }

  #startGivingUp(): void {
    this.#giveUp ??= setTimeout(() => this.#socket.terminate(), this.#options.closeTimeoutMs);
  }

  #finish(code: number, reason: string): void {
    clearTimeout(this.#giveUp);
    clearImmediate(this.#flushSoon);
    this.#ending ??= this.#closedByOther(code, reason);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#outbox.clear();
    this.#inbox.close(this.#ending);
    this.#closed.resolve();
  }

  #closedByOther(code: number, reason: string): CommClosed {
    if (code === normal || code === goingAway || code === noCode)
      return { by: 'other-end', reason: reason || 'closed' };
    const { peer } = this;
    const error =
      code === lost
        ? lostError(peer)
        : new ProtocolError(`${peer} closed the channel: ${reason || `code ${code}`}`, { peer, closeCode: code });
    return { by: 'failure', reason: error.message, error };
  }
}

function lostError(peer: string, cause?: Error): HeddleError {
  const why = cause === undefined ? 'its end went away without a goodbye' : cause.message;
  return new HeddleError('CONNECTION_LOST', `the connection to ${peer} was lost: ${why}`, { peer, cause });
}

/** A close frame holds 123 bytes of reason. Cut between characters. */
function fitting(reason: string): string {
  let text = reason.slice(0, 123);
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text.toWellFormed();
}
