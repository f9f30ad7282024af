import { withoutBodies } from './bodies.ts';
import { encodeMessages } from './codec.ts';
import type { Message } from './messages.ts';
import { encodePartHead, partBytes, type PartHead } from './part.ts';

/** A frame, in pieces that are to be sent as one. */
export type Frame = readonly Uint8Array[];

/**
 * The frames of a big message, in the order in which they must arrive; others may come between. Its bodies are not
 * copied: a frame holds a view of one. The message itself is last, so that it arrives when all of it has.
 */
export function* cut(message: Message, takeId: () => number): Generator<Frame, void> {
  const bodies: { id: number; bytes: Uint8Array }[] = [];
  const rest = withoutBodies(message, (bytes) => {
    const id = takeId();
    bodies.push({ id, bytes });
    return id;
  });
  for (const { id, bytes } of bodies) yield* partsOf({ id, kind: 'body' }, bytes);
  // Many small bodies, or long texts, are left.
  const frame = encodeMessages([rest]);
  if (frame.length <= partBytes) yield [frame];
  else yield* partsOf({ id: takeId(), kind: 'frame' }, frame);
}

function* partsOf(what: Pick<PartHead, 'id' | 'kind'>, bytes: Uint8Array): Generator<Frame, void> {
  for (let offset = 0; offset < bytes.length; offset += partBytes) {
    yield [encodePartHead({ ...what, size: bytes.length, offset }), bytes.subarray(offset, offset + partBytes)];
  }
}
