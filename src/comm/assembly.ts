import { minBodyBytes, type BodySource } from '../protocol/bodies.ts';
import type { Decode } from '../protocol/codec.ts';
import type { Message } from '../protocol/messages.ts';
import { maxBegun, partBytes, readPart, type Part } from '../protocol/part.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';

interface Begun {
  readonly kind: Part['kind'];
  readonly bytes: Uint8Array;
  filled: number;
}

/**
 * Puts the parts that one connection brings together again. What it holds is bounded, whatever the other end does: in
 * bytes, counted as soon as something is begun, and in the number of things that are begun and not finished.
 */
export class Assembly implements BodySource {
  readonly #maxBytes: number;
  readonly #begun = new Map<number, Begun>();
  /** Bodies that are whole, and whose message has not come yet. */
  readonly #whole = new Map<number, Uint8Array>();
  /** Of all that is begun or whole. */
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#whole.size;
  }

  /** How many bytes have come of all that is begun or whole. */
  get filledBytes(): number {
    let bytes = 0;
    for (const { filled } of this.#begun.values()) bytes += filled;
    for (const { length } of this.#whole.values()) bytes += length;
    return bytes;
  }

  /** Takes a part; gives the frame of messages that it was the last part of, if so. Throws a ProtocolError. */
  add(part: Part): Uint8Array | undefined {
    const begun = this.#begun.get(part.id) ?? this.#begin(part);
    const { bytes } = begun;
    const isNext = part.size === bytes.length && part.kind === begun.kind && part.offset === begun.filled;
    if (!isNext || part.length !== Math.min(partBytes, bytes.length - begun.filled)) {
      throw violation(part, `does not follow the ${begun.filled} of ${bytes.length} bytes that came before it`);
    }
    for (const piece of part.pieces) {
      bytes.set(piece, begun.filled);
      begun.filled += piece.length;
    }
    if (begun.filled < bytes.length) return undefined;
    this.#begun.delete(part.id);
    if (begun.kind === 'body') {
      this.#whole.set(part.id, bytes);
      return undefined;
    }
    this.#heldBytes -= bytes.length;
    return bytes;
  }

  take(id: number): Uint8Array | undefined {
    const body = this.#whole.get(id);
    if (body === undefined) return undefined;
    this.#whole.delete(id);
    this.#heldBytes -= body.length;
    return body;
  }

  clear(): void {
    this.#begun.clear();
    this.#whole.clear();
    this.#heldBytes = 0;
  }

  #begin(part: Part): Begun {
    const { id, kind, size } = part;
    if (this.#whole.has(id)) throw violation(part, 'belongs to what is finished');
    if (size < minBodyBytes) throw violation(part, `is of ${size} bytes only, which are not sent in parts`);
    if (this.#begun.size >= maxBegun) throw violation(part, `begins one more while ${maxBegun} are not finished`);
    if (this.#heldBytes + size > this.#maxBytes) {
      const held = `${size} bytes with ${this.#heldBytes} held already`;
      throw violation(part, `is of more than may be held for one connection: ${held}, of at most ${this.#maxBytes}`);
    }
    this.#heldBytes += size;
    // Of its own, and not of a pool: it is handed out as it is. All of it is written to before that.
    const memory = Buffer.allocUnsafeSlow(size);
    const begun = { kind, bytes: new Uint8Array(memory.buffer, memory.byteOffset, size), filled: 0 };
    this.#begun.set(id, begun);
    return begun;
  }
}

/** Reads a frame, which comes in pieces: messages, if it holds any or ends what does. Throws a ProtocolError. */
export function readFrame<In extends Message>(
  frame: readonly Uint8Array[],
  assembly: Assembly,
  decode: Decode<In>,
): In[] {
  const part = readPart(frame);
  const batch = part === undefined ? joined(frame) : assembly.add(part);
  return batch === undefined ? [] : decode(batch, assembly);
}

function joined(frame: readonly Uint8Array[]): Uint8Array {
  return frame.length === 1 ? frame[0]! : Buffer.concat(frame);
}

function violation({ id, kind, size, offset, length }: Part, problem: string): ProtocolError {
  const message = `a part (${length} bytes at ${offset} of ${kind} ${id}) ${problem}`;
  return new ProtocolError(message, { body: id, size, offset });
}
