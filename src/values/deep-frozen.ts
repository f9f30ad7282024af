// What many runs share is frozen through and through, so that what one of them does to it cannot become what another
// finds. `Object.freeze` keeps nobody from `map.set()`: maps and their like get a prototype whose methods refuse that.

import { types } from 'node:util';
import { UsageError } from '../lib/heddle-error.ts';

/** By class, the methods that change an instance; those that assign to a property are found by themselves. */
const changing: Readonly<Record<string, RegExp>> = {
  Map: /^(?:set|delete|clear|getOrInsert.*)$/,
  Set: /^(?:add|delete|clear)$/,
  Date: /^set/,
  URL: /^$/,
  URLSearchParams: /^(?:append|delete|set|sort)$/,
  Headers: /^(?:append|delete|set)$/,
};

const nothing: readonly unknown[] = [];

/** By the prototype of a class, that of its frozen instances. */
const frozenPrototypes = new Map<object, object>();
/** The other way round; and of prototypes of our own that people do not see, the one that they stand for. */
const ordinaryPrototypes = new WeakMap<object, object>();

/**
 * Freezes plain objects, arrays, errors, maps, sets, dates, URLs, their search parameters and headers, through and
 * through. Bytes, regular expressions and instances of other classes stay as they are.
 */
export function deepFrozen<T>(value: T): T {
  const open: unknown[] = [value];
  for (const next of open) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue;
    for (const inner of frozenOne(next)) if (typeof inner === 'object') open.push(inner);
  }
  return value;
}

/** Freezes this one, if it is of a kind that is, and gives what is inside of it. */
function frozenOne(value: object): readonly unknown[] {
  const prototype = ordinaryPrototype(Object.getPrototypeOf(value) as object | null);
  if (Array.isArray(value) || prototype === Object.prototype) return Object.values(Object.freeze(value));
  if (types.isNativeError(value))
    return [value.cause, Reflect.get(value, 'errors'), ...Object.values(Object.freeze(value))];
  const frozen = prototype === null ? undefined : frozenPrototype(prototype);
  if (frozen === undefined) return nothing;
  Object.freeze(Object.setPrototypeOf(value, frozen));
  if (types.isMap(value)) return [...value].flat(1);
  if (types.isSet(value)) return [...value];
  return value instanceof URL ? [value.searchParams] : nothing;
}

/** Objects with `prototype` travel, and are told of, as if they had `ordinary`. */
export function standsFor(prototype: object, ordinary: object): void {
  ordinaryPrototypes.set(prototype, ordinary);
}

/** The prototype of the class, where `prototype` is that of its frozen instances; any other as it is. */
export function ordinaryPrototype(prototype: object | null): object | null {
  return (prototype !== null && ordinaryPrototypes.get(prototype)) || prototype;
}

/** That of the frozen instances of a class: none when such are never made. */
export function frozenPrototype(prototype: object): object | undefined {
  const known = frozenPrototypes.get(prototype);
  if (known !== undefined) return known;
  const { value: constructor } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {};
  const name: unknown = typeof constructor === 'function' ? constructor.name : undefined;
  // Asked for by name, since to look at `Headers` loads all that `fetch` needs.
  if (typeof name !== 'string' || !Object.hasOwn(changing, name)) return undefined;
  if (Reflect.get(globalThis, name) !== constructor) return undefined;
  const frozen = refusing(prototype, name);
  frozenPrototypes.set(prototype, frozen);
  ordinaryPrototypes.set(frozen, prototype);
  return frozen;
}

function refusing(prototype: object, name: string): object {
  const refusals: PropertyDescriptorMap = {};
  for (const [key, member] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const isChanging = typeof member.value === 'function' && changing[name]!.test(key);
    if (isChanging) refusals[key] = { ...member, value: refusal(name, `${key}()`) };
    if (member.set !== undefined) refusals[key] = { ...member, set: refusal(name, `to set its ${key}`) };
  }
  return Object.freeze(Object.create(prototype, refusals) as object);
}

function refusal(name: string, deed: string): () => never {
  return () => {
    const message = `${deed} would change a frozen ${name}. ${whatIsFrozen} Change a copy: new ${name}(it).`;
    throw new UsageError('VALUE_IS_FROZEN', message);
  };
}

/** For whoever tried to change it. */
export const whatIsFrozen =
  `What many runs share (constants, unmapped values, context.parameters) is frozen: each thread has its own of it, ` +
  `so what a run finds there would depend on how many threads there are.`;
