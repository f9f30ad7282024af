// Memory that goes beside a block of bytes, since it is to be moved or shared and not copied into it. Only within one
// process: there, blocks pass from hand to hand, and nobody on the way needs to know.

/** By the number that stands for it in the bytes. */
export type Attachments = ReadonlyMap<number, ArrayBuffer | SharedArrayBuffer>;

export interface Attached {
  readonly attachments: Attachments;
  /** Whether whoever opens the block may have the memory itself: it came to this thread for that. */
  readonly isForKeeps: boolean;
}

const byBytes = new WeakMap<Uint8Array, Attached>();

export function attach(bytes: Uint8Array, attachments: Attachments, { isForKeeps = false } = {}): void {
  if (attachments.size > 0) byBytes.set(bytes, { attachments, isForKeeps });
}

export function attachmentsOf(bytes: Uint8Array): Attached | undefined {
  return byBytes.get(bytes);
}

/** Of the bytes and of what is attached to them alone: what many look at is not counted with each. */
export function byteLengthOf(bytes: Uint8Array): number {
  let { byteLength } = bytes;
  for (const memory of byBytes.get(bytes)?.attachments.values() ?? []) {
    if (memory instanceof ArrayBuffer) byteLength += memory.byteLength;
  }
  return byteLength;
}

/** Lets a copy of the bytes have what the bytes have, in memory that many may look at. */
export function attachShared(copy: Uint8Array, bytes: Uint8Array): void {
  const attached = byBytes.get(bytes);
  if (attached === undefined) return;
  attach(copy, new Map([...attached.attachments].map(([number, memory]) => [number, shared(memory)])));
}

function shared(memory: ArrayBuffer | SharedArrayBuffer): SharedArrayBuffer {
  return memory instanceof SharedArrayBuffer ? memory : sharedCopyOf(new Uint8Array(memory));
}

/** In memory that many may look at. */
export function sharedCopyOf(bytes: Uint8Array): SharedArrayBuffer {
  const copy = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
