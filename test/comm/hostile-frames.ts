// Frames as an enemy sends them: cut, bent, put together from others, with lengths and parts that lie.

import fc from 'fast-check';
import type { Message } from '../../src/protocol/messages.ts';
import { encodeMessages } from '../../src/protocol/codec.ts';
import { encodePartHead, partBytes } from '../../src/protocol/part.ts';

/** Bytes that mean something to those who read MessagePack, or parts. */
const telling = [
  0x80, 0x90, 0x91, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xca, 0xd4, 0xd6, 0xd9, 0xdb, 0xdc, 0xdd, 0xdf, 0xff, 0,
];
const full = new Uint8Array(partBytes);

/** Frames that begin with what whoever sends such messages may send. */
export function hostileFrame(messages: fc.Arbitrary<Message>, seed: number): fc.Arbitrary<Uint8Array> {
  // Made once: it would take longer than all the rest.
  const good = fc.sample(fc.array(messages, { minLength: 1, maxLength: 3 }), { numRuns: 300, seed });
  const frame = fc.constantFrom(...good.map((batch) => encodeMessages(batch)));
  const byte = fc.oneof(fc.constantFrom(...telling), fc.nat(255));
  const edits = fc.array(fc.tuple(fc.nat(4000), byte), { minLength: 1, maxLength: 4 });
  const cut = fc.tuple(frame, fc.nat(4000)).map(([bytes, end]) => bytes.subarray(0, end % bytes.length));
  const bent = fc.tuple(frame, edits).map(([bytes, changes]) => bentBytes(bytes, changes));
  const spliced = fc.tuple(frame, frame, fc.nat(4000), fc.nat(4000)).map(([one, other, end, start]) => {
    return Buffer.concat([one.subarray(0, end % one.length), other.subarray(start % other.length)]);
  });
  const random = fc.array(byte, { maxLength: 64 }).map((bytes) => Uint8Array.from(bytes));
  return fc.oneof(frame, cut, bent, bent, spliced, random, part(), part(), referring(good));
}

function bentBytes(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const [at, value] of changes) copy[at % copy.length] = value;
  return copy;
}

/** Parts that may follow each other by chance, and mostly do not. */
function part(): fc.Arbitrary<Uint8Array> {
  // Those of a full part are rare, since they take a thousand times as long as any other.
  const big = { weight: 1, arbitrary: fc.constantFrom(partBytes, partBytes + 7, 3 * partBytes) };
  const others = { weight: 60, arbitrary: fc.constantFrom(0, 65_535, 65_536, 65_536, 70_000, 70_000, 2 ** 47) };
  const sizes = fc.oneof(big, others);
  const facts = {
    id: fc.nat(6),
    kind: fc.constantFrom('body' as const, 'frame' as const),
    size: sizes,
    offset: fc.constantFrom(0, 0, 0, 1, partBytes, 2 ** 47),
    isFitting: fc.boolean(),
    length: fc.nat(100),
  };
  return fc.record(facts).map(({ isFitting, length, ...head }) => {
    const fitting = Math.max(0, Math.min(partBytes, head.size - head.offset));
    const isShort = !isFitting || head.size > 2 ** 32;
    return Buffer.concat([encodePartHead(head), full.subarray(0, isShort ? length : fitting)]);
  });
}

/** Messages in which numbers stand for bodies that were sent before, or were not. */
function referring(good: readonly (readonly Message[])[]): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.constantFrom(...good), fc.nat(6)).map(([batch, id]) => {
    const bodiless = batch.map((message) =>
      Object.fromEntries(
        Object.entries(message).map(([key, value]) => [key, value instanceof Uint8Array ? { body: id } : value]),
      ),
    );
    return encodeMessages(bodiless as unknown as Message[]);
  });
}
