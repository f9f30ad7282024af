import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { HeddleError } from '../lib/heddle-error.ts';
import type { Vigil } from '../lib/vigil.ts';
import { weigh } from '../protocol/codec.ts';
import type { Decode } from '../protocol/codec.ts';
import type { Message } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { Assembly, readFrame } from './assembly.ts';
import type { Comm, CommClosed, CommHandlers } from './comm.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';

/** What both ends of a socket may set. */
export interface WsOptions {
  /** The largest message that is sent, and what is held at most of those that come. Default 4 GiB. */
  readonly maxMessageBytes?: number;
  /** Nothing more is sent to one that has left so much waiting: it is given up as `PEER_TOO_SLOW`. Default 1 GiB. */
  readonly maxBacklogBytes?: number;
  /** How long a closing end waits for the other, from when that last took some of what is still sent. Default 10 s. */
  readonly closeTimeoutMs?: number;
}

export interface WsCommOptions<In extends Message> extends WsOptions {
  readonly peer: string;
  readonly decode: Decode<In>;
  /** What carries the WebSocket. */
  readonly wire: Socket;
  /** Held from what is sent until something comes. */
  readonly vigil?: Vigil;
}

const defaults = { maxMessageBytes: 4 * 1024 ** 3, maxBacklogBytes: 1024 ** 3, closeTimeoutMs: 10_000 };

/** WebSocket close codes: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const normal = 1000;
const goingAway = 1001;
const violation = 1002;
const noCode = 1005;
const lost = 1006;
const tooBig = 1009;
const tryAgainLater = 1013;

/**
 * A comm over an open WebSocket, of which a frame is one message. What is big is cut into frames (`Outbox`) and put
 * together again (`Assembly`), so that whatever is small, and pings, pass between them.
 */
export class WsComm<In extends Message, Out extends Message> implements Comm<In, Out> {
  readonly peer: string;
  readonly #socket: WebSocket;
  readonly #options: WsCommOptions<In> & typeof defaults;
  readonly #inbox = new Inbox<In>();
  readonly #assembly: Assembly;
  readonly #outbox: Outbox<Out>;
  /** Why it is about to close, once this end knows. Nothing is sent or heard from then on. */
  #ending: CommClosed | undefined;
  /** As of the last look. */
  #bytesRead: number;
  #giveUp: NodeJS.Timeout | undefined;
  readonly #closed = Promise.withResolvers<void>();

