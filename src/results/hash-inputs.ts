// What a value is, in 43 characters: equal values have equal hashes in every process, and different ones have not.
//
// The value is written out in a canonical form, which goes through sha256 on the way. There an object is its kind, the
// number of its parts and the parts; one that needs more than `inlineBytes`, or holds much memory, is replaced by its
// own digest. So nothing large is ever held, and a large part that is found in many places is read once.

import type { Hash } from 'node:crypto';
import { nodeCrypto } from '../lib/lazy-node.ts';
import { Bytes, contentOf, hole } from './content.ts';
import { assertKept, copierLosses } from './losses.ts';

/**
 * A stable hash of the content of `value`, as base64url. The order of keys does not count, be it of an object, or of a
 * Map or Set whose keys are primitives; nor does it count whether two parts are one object or two alike, unless some
 * part holds itself. The stack of an error does not count either. Throws `VALUE_NOT_SERIALIZABLE` for a value that
 * could not travel to a worker unchanged, since part of its content is out of sight.
 */
export function hashInputs(value: unknown): string {
  const { losses, packed } = copierLosses(value);
  assertKept('This value cannot be told from others by its content.', losses);
  try {
    return new Digester(new Tree()).digest(packed);
  } catch (error) {
    if (error !== holdsItself) throw error;
    return new Digester(new Graph()).digest(packed);
  }
}

/** Changes with the canonical form: hashes that were stored under another one then fit nothing. */
const formVersion = 'heddle 1';
const inlineBytes = 4_096;
const textChunk = 1_024;
/** More than any single write that is not a large `Bytes`. */
const roomBytes = 2 * textChunk + 64;

/** What to do about objects that are met more than once. */
interface Repeats {
  /** What is written in place of an object; `undefined` when it must be written out. */
  meet(value: object): Uint8Array | undefined;
  /** `digest` is what stands for it, if it was large. */
  leave(value: object, digest: Uint8Array | undefined): void;
}

/** Thrown by a `Tree` that meets a value inside of itself. */
const holdsItself = Symbol('holds itself');

/** Each place counts for itself, as if nothing was shared. */
class Tree implements Repeats {
  readonly #open = new Set<object>();
  readonly #digests = new Map<object, Uint8Array>();

  meet(value: object): Uint8Array | undefined {
    // oxlint-disable-next-line typescript/only-throw-error -- no error: a way out, caught by `hashInputs`
    if (this.#open.has(value)) throw holdsItself;
    const digest = this.#digests.get(value);
    if (digest === undefined) this.#open.add(value);
    return digest;
  }

  leave(value: object, digest: Uint8Array | undefined): void {
    this.#open.delete(value);
    if (digest !== undefined) this.#digests.set(value, digest);
  }
}

/** An object that was met before is written as its number. */
class Graph implements Repeats {
  readonly #numbers = new Map<object, number>();

  meet(value: object): Uint8Array | undefined {
    const number = this.#numbers.get(value);
    if (number !== undefined) return Buffer.from(`@${number};`);
    this.#numbers.set(value, this.#numbers.size);
    return undefined;
  }

  leave(): void {}
}

/** An object whose parts are being written. What is pending of it lies in the scratch, from `start` on. */
interface Frame {
  readonly value: object;
  readonly start: number;
  hash: Hash | undefined;
}

/** On the stack below the parts of an object: the place where it ends. */
const end: object = {};

class Digester {
  readonly #repeats: Repeats;
  readonly #frames: Frame[] = [{ value: {}, start: 0, hash: nodeCrypto().createHash('sha256') }];
  #scratch = Buffer.allocUnsafe(4 * inlineBytes);
  #used = 0;

  constructor(repeats: Repeats) {
    this.#repeats = repeats;
  }

