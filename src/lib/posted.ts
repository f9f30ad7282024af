// What goes to a thread of this process and comes back: as one flat list. V8 copies that in a fraction of the time that
// objects take. A small array of bytes alone takes it as long as all the rest, so it goes as a text.

import { attach, attachmentsOf, type Attachments } from './attachments.ts';
import type { Block, ChunkInput, ChunkMessage, Dispatch, ThreadMemory } from './chunk.ts';

export type Posted = readonly unknown[];

/** What a thread is to do: to run a chunk, or to close the resource that it has opened by this key. */
export type Order = Posted | { readonly closing: string };

type Settled = Extract<ChunkMessage, { type: 'settled' }>;

/** Bytes up to this length go as a text. */
export const shortBytes = 1_024;

/** `memory` goes along with the first chunk of a thread. */
export function postedChunk(chunk: Dispatch, memory?: ThreadMemory): Posted {
  const list: unknown[] = [memory];
  const { name, length, array, attempt, lanes, code } = chunk;
  list.push(name, length, array, attempt, lanes, code.bundle, code.problem);
  const { parts, values } = chunk.definition;
  list.push(parts.length, ...parts, values !== undefined);
  if (values !== undefined) putBytes(list, values);
  list.push(chunk.ranges.length);
  for (const { start, end } of chunk.ranges) list.push(start, end);
  putInputs(list, chunk.elementwise);
  putInputs(list, chunk.whole);
  list.push(chunk.notes.length);
  for (const { index, bytes } of chunk.notes) {
    list.push(index);
    putBytes(list, bytes);
  }
  list.push(chunk.timedOut.length);
  for (const index of chunk.timedOut) list.push(index);
  return list;
}

/** What came with the first chunk. */
export function memoryOf([memory]: Posted): ThreadMemory | undefined {
  return memory as ThreadMemory | undefined;
}

/** To be called once, by the thread that it was posted to: what is attached to its bytes is that thread's own. */
export function chunkFrom(posted: Posted): Dispatch {
  const next = readerOf(posted, 1);
  const number = () => next() as number;
  const name = next() as string;
  const [length, array, attempt, lanes] = [number(), number(), number(), number()];
  const [bundle, problem] = [next(), next()] as (string | undefined)[];
  const code = { ...(bundle !== undefined && { bundle }), ...(problem !== undefined && { problem }) };
  const parts = takeEach(next, () => next() as string);
  const definition = next() === true ? { parts, values: takeBytes(next) } : { parts };
  const ranges = takeEach(next, () => ({ start: number(), end: number() }));
  const elementwise = takeEach(next, () => takeInput(next));
  const whole = takeEach(next, () => takeInput(next));
  const notes = takeEach(next, () => ({ index: number(), bytes: takeBytes(next) }));
  const timedOut = takeEach(next, number);
  return { name, length, array, attempt, lanes, code, definition, ranges, elementwise, whole, notes, timedOut };
}

/** Memory of so many bytes or more that was posted and not shared. */
export function memoryIn(posted: Posted, atLeastBytes: number): ArrayBuffer[] {
  const memory = new Set<ArrayBuffer>();
  for (const member of posted) {
    if (!(member instanceof Uint8Array) || member.byteLength < atLeastBytes) continue;
    if (member.buffer instanceof ArrayBuffer) memory.add(member.buffer);
  }
  return [...memory];
}

export function postedReturn(last: readonly ChunkMessage[]): Posted {
  const list: unknown[] = [];
  for (const message of last) {
    if (message.type !== 'settled') {
      list.push(message);
      continue;
    }
    const { start, count, busyMs, retried, unable, bytes } = message;
    list.push('settled', start, count, busyMs, retried, unable);
    putBytes(list, bytes);
  }
  return list;
}

export function returnFrom(posted: Posted): readonly ChunkMessage[] {
  const next = readerOf(posted);
  const last: ChunkMessage[] = [];
  for (let message = next(); message !== undefined; message = next()) {
    last.push(message === 'settled' ? takeSettled(next) : (message as ChunkMessage));
  }
  return last;
}

function takeSettled(next: Next): Settled {
  const [start, count, busyMs] = [next(), next(), next()] as [number, number, number];
  const retried = next() as number | undefined;
  const unable = next() as string | undefined;
  const taken = takeBytes(next);
  // Kept for long, and counted: memory that Node shares out would be kept with it, and is not counted.
  const bytes = Buffer.isBuffer(taken) ? new Uint8Array(taken) : taken;
  const more = { ...(retried !== undefined && { retried }), ...(unable !== undefined && { unable }) };
  return { type: 'settled', start, count, busyMs, ...more, bytes };
}

function putInputs(list: unknown[], inputs: readonly ChunkInput[]): void {
  list.push(inputs.length);
  for (const { array, blocks } of inputs) {
    list.push(array, blocks.length);
    for (const { start, count, bytes } of blocks) {
      list.push(start, count);
      putBytes(list, bytes);
    }
  }
}

function takeInput(next: Next): ChunkInput {
  const block = (): Block => ({ start: next() as number, count: next() as number, bytes: takeBytes(next) });
  return { array: next() as number, blocks: takeEach(next, block) };
}

function putBytes(list: unknown[], bytes: Uint8Array): void {
  const attached = attachmentsOf(bytes)?.attachments;
  const { buffer, byteOffset, byteLength } = bytes;
  if (attached === undefined && byteLength <= shortBytes) {
    list.push(Buffer.from(buffer, byteOffset, byteLength).toString('latin1'));
    return;
  }
  // A view of a large buffer is posted with all of that buffer, so views are cut out first.
  list.push(byteLength === buffer.byteLength ? bytes : new Uint8Array(bytes), attached);
}

function takeBytes(next: Next): Uint8Array {
  const given = next() as string | Uint8Array;
  if (typeof given === 'string') return Buffer.from(given, 'latin1');
  const attached = next() as Attachments | undefined;
  if (attached !== undefined) attach(given, attached, { isForKeeps: true });
  return given;
}

/** As many as the next member says. */
function takeEach<Member>(next: Next, take: () => Member): Member[] {
  const members: Member[] = [];
  for (let left = next() as number; left > 0; left -= 1) members.push(take());
  return members;
}

/** Gives the members of a list, one after the other. */
type Next = () => unknown;

function readerOf(posted: Posted, start = 0): Next {
  let position = start;
  return () => posted[position++];
}
