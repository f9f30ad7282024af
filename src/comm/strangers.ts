import type { Socket } from 'node:net';
import type { NoteRefusal } from './refusals.ts';

export interface StrangerLimits {
  /** Connections that have said nothing that makes sense yet, in all and from one address. */
  readonly maxStrangers?: number;
  readonly maxStrangersPerAddress?: number;
  /** How long one may be a stranger, from its first packet: for TLS, HTTP and the first message together. */
  readonly introductionTimeoutMs?: number;
}

const defaults = { maxStrangers: 512, maxStrangersPerAddress: 128, introductionTimeoutMs: 10_000 };

/**
 * The connections of which nobody knows yet whether they are welcome: there is no more than so many of them, and none
 * stays one for long. The others have shown that they know the token, and are not counted here.
 */
export class Strangers {
  readonly #limits: Required<StrangerLimits>;
  /** What ends each, by address and port of the other end: an encrypted socket and the one beneath share these. */
  readonly #open = new Map<string, NodeJS.Timeout>();
  readonly #perAddress = new Map<string, number>();
  readonly #noteRefusal: NoteRefusal;

  constructor(limits: StrangerLimits, noteRefusal: NoteRefusal) {
    this.#limits = { ...defaults, ...limits };
    this.#noteRefusal = noteRefusal;
  }

  /** Takes one in, or ends it at once. */
  admit(socket: Socket): void {
    const { remoteAddress: address } = socket;
    // It is gone already.
    if (address === undefined) return void socket.destroy();
    const { maxStrangers, maxStrangersPerAddress, introductionTimeoutMs } = this.#limits;
    const ofAddress = this.#perAddress.get(address) ?? 0;
    const limit = ofAddress >= maxStrangersPerAddress ? `${ofAddress} of its address` : `${this.#open.size}`;
    if (ofAddress >= maxStrangersPerAddress || this.#open.size >= maxStrangers) {
      this.#noteRefusal(address, `${limit} have not introduced themselves yet, and no more are let in until they have`);
      return void socket.resetAndDestroy();
    }
    const key = keyOf(socket);
    const timer = setTimeout(() => {
      this.#noteRefusal(address, `it did not introduce itself within ${introductionTimeoutMs} ms`);
      socket.destroy();
    }, introductionTimeoutMs);
    this.#open.set(key, timer);
    this.#perAddress.set(address, ofAddress + 1);
    socket.once('close', () => this.#forget(key, address));
  }

  /** To be called when it has introduced itself. */
  introduced(socket: Socket): void {
    if (socket.remoteAddress !== undefined) this.#forget(keyOf(socket), socket.remoteAddress);
  }

  #forget(key: string, address: string): void {
    if (!this.#open.has(key)) return;
    clearTimeout(this.#open.get(key));
    this.#open.delete(key);
    const left = this.#perAddress.get(address)! - 1;
    if (left === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, left);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
