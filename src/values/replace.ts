// The second look at a value that the copier would not rebuild exactly: what is in it of registered types, and errors
// with fields of their own, goes in envelopes. The value itself stays as it is; what leads to an envelope is copied.

import { types } from 'node:util';
import { numberOf } from './copier.ts';
import { Envelope } from './envelope.ts';
import { isExact, isSparse, levelsOf, maxDepth } from './exactness.ts';
import { isPlain, isProxied, nameOf, prototypesOf, refusedKind } from './kinds.ts';
import { namedKeys, textOf } from './members.ts';
import { sharedViewTag, typeOf, type RegisteredType } from './types.ts';

export interface Sharing {
  /** Whether who gets the value is in this process, and can look at the very same memory. */
  readonly sharesMemory?: boolean | undefined;
}

export interface Packed {
  /** The value with envelopes in it, for the copier to write; or as it was, when there is nothing to put into one. */
  readonly packed: unknown;
  /** A getter that makes a new object each time it is asked has no end; and the copier does not follow a long list. */
  readonly isTooDeep: boolean;
}

export function withEnvelopes(value: unknown, sharing: Sharing = {}): Packed {
  if (typeof value !== 'object' || value === null) return { packed: value, isTooDeep: false };
  try {
    return new Replacement(sharing).run(value);
  } catch {
    // A getter threw. The diagnosis meets it again, and names it.
    return { packed: value, isTooDeep: false };
  }
}

interface Opening {
  readonly copy: object;
  readonly depth: number;
  readonly fill: () => void;
}

class Replacement {
  /** What stands for an object that was met. */
  readonly #copies = new Map<object, unknown>();
  /** What is still to be filled, the next last: in the order of the copier, so that all is as deep as it is there. */
  readonly #open: Opening[] = [];
  readonly #envelopes: Envelope[] = [];
  readonly #sharesMemory: boolean;
  /** Of what is found next. */
  #depth = 0;

  constructor({ sharesMemory = false }: Sharing) {
    this.#sharesMemory = sharesMemory;
  }

  run(root: object): Packed {
    const packed = this.#copyOf(root);
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      const { copy, depth, fill } = next;
      if (depth > maxDepth) return { packed: root, isTooDeep: true };
      this.#depth = depth + levelsOf(copy);
      const before = this.#open.length;
      fill();
      reverseFrom(before, this.#open);
    }
    if (this.#envelopes.length === 0) return { packed: root, isTooDeep: false };
    markLoops(packed);
    return { packed, isTooDeep: false };
  }

  #fillLater(copy: object, fill: () => void): void {
    this.#open.push({ copy, depth: this.#depth, fill });
  }

