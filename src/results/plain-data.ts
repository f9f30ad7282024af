// Formats that know less than JavaScript lose the rest without a word. This walk finds the first place in a value where
// a format would.
//
// A value that is found in two places comes back as two, and is no loss; a value that holds itself has no end. Property
// attributes are not looked at, as in `values/exactness.ts`.

import { types } from 'node:util';
import { hasElementsOnly, isExact, maxDepth } from '../values/exactness.ts';
import { isPlain, nameOf, refusedKind } from '../values/kinds.ts';
import { refusals } from '../values/refusals.ts';
import { read, shorten, stepTo } from '../values/members.ts';
import type { StorageLoss } from './losses.ts';

/** What a format does to the parts of a value. A text is the reason why a part would not come back. */
export interface Format {
  /** As people call it. */
  readonly name: string;
  /** The name of the serializer that writes it. */
  readonly serializer: string;
  readonly lossOfPrimitive: (value: unknown) => string | undefined;
  readonly lossOfKey: (key: string) => string | undefined;
  /** Whether it keeps an object that is neither a plain object nor an array. */
  readonly keeps: (value: object) => boolean;
}

/** The first place, in the order of writing, that `format` would not give back as it is. */
export function firstLoss(value: unknown, format: Format): StorageLoss | undefined {
  return new Walk(format).run(value);
}

type Cause = Omit<StorageLoss, 'path'>;
type Key = string | number;

interface Frame {
  readonly owner: object;
  /** Its place in the frame before; the root has none. */
  readonly key: Key | undefined;
  /** The keys of an object; absent for an array, whose length counts. */
  readonly keys: readonly string[] | undefined;
  readonly count: number;
  next: number;
}

const useV8 = 'use serializers.v8, which keeps it';

class Walk {
  readonly #format: Format;
  /** From the root to the place where the walk is. */
  readonly #frames: Frame[] = [];
  /** Every object met so far, and whether the walk is still inside of it. */
  readonly #isOpen = new Map<object, boolean>();

  constructor(format: Format) {
    this.#format = format;
  }

  run(root: unknown): StorageLoss | undefined {
    const cause = this.#visit(root, undefined);
    if (cause !== undefined) return { path: '', ...cause };
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      const loss = frame.next < frame.count ? this.#visitNext(frame) : this.#leave(frame);
      if (loss !== undefined) return loss;
    }
    return undefined;
  }

  #leave({ owner }: Frame): undefined {
    this.#frames.pop();
    this.#isOpen.set(owner, false);
  }

  #visitNext(frame: Frame): StorageLoss | undefined {
    const key = frame.keys === undefined ? frame.next : frame.keys[frame.next]!;
    frame.next += 1;
    const cause = this.#visitMember(frame.owner, key);
    return cause && { path: this.#pathTo(key), ...cause };
  }

  #visitMember(owner: object, key: Key): Cause | undefined {
    const { value: member, threw } = read(owner, key);
    if (threw !== undefined) return { what: `is a getter that threw: ${threw}`, ...refusals.getter };
    if (member === undefined && !(key in owner)) {
      return { what: 'is a hole in an array', why: `${this.#format.name} has no holes`, remedy: [useV8] };
    }
    const whyNotKey = typeof key === 'string' ? this.#format.lossOfKey(key) : undefined;
    if (whyNotKey !== undefined) return { what: 'has a key that would change', why: whyNotKey, remedy: [useV8] };
    return this.#visit(member, key);
  }

  #visit(value: unknown, key: Key | undefined): Cause | undefined {
    if (typeof value === 'object' && value !== null) return this.#visitObject(value, key);
    if (typeof value === 'function' || typeof value === 'symbol') return this.#strange(value);
    const why = this.#format.lossOfPrimitive(value);
    return why === undefined ? undefined : { what: `is ${primitiveText(value)}`, why, remedy: [useV8] };
  }

  #visitObject(value: object, key: Key | undefined): Cause | undefined {
    const isOpen = this.#isOpen.get(value);
    if (isOpen === true) {
      const why = `${this.#format.name} has no way to refer to what is around it, and would never end`;
      return { what: 'is a value that holds itself', why, remedy: [useV8] };
    }
    if (isOpen === false) return undefined;
    if (!types.isProxy(value) && this.#format.keeps(value)) return undefined;
    if (types.isProxy(value) || !(isPlain(value) || isWithoutPrototype(value))) return this.#strange(value);
    const oddity = this.#oddityOf(value);
    if (oddity !== undefined) return oddity;
    this.#isOpen.set(value, true);
    const keys = Array.isArray(value) ? undefined : Object.keys(value);
    const count = keys?.length ?? (value as readonly unknown[]).length;
    this.#frames.push({ owner: value, key, keys, count, next: 0 });
    return undefined;
  }

  /** What is wrong with a plain object or array besides its members. */
  #oddityOf(value: object): Cause | undefined {
    if (this.#frames.length >= maxDepth) {
      const what = `is nested more than ${maxDepth.toLocaleString('en')} levels deep`;
      return { what, ...refusals.depth };
    }
    if (Object.getOwnPropertySymbols(value).length > 0) {
      return { what: 'has symbol keys', why: 'symbol keys are dropped', remedy: ['use a string as the key'] };
    }
    if (Array.isArray(value) && !hasElementsOnly(value) && Object.keys(value).some(isName)) {
      const why = `${this.#format.name} drops what an array has besides its elements`;
      return { what: 'is an array with properties of its own', why, remedy: [useV8, 'or send them beside it'] };
    }
    if (hasHiddenToJson(value)) {
      const why = 'what it returns would be written instead';
      return { what: 'has a toJSON method', why, remedy: ['store what toJSON returns'] };
    }
    return undefined;
  }

  #strange(value: unknown): Cause {
    const what = `is ${nameOf(value)}`;
    const kind = refusedKind(value);
    if (kind !== undefined) return { what, ...refusals[kind] };
    const remedy = isExact(value) ? [useV8, 'or store plain data'] : ['store plain data'];
    return { what, why: `${this.#format.name} has no such value`, remedy };
  }

  #pathTo(last: Key): string {
    const keys = [...this.#frames.slice(1).map(({ key }) => key!), last];
    return shorten(keys.map((key) => stepTo(String(key))).join(''), 400);
  }
}

function isName(key: string): boolean {
  return !/^\d+$/.test(key);
}

function primitiveText(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'string') return 'a text that is not well-formed';
  return typeof value === 'bigint' ? 'a bigint' : String(value);
}

/** Reads no getter: one that is called `toJSON` is met again, as a member, when it is enumerable. */
function hasHiddenToJson(value: object): boolean {
  return typeof Object.getOwnPropertyDescriptor(value, 'toJSON')?.value === 'function';
}

function isWithoutPrototype(value: object): boolean {
  if (Object.getPrototypeOf(value) !== null || Object.prototype.toString.call(value) !== '[object Object]')
    return false;
  const isContainer = types.isMap(value) || types.isSet(value) || types.isAnyArrayBuffer(value);
  return !isContainer && !ArrayBuffer.isView(value) && refusedKind(value) === undefined;
}
