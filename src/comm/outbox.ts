// Messages on their way out. Small ones leave in batches, in the order in which they were sent; a big one leaves in
// parts, with small ones and the parts of others between them. The order that must be kept (`sequences.ts`) is kept
// here: a message of a sequence in which a big one is on its way waits for it.

import { clearImmediate, setImmediate } from 'node:timers';
import { Fifo } from '../lib/fifo.ts';
import { encodeMessages } from '../protocol/codec.ts';
import { cut, type Frame } from '../protocol/cut.ts';
import { behindAll, sequenceOf, type Sequence } from '../protocol/sequences.ts';
import type { Message } from '../protocol/messages.ts';
import { maxBegun, partBytes } from '../protocol/part.ts';

/** Hands a frame to the socket; `taken` is called when the operating system has it. */
export type WriteFrame = (frame: Frame, taken: () => void) => void;

/** What is sent within one turn of the event loop leaves as one frame, and earlier when it is as big as this. */
const flushBytes = 256 * 1024;
/** A message that is bigger leaves in parts. */
const bigBytes = partBytes;
/** At most this much waits in the socket, so that a ping never waits behind more. */
const windowBytes = partBytes + 64 * 1024;

interface Letter<M> {
  readonly message: M;
  readonly sequence: Sequence | undefined;
  readonly bytes: number;
}

/** A big message that is on its way. */
interface Transfer<M> extends Letter<M> {
  readonly frames: Generator<Frame, void>;
  /** The frame that is next; the last one has been handed over when there is none. */
  next: Frame | undefined;
  /** How many of its bytes still count as waiting. */
  left: number;
}

export class Outbox<M extends Message> {
  readonly #write: WriteFrame;
  /** What big messages on their way may have together: as much as the other end holds for one connection. */
  readonly #maxBytes: number;
  /** Sent in this turn, and not yet a frame. */
  #batch: M[] = [];
  #batchBytes = 0;
  #flushSoon: NodeJS.Immediate | undefined;
  /** Of small messages. */
  readonly #frames = new Fifo<{ readonly frame: Frame; readonly length: number }>();
  /** How much of small messages was handed over since the last part. */
  #sincePart = 0;
  /** They take turns, a part each. */
  #transfers: Transfer<M>[] = [];
  /** Big messages that have not begun. */
  readonly #big = new Fifo<Letter<M>>();
  /** Sequences in which a big message is on its way or has not begun, and what waits for it there. */
  readonly #sequences = new Map<Sequence, Letter<M>[]>();
  /** What is to arrive behind all that was sent before it, and so waits for the big ones. */
  #last: Letter<M>[] = [];
  #waitingBytes = 0;
  /** Handed to the socket, and not yet taken by the operating system. */
  #inFlightBytes = 0;
  #nextId = 0;
  #onEmpty: (() => void) | undefined;
  #onFallen: { readonly bytes: number; readonly tell: () => void }[] = [];

  constructor(write: WriteFrame, maxBytes: number) {
    this.#write = write;
    this.#maxBytes = maxBytes;
  }

  /** Of all that was sent and that the operating system has not taken. */
  get bytes(): number {
    return this.#waitingBytes + this.#inFlightBytes;
  }

  /** Resolves as soon as at most so many bytes wait. */
  fallenTo(bytes: number): Promise<void> {
    if (this.bytes <= bytes) return Promise.resolve();
    return new Promise((tell) => this.#onFallen.push({ bytes, tell }));
  }

  /** `bytes` is what `weigh` says of the message. */
  push(message: M, bytes: number): void {
    this.#waitingBytes += bytes;
    this.#sort({ message, bytes, sequence: sequenceOf(message) });
    if (this.#frames.size > 0 || this.#big.size > 0) this.#advance();
  }

  /** Calls back when all that was pushed is handed to the socket; nothing may follow. */
  end(onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    this.#seal();
    this.#advance();
  }

  clear(): void {
    clearImmediate(this.#flushSoon);
    this.#flushSoon = undefined;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#frames.clear();
    this.#transfers = [];
    this.#big.clear();
    this.#sequences.clear();
    this.#last = [];
    this.#waitingBytes = 0;
    this.#onEmpty = undefined;
    this.#tellFallen();
  }

  #sort(letter: Letter<M>): void {
    const { sequence } = letter;
    if (sequence === behindAll && this.#isBigUnderWay) this.#last.push(letter);
    else if (sequence !== undefined && this.#sequences.has(sequence)) this.#sequences.get(sequence)!.push(letter);
    else if (letter.bytes > bigBytes) this.#beginLater(letter);
    else this.#pack(letter);
  }

  get #isBigUnderWay(): boolean {
    return this.#transfers.length > 0 || this.#big.size > 0;
  }

  #pack({ message, bytes }: Letter<M>): void {
    if (this.#batchBytes + bytes > flushBytes) this.#seal();
    this.#batch.push(message);
    this.#batchBytes += bytes;
    if (bytes > flushBytes) this.#seal();
    else {
      this.#flushSoon ??= setImmediate(() => {
        this.#seal();
        this.#advance();
      });
    }
  }

  #beginLater(letter: Letter<M>): void {
    if (letter.sequence !== undefined) this.#sequences.set(letter.sequence, []);
    // Behind what was sent before it.
    this.#seal();
    this.#big.push(letter);
  }