  #copyOf(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const copy = this.#start(value);
    this.#copies.set(value, copy);
    return copy;
  }

  #start(value: object): unknown {
    if (isProxied(value)) return value;
    if (types.isNativeError(value) && isExact(value)) return value;
    const type = typeOf(value);
    if (type !== undefined) return this.#envelope(value, type);
    if (Envelope.is(value)) return this.#keep(value);
    if (this.#sharesMemory && types.isSharedArrayBuffer(value)) return this.#envelopeOfMemory(value);
    if (this.#sharesMemory && isView(value) && types.isSharedArrayBuffer(value.buffer)) {
      const encode = () => [numberOf(value), value.buffer, value.byteOffset, value.byteLength];
      return this.#envelope(value, { tag: sharedViewTag, encode });
    }
    if (Array.isArray(value)) return this.#startArray(value);
    if (types.isMap(value) || types.isSet(value)) return this.#startCollection(value);
    return this.#isOpen(value)
      ? this.#startObject(value, Object.create(Object.getPrototypeOf(value) as object))
      : value;
  }

  #envelope(value: object, type: Pick<RegisteredType, 'tag' | 'encode' | 'changeOf'>): Envelope {
    const what = nameOf(value);
    try {
      const data = type.encode(value);
      const envelope = this.#keep(new Envelope(type.tag, what, type.changeOf?.(value, data)));
      this.#fillLater(envelope, () => (envelope.data = this.#copyOf(data)));
      return envelope;
    } catch (error) {
      const envelope = this.#keep(new Envelope(type.tag, what));
      envelope.problem = `whose registered encode() threw: ${textOf(error)}`;
      return envelope;
    }
  }

  #envelopeOfMemory(memory: SharedArrayBuffer): Envelope {
    const envelope = this.#keep(new Envelope('heddle:SharedArrayBuffer', nameOf(memory)));
    envelope.isShared = true;
    envelope.data = memory;
    return envelope;
  }

  #keep(envelope: Envelope): Envelope {
    this.#envelopes.push(envelope);
    return envelope;
  }

  /** Objects of which the copier reads the properties, whatever their class. */
  #isOpen(value: object): boolean {
    if (isPlain(value) || prototypesOf(value).length === 0) return true;
    const isBuiltIn = types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value);
    return !isBuiltIn && !ArrayBuffer.isView(value) && !types.isAnyArrayBuffer(value) && !refusedKind(value);
  }

  #startObject<T extends object>(value: object, copy: T): T {
    this.#fillLater(copy, () => {
      const keys = Object.keys(value);
      for (const key of keys) this.#setMember(copy, key, Reflect.get(value, key));
      for (const key of Object.getOwnPropertySymbols(value)) this.#setMember(copy, key, Reflect.get(value, key));
    });
    return copy;
  }

  /** Defined, since setting could call a setter of the class, or set a prototype. */
  #setMember(copy: object, key: string | symbol, member: unknown): void {
    const value = this.#copyOf(member);
    Object.defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
  }

  #startArray(array: readonly unknown[]): unknown[] {
    const copy: unknown[] = [];
    copy.length = array.length;
    // With its class, be that another's: what is in it may travel all the same, and the class is told of.
    if (!isPlain(array)) Object.setPrototypeOf(copy, Object.getPrototypeOf(array) as object);
    if (isSparse(array)) return this.#startObject(array, copy);
    this.#fillLater(copy, () => {
      for (let index = 0; index < array.length; index += 1) {
        if (index in array) copy[index] = this.#copyOf(array[index]);
      }
      for (const key of namedKeys(array)) this.#setMember(copy, key, Reflect.get(array, key));
    });
    return copy;
  }

  #startCollection(value: Map<unknown, unknown> | Set<unknown>): object {
    const copy = types.isMap(value) ? new Map<unknown, unknown>() : new Set<unknown>();
    Object.setPrototypeOf(copy, Object.getPrototypeOf(value) as object);
    this.#fillLater(copy, () => {
      // What the class has of the same name is not asked.
      if (types.isMap(copy)) {
        for (const [key, member] of Map.prototype.entries.call(value))
          Map.prototype.set.call(copy, this.#copyOf(key), this.#copyOf(member));
      } else {
        for (const member of Set.prototype.values.call(value)) Set.prototype.add.call(copy, this.#copyOf(member));
      }
    });
    return this.#startObject(value, copy);
  }
}

function reverseFrom(start: number, list: unknown[]): void {
  for (let low = start, high = list.length - 1; low < high; low += 1, high -= 1) {
    [list[low], list[high]] = [list[high], list[low]];
  }
}

/**
 * An envelope that is met again inside of itself, in the order in which the copier goes, could not be opened: its
 * content has to be there first.
 */
function markLoops(root: unknown): void {
  const inside = new Set<unknown>();
  const seen = new Set<unknown>();
  const stack: ({ readonly enter: unknown } | { readonly leave: Envelope })[] = [{ enter: root }];
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if ('leave' in step) {
      inside.delete(step.leave);
      continue;
    }
    const { enter: value } = step;
    if (typeof value !== 'object' || value === null) continue;
    if (inside.has(value)) (value as Envelope).problem = 'that holds itself';
    if (seen.has(value)) continue;
    seen.add(value);
    if (Envelope.is(value)) {
      inside.add(value);
      stack.push({ leave: value });
    }
    for (const member of contentOf(value).toReversed()) stack.push({ enter: member });
  }
}

function isView(value: object): value is NodeJS.ArrayBufferView {
  return ArrayBuffer.isView(value);
}

function contentOf(value: object): readonly unknown[] {
  if (Envelope.is(value)) return [value.data];
  if (types.isMap(value)) return [...Map.prototype.entries.call(value)].flat(1);
  if (types.isSet(value)) return [...Set.prototype.values.call(value)];
  if (ArrayBuffer.isView(value) || types.isProxy(value)) return [];
  return Object.values(value);
}
