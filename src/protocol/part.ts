// The frame that carries a part of something big: a head, and bytes. A frame that begins otherwise is a batch of
// messages.

import { ProtocolError } from './protocol-error.ts';

/** What is bigger is cut, so that a part is all that a small message ever waits for. */
export const partBytes = 1024 * 1024;

/** How many things one end may have begun and not finished at a time. */
export const maxBegun = 4;

/** MessagePack never uses this byte, so no batch of messages begins with it. */
const mark = 0xc1;
const headBytes = 20;
const kinds = { body: 0, frame: 1 } as const;

/** What no frame is longer than. */
export const maxFrameBytes = partBytes + headBytes;

export interface PartHead {
  /** Of what it is a part; no two have the same number at a time. */
  readonly id: number;
  /** A body that a message will refer to, or itself a frame of messages. */
  readonly kind: keyof typeof kinds;
  /** Of the whole. */
  readonly size: number;
  /** Where in the whole this part begins. */
  readonly offset: number;
}

export interface Part extends PartHead {
  /** Its bytes, in pieces as the transport had them. */
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

export function encodePartHead({ id, kind, size, offset }: PartHead): Uint8Array {
  const head = Buffer.allocUnsafe(headBytes);
  head[0] = mark;
  head[1] = kinds[kind];
  head.writeUIntBE(id, 2, 6);
  head.writeUIntBE(size, 8, 6);
  head.writeUIntBE(offset, 14, 6);
  return head;
}

/** Reads a frame, in pieces cut anywhere, if it is a part. Throws a ProtocolError for half a one. */
export function readPart(frame: readonly Uint8Array[]): Part | undefined {
  const [first] = frame;
  if (first === undefined || first[0] !== mark) return undefined;
  const [start, ...rest] = first.length >= headBytes ? frame : [Buffer.concat(frame)];
  const head = Buffer.from(start.buffer, start.byteOffset, start.length);
  const kind = head[1] === kinds.body ? 'body' : head[1] === kinds.frame ? 'frame' : undefined;
  if (head.length < headBytes || kind === undefined) throw new ProtocolError('a part came with a head that is none');
  const pieces = [head.subarray(headBytes), ...rest];
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const [id, size, offset] = [head.readUIntBE(2, 6), head.readUIntBE(8, 6), head.readUIntBE(14, 6)];
  return { id, kind, size, offset, pieces, length };
}