  /** Makes a frame of the batch. */
  #seal(): void {
    clearImmediate(this.#flushSoon);
    this.#flushSoon = undefined;
    if (this.#batch.length === 0) return;
    const frame = encodeMessages(this.#batch, this.#batchBytes);
    this.#frames.push({ frame: [frame], length: frame.length });
    this.#waitingBytes += frame.length - this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
  }

  /** Hands over what there is room for, a part after each part's worth of small ones. */
  #advance(): void {
    for (;;) {
      this.#begin();
      const [transfer] = this.#transfers;
      const small = this.#frames.first;
      if (transfer !== undefined && (small === undefined || this.#sincePart >= partBytes)) {
        const length = lengthOf(transfer.next!);
        if (!this.#hasRoomFor(length)) return;
        this.#sincePart = 0;
        this.#writePart(transfer, length);
      } else if (small !== undefined) {
        if (!this.#hasRoomFor(small.length)) return;
        this.#sincePart += small.length;
        this.#frames.shift();
        this.#hand(small.frame, small.length);
      } else break;
    }
    if (this.#batch.length > 0) return;
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty?.();
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#inFlightBytes === 0 || this.#inFlightBytes + bytes <= windowBytes;
  }

  #begin(): void {
    for (let letter = this.#big.first; letter !== undefined; letter = this.#big.first) {
      const begunBytes = this.#transfers.reduce((sum, { bytes }) => sum + bytes, 0);
      const isOneTooMany = this.#transfers.length >= maxBegun || begunBytes + letter.bytes > this.#maxBytes;
      if (isOneTooMany && this.#transfers.length > 0) return;
      this.#big.shift();
      const frames = cut(letter.message, () => this.#nextId++);
      this.#transfers.push({ ...letter, frames, next: nextOf(frames), left: letter.bytes });
    }
  }

  #writePart(transfer: Transfer<M>, length: number): void {
    const frame = transfer.next!;
    transfer.next = nextOf(transfer.frames);
    transfer.left -= length;
    this.#transfers.shift();
    if (transfer.next !== undefined) this.#transfers.push(transfer);
    this.#hand(frame, length);
    if (transfer.next === undefined) this.#finish(transfer);
  }

  /** Lets go what waited for this one. */
  #finish({ sequence, left }: Transfer<M>): void {
    this.#waitingBytes -= left;
    const waiting = sequence === undefined ? [] : this.#sequences.get(sequence)!;
    if (sequence !== undefined) this.#sequences.delete(sequence);
    for (const letter of waiting) this.#sort(letter);
    const last = this.#last;
    this.#last = [];
    for (const letter of last) this.#sort(letter);
  }

  #hand(frame: Frame, length: number): void {
    this.#waitingBytes -= length;
    this.#inFlightBytes += length;
    this.#write(frame, () => {
      this.#inFlightBytes -= length;
      this.#tellFallen();
      this.#advance();
    });
  }

  #tellFallen(): void {
    if (this.#onFallen.length === 0) return;
    const { bytes: now } = this;
    const fallen = this.#onFallen.filter(({ bytes }) => now <= bytes);
    this.#onFallen = this.#onFallen.filter(({ bytes }) => now > bytes);
    for (const { tell } of fallen) tell();
  }
}

function nextOf(frames: Generator<Frame, void>): Frame | undefined {
  return frames.next().value ?? undefined;
}

function lengthOf(frame: Frame): number {
  return frame.reduce((sum, piece) => sum + piece.length, 0);
}