  digest(root: unknown): string {
    this.#writeText(`${formVersion} ${this.#repeats.constructor.name}`);
    const stack = [root];
    while (stack.length > 0) {
      const part = stack.pop();
      if (typeof part === 'object' && part !== null) this.#writeObject(part, stack);
      else this.#writePrimitive(part);
    }
    const [{ hash }] = this.#frames as [Frame];
    return hash!.update(this.#scratch.subarray(0, this.#used)).digest('base64url');
  }

  #writeObject(part: object, stack: unknown[]): void {
    if (part instanceof Bytes) this.#writeBytes(part.bytes);
    else if (part === end) this.#leave();
    else this.#enter(part, stack);
  }

  #enter(value: object, stack: unknown[]): void {
    const standIn = this.#repeats.meet(value);
    if (standIn !== undefined) {
      this.#append(standIn);
      return;
    }
    this.#makeRoom();
    this.#frames.push({ value, start: this.#used, hash: undefined });
    const { kind, parts } = contentOf(value);
    this.#makeRoom();
    this.#used += this.#scratch.write(`(${kind} ${parts.length};`, this.#used, 'latin1');
    stack.push(end);
    for (let index = parts.length - 1; index >= 0; index -= 1) stack.push(parts[index]);
  }

  #leave(): void {
    const { value, start, hash } = this.#frames.pop()!;
    const pending = this.#scratch.subarray(start, this.#used);
    if (hash === undefined && pending.length <= inlineBytes) {
      this.#repeats.leave(value, undefined);
      return;
    }
    const digest = Buffer.concat([
      Buffer.from('#'),
      (hash ?? nodeCrypto().createHash('sha256')).update(pending).digest(),
    ]);
    this.#used = start;
    this.#append(digest);
    this.#repeats.leave(value, digest);
  }

  #writePrimitive(value: unknown): void {
    if (typeof value === 'string') this.#writeText(value);
    else if (typeof value === 'number') this.#writeNumber(value);
    else if (typeof value === 'bigint') this.#writeBigInt(value);
    else this.#writeTag(value === hole ? 'h' : String(value)[0]!);
  }

  /** Each primitive begins with another character: `h` for a hole, and the first of undefined, null, true and false. */
  #writeTag(tag: string): void {
    this.#makeRoom();
    this.#scratch[this.#used] = tag.charCodeAt(0);
    this.#used += 1;
  }

  #writeNumber(number: number): void {
    this.#writeTag('d');
    // All NaNs are one; they may differ in their bits.
    this.#used = this.#scratch.writeDoubleLE(Number.isNaN(number) ? Number.NaN : number, this.#used);
  }

  #writeBigInt(number: bigint): void {
    this.#writeTag('i');
    this.#writeText(number.toString(16));
  }

  /** In UTF-16, where half of a surrogate pair is written as it is. */
  #writeText(text: string): void {
    this.#writeTag('s');
    this.#used = this.#scratch.writeUInt32LE(text.length, this.#used);
    for (let at = 0; at < text.length; at += textChunk) {
      this.#makeRoom();
      this.#used += this.#scratch.write(text.slice(at, at + textChunk), this.#used, 'utf16le');
    }
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#writeTag('b');
    this.#used = this.#scratch.writeDoubleLE(bytes.length, this.#used);
    if (bytes.length <= textChunk) {
      this.#append(bytes);
      return;
    }
    this.#flush();
    this.#frames.at(-1)!.hash!.update(bytes);
  }

  #append(bytes: Uint8Array): void {
    this.#makeRoom();
    this.#scratch.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #makeRoom(): void {
    if (this.#used - this.#frames.at(-1)!.start > inlineBytes) this.#flush();
    if (this.#used + roomBytes <= this.#scratch.length) return;
    const grown = Buffer.allocUnsafe(this.#scratch.length * 2);
    grown.set(this.#scratch.subarray(0, this.#used));
    this.#scratch = grown;
  }

  #flush(): void {
    const frame = this.#frames.at(-1)!;
    frame.hash ??= nodeCrypto().createHash('sha256');
    frame.hash.update(this.#scratch.subarray(frame.start, this.#used));
    this.#used = frame.start;
  }
}
