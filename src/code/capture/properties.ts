// What was put on a function, or stands in an object, under a name that may be a symbol, if the other end has that too.

import { types } from 'node:util';
import { isClass, isNative } from '../function-place.ts';
import type { Code } from '../../lib/inspector.ts';

/** The name of a property. Symbols are those of `Symbol.for`, or well-known ones, such as `iterator`. */
export type KeyName = string | { readonly symbol: string; readonly isWellKnown: boolean };

/** What was put on a function, as keys of `Captured.values`. */
export interface CapturedProperty {
  readonly key: KeyName;
  readonly isHidden?: true;
  readonly parts: Readonly<Partial<Record<'value' | 'get' | 'set', string>>>;
}

/** Nothing for a symbol that only this thread has. */
export function nameOfKey(key: string | symbol): KeyName | undefined {
  if (typeof key === 'string') return key;
  const shared = Symbol.keyFor(key);
  if (shared !== undefined) return { symbol: shared, isWellKnown: false };
  const known = Object.entries(Object.getOwnPropertyDescriptors(Symbol)).find(([, { value }]) => value === key);
  return known && { symbol: known[0], isWellKnown: true };
}

export function keyOfName(name: KeyName): string | symbol {
  if (typeof name === 'string') return name;
  return name.isWellKnown ? (Reflect.get(Symbol, name.symbol) as symbol) : Symbol.for(name.symbol);
}

const ofEachFunction = new Set<string | symbol>(['length', 'name', 'prototype', 'arguments', 'caller']);

/** What is on a function and does not come of its text. Of classes, what their text has hidden comes of that. */
export function propertiesOn(code: Code): (readonly [key: string | symbol, property: PropertyDescriptor])[] {
  const isOfText = (property: PropertyDescriptor) => isClass(code) && property.enumerable !== true;
  return Reflect.ownKeys(code).flatMap((key) => {
    const property = Object.getOwnPropertyDescriptor(code, key)!;
    return ofEachFunction.has(key) || isOfText(property) ? [] : [[key, property] as const];
  });
}

/** Whether a function inherits what functions do, or, as a class, from the class that it extends. */
export function hasUsualPrototype(code: Code): boolean {
  if (isClass(code)) return true;
  const prototype: unknown = Object.getPrototypeOf(code);
  if (prototype === null || types.isProxy(prototype)) return false;
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof constructor === 'function' && isNative(constructor);
}
