/** At most this much waits in the socket, so that a ping never waits behind more. */
const partBytes = 1024 * 1024;

/** Hands one part to the socket; `taken` is called when the operating system has it. */
export type WritePart = (part: Uint8Array, isLast: boolean, taken: () => void) => void;

/** Frames on their way out: in order, cut into parts, a part only when the one before it has left. */
export class Outbox {
  readonly #write: WritePart;
  #frames: Uint8Array[] = [];
  /** The first frame that is not wholly written, and how much of it is. */
  #next = 0;
  #offset = 0;
  /** Handed to the socket, and not yet taken by the operating system. */
  #inFlightBytes = 0;
  #waitingBytes = 0;
  #onEmpty: (() => void) | undefined;

  constructor(write: WritePart) {
    this.#write = write;
  }

  get bytes(): number {
    return this.#waitingBytes + this.#inFlightBytes;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#waitingBytes += frame.length;
    this.#advance();
  }

  /** Calls back when all that was pushed is handed to the socket; no frame may follow. */
  end(onEmpty: () => void): void {
    this.#onEmpty = onEmpty;
    this.#advance();
  }

  clear(): void {
    this.#frames = [];
    this.#next = 0;
    this.#offset = 0;
    this.#waitingBytes = 0;
    this.#onEmpty = undefined;
  }

  #advance(): void {
    for (let frame = this.#frames[this.#next]; frame !== undefined; frame = this.#frames[this.#next]) {
      const end = Math.min(frame.length, this.#offset + partBytes);
      const size = end - this.#offset;
      if (this.#inFlightBytes > 0 && this.#inFlightBytes + size > partBytes) return;
      this.#writePart(frame, end);
    }
    this.#frames = [];
    this.#next = 0;
    const onEmpty = this.#onEmpty;
    this.#onEmpty = undefined;
    onEmpty?.();
  }

  #writePart(frame: Uint8Array, end: number): void {
    const part = frame.subarray(this.#offset, end);
    const isLast = end === frame.length;
    this.#offset = isLast ? 0 : end;
    if (isLast) this.#dropFrame();
    this.#waitingBytes -= part.length;
    this.#inFlightBytes += part.length;
    this.#write(part, isLast, () => {
      this.#inFlightBytes -= part.length;
      this.#advance();
    });
  }

  /** Forgets the frame at once, and now and then the place where it was: `shift` would move all the others. */
  #dropFrame(): void {
    this.#frames[this.#next] = new Uint8Array(0);
    this.#next += 1;
    if (this.#next < 1024) return;
    this.#frames = this.#frames.slice(this.#next);
    this.#next = 0;
  }
}