  constructor(socket: WebSocket, options: WsCommOptions<In>) {
    this.peer = options.peer;
    this.#socket = socket;
    this.#options = { ...defaults, ...options };
    const { maxMessageBytes, wire } = this.#options;
    this.#bytesRead = wire.bytesRead;
    this.#assembly = new Assembly(maxMessageBytes);
    this.#outbox = new Outbox((frame, taken) => this.#write(frame, taken), maxMessageBytes);
    // A frame comes in the pieces in which it was sent, so that the bytes of a part need not be moved to be read.
    socket.binaryType = 'fragments';
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer[], isBinary));
    socket.on('pong', () => this.#inbox.seen());
    socket.on('ping', () => this.#inbox.seen());
    socket.on('error', (error) => this.#break(error));
    socket.on('close', (code, reason) => this.#finish(code, reason.toString()));
  }

  get backlogBytes(): number {
    return this.#outbox.bytes;
  }

  get arrivingBytes(): number {
    return this.#assembly.filledBytes;
  }

  backlogFallenTo(bytes: number): Promise<void> {
    return this.#outbox.fallenTo(bytes);
  }

  listen(handlers: CommHandlers<In>): void {
    this.#inbox.listen(handlers);
  }

  send(message: Out): void {
    if (this.#ending !== undefined) return;
    const { maxMessageBytes, maxBacklogBytes } = this.#options;
    const bytes = weigh(message);
    if (bytes > maxMessageBytes) this.#fail(tooLarge(message, bytes, maxMessageBytes), tooBig);
    else if (this.backlogBytes > maxBacklogBytes) this.#fail(this.#tooSlow(), tryAgainLater);
    else this.#outbox.push(message, bytes);
  }

  /** A frame may take its time on a slow network, and the answer to a ping waits behind it. */
  look(): void {
    const { bytesRead } = this.#options.wire;
    if (bytesRead === this.#bytesRead) return;
    this.#bytesRead = bytesRead;
    this.#inbox.seen();
  }

  ping(): void {
    this.look();
    this.#socket.ping();
  }

  close(reason = 'closed'): Promise<void> {
    if (this.#ending !== undefined) return this.#closed.promise;
    this.#ending = { by: 'this-end', reason };
    this.#hush();
    this.#startGivingUp();
    this.#outbox.end(() => this.#socket.close(normal, fitting(reason)));
    return this.#closed.promise;
  }

  hangUp(reason: string): Promise<void> {
    this.#drop({ by: 'this-end', reason }, normal);
    return this.#closed.promise;
  }

  #write(frame: readonly Uint8Array[], taken: () => void): void {
    const onTaken = () => {
      this.#giveUp?.refresh();
      taken();
    };
    this.#options.vigil?.begin();
    const last = frame.length - 1;
    for (const [position, piece] of frame.entries()) {
      this.#socket.send(piece, { binary: true, fin: position === last }, position === last ? onTaken : undefined);
    }
  }

  #receive(frame: Buffer[], isBinary: boolean): void {
    this.#options.vigil?.end();
    if (this.#ending !== undefined) return;
    const messages = this.#read(frame, isBinary);
    if (messages instanceof ProtocolError) this.#fail(messages, violation);
    else this.#inbox.deliver(messages);
  }

  #read(frame: Buffer[], isBinary: boolean): In[] | ProtocolError {
    if (!isBinary) return new ProtocolError('a text frame came: only binary frames are spoken here');
    try {
      return readFrame(frame, this.#assembly, this.#options.decode);
    } catch (error) {
      if (error instanceof ProtocolError) return error;
      throw error;
    }
  }

  #tooSlow(): HeddleError {
    const { peer, backlogBytes } = this;
    const message =
      `${peer} does not take what is sent to it: ${backlogBytes} bytes wait. ` +
      'See whether that process hangs, and whether the network between is fast enough.';
    return new HeddleError('PEER_TOO_SLOW', message, { peer, backlogBytes });
  }

  #fail(error: HeddleError, code: number): void {
    this.#drop({ by: 'failure', reason: error.message, error }, code);
  }

  #drop(ending: CommClosed, code: number): void {
    this.#ending ??= ending;
    this.#hush();
    this.#outbox.clear();
    this.#startGivingUp();
    this.#socket.close(code, fitting(ending.reason));
  }

  /** ws has closed the socket itself, or is about to. */
  #break(error: Error & { readonly code?: string }): void {
    const { peer } = this;
    const isTheirFault = error.code?.startsWith('WS_ERR_') === true;
    const told = isTheirFault
      ? new ProtocolError(`${peer} broke the WebSocket protocol: ${error.message}`, { cause: error, peer })
      : lostError(peer, error);
    this.#ending ??= { by: 'failure', reason: told.message, error: told };
    this.#hush();
    this.#outbox.clear();
    this.#startGivingUp();
  }

  #hush(): void {
    this.#inbox.hush();
    this.#assembly.clear();
  }

  /** Of one that is closed, nothing would end the wait. */
  #startGivingUp(): void {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#giveUp ??= setTimeout(() => this.#socket.terminate(), this.#options.closeTimeoutMs);
  }

  #finish(code: number, reason: string): void {
    clearTimeout(this.#giveUp);
    this.#ending ??= this.#closedByOther(code, reason);
    this.#assembly.clear();
    this.#outbox.clear();
    this.#inbox.close(this.#ending);
    this.#closed.resolve();
  }

  #closedByOther(code: number, reason: string): CommClosed {
    if (code === normal || code === goingAway || code === noCode)
      return { by: 'other-end', reason: reason || 'closed' };
    const error = this.#errorOf(code, reason);
    return { by: 'failure', reason: error.message, error };
  }

  #errorOf(code: number, reason: string): HeddleError {
    const { peer } = this;
    if (code === lost) return lostError(peer);
    if (code === tryAgainLater) return lostError(peer, `it gave us up: ${reason}`);
    return new ProtocolError(`${peer} closed the channel: ${reason || `code ${code}`}`, { peer, closeCode: code });
  }
}

function tooLarge(message: Message, messageBytes: number, maxMessageBytes: number): HeddleError {
  const { type } = message;
  const text =
    `a message "${type}"${whose(message)} has up to ${messageBytes} bytes; at most ${maxMessageBytes} can be sent ` +
    'at once: let tasks take and return less, or store it and pass on where it is';
  return new HeddleError('MESSAGE_TOO_LARGE', text, { messageType: type, messageBytes, maxMessageBytes });
}

function whose(message: Message): string {
  if (message.type === 'define') return ` of task '${message.definition.name}'`;
  if (message.type === 'submit') return ` of task '${message.arrays[0]?.name}'`;
  return 'attempt' in message ? ` of attempt ${message.attempt}` : '';
}

function lostError(peer: string, cause: Error | string = 'its end went away without a goodbye'): HeddleError {
  const [why, facts] = typeof cause === 'string' ? [cause, {}] : [cause.message, { cause }];
  return new HeddleError('CONNECTION_LOST', `the connection to ${peer} was lost: ${why}`, { peer, ...facts });
}

/** A close frame holds 123 bytes of reason. Cut between characters. */
function fitting(reason: string): string {
  if (Buffer.byteLength(reason) <= 123) return reason.toWellFormed();
  let text = reason.slice(0, 120);
  while (Buffer.byteLength(text) > 120) text = text.slice(0, -1);
  return `${text.toWellFormed()}…`;
}
