// Messages to bytes and back: a batch of messages is one frame. What is read is checked before anybody sees it, so that
// every other room may rely on the types in `messages.ts`.

import { Packr, Unpackr } from 'msgpackr';
import { putBodies, type BodySource } from './bodies.ts';
import { describe, isRecord, record, type Check, type Fields } from './checks.ts';
import type { FromClient, FromPeer, FromWorker, Message, ToClient, ToWorker } from './messages.ts';
import { assertPlain } from './plain-msgpack.ts';
import { ProtocolError } from './protocol-error.ts';
import { fromClient, fromWorker, toClient, toWorker } from './shapes.ts';
import type { Shapes } from './shapes.ts';

/**
 * Reads a frame: messages of known shape, or a ProtocolError. `bodies` are those that came ahead of it. Every body that
 * it hands out owns its memory.
 */
export type Decode<M extends Message> = (frame: Uint8Array, bodies?: BodySource) => M[];

export const decodeFromWorker = decoder<FromWorker>(fromWorker);
export const decodeToWorker = decoder<ToWorker>(toWorker);
export const decodeFromClient = decoder<FromClient>(fromClient);
export const decodeToClient = decoder<ToClient>(toClient);
/** For an end that does not know yet who is speaking. No type but `hello` means something in both directions. */
export const decodeFromPeer = decoder<FromPeer>({ ...fromClient, ...fromWorker });

const plain = { useRecords: false, mapsAsObjects: true, structuredClone: false } as const;
const packr = new Packr({ ...plain, variableMapSize: true });
// Bodies are copied out of the frame (a memcpy, lost beside the network's cost). A view would keep its whole frame
// alive for as long as a small result is kept, and `postMessage` of a view clones all that the view is cut from.
const unpackr = new Unpackr({ ...plain, copyBuffers: true });

/** msgpackr writes into one pool for all of its users. Frames from this size on get memory of their own. */
const ownMemoryBytes = 128 * 1024;
const poolBytes = 8 * 1024;

/** The frame is the caller's: nothing writes to it later. `weight` is what `weigh` says of all messages together. */
export function encodeMessages(messages: readonly Message[], weight = weigh(messages)): Uint8Array {
  const bytes = poolBytes + weight;
  if (bytes < ownMemoryBytes) return packr.pack(messages);
  // Otherwise the pool would grow to the size of this frame, and stay so: each small frame after it would pin as much.
  packr.useBuffer(Buffer.allocUnsafeSlow(bytes));
  try {
    return packr.pack(messages);
  } finally {
    packr.useBuffer(Buffer.allocUnsafeSlow(poolBytes));
  }
}

/** About how many bytes a message will need: never fewer, and hardly more when it is big. */
export function weigh(value: unknown): number {
  if (typeof value === 'string') return 5 + value.length * 3;
  if (value instanceof Uint8Array) return 5 + value.byteLength;
  if (typeof value !== 'object' || value === null) return 9;
  let weight = 5;
  if (Array.isArray(value)) {
    for (const item of value) weight += weigh(item);
    return weight;
  }
  for (const [key, field] of Object.entries(value)) weight += 5 + key.length + weigh(field);
  return weight;
}

function decoder<M extends Message>(shapes: Shapes<M>): Decode<M> {
  const fieldsOf = Object.entries<Fields<object>>(shapes);
  const checks = new Map<unknown, Check>(fieldsOf.map(([type, fields]) => [type, record(fields)]));
  return (frame, bodies) => {
    const batch = unpack(frame);
    if (bodies !== undefined && bodies.size > 0) putBodies(batch, bodies);
    if (!Array.isArray(batch)) throw new ProtocolError(`expected a batch of messages, got ${describe(batch)}`);
    for (const message of batch) assertMessage(message, checks);
    return batch as M[];
  };
}

function assertMessage(message: unknown, checks: ReadonlyMap<unknown, Check>): void {
  if (!isRecord(message)) throw new ProtocolError(`expected a message, got ${describe(message)}`);
  const { type } = message;
  const check = checks.get(type);
  if (check === undefined) throw new ProtocolError(`no message of type ${describe(type)} may come this way`);
  const fault = check(message);
  if (fault === undefined) return;
  const { path, expected, received } = fault;
  const where = `${describe(type)} message: ${path.slice(1)}`;
  throw new ProtocolError(`${where}: expected ${expected}, got ${received}`, { messageType: type, ...fault });
}

function unpack(frame: Uint8Array): unknown {
  assertPlain(frame);
  try {
    // As a plain Uint8Array, so that its bodies are plain too, whatever the transport hands us.
    return unpackr.unpack(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
  } catch (cause) {
    throw new ProtocolError('a frame could not be read', { cause });
  }
}
