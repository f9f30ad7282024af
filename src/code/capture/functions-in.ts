// Takes the functions out of a value, where they stand in plain objects and lists. What stands elsewhere is left for
// others to refuse.

import type { Captured } from './captured.ts';
import { types } from 'node:util';
import type { Code } from '../../lib/inspector.ts';
import { exportOf, pathTo } from './known.ts';
import { keyOfName, nameOfKey, type KeyName } from './properties.ts';

/** What has been taken out so far, of all values of one capture. */
export interface Taken {
  /** What is sent in place of an object, or list, that has functions somewhere in it. */
  readonly copies: Map<object, object>;
  readonly gaps: Captured['gaps'][number][];
}

interface TakingOut {
  readonly key: string;
  readonly taken: Taken;
  /** The number that a function has among those that travel. */
  readonly number: (code: Code, at: string) => number;
}

/** The value without functions: itself, where it has none. The same object gives the same copy each time. */
export function functionsTakenOut(value: unknown, { key, taken, number }: TakingOut): unknown {
  if (typeof value === 'function' || isModule(value)) {
    taken.gaps.push({ path: [key], function: number(value as Code, key) });
    return undefined;
  }
  if (!isContainer(value)) return value;
  const holders = holdersOfFunctions(value).filter((each) => !taken.copies.has(each));
  const paths = new Map<object, readonly KeyName[]>([[value, [key]]]);
  for (const each of holders) taken.copies.set(each, Array.isArray(each) ? [] : {});
  for (const each of holders) {
    for (const step of Reflect.ownKeys(each)) {
      const property = Object.getOwnPropertyDescriptor(each, step)!;
      const part: unknown = property.value;
      const stepName = nameOfKey(step);
      if (stepName === undefined) {
        // Nobody else has this symbol, so that others tell of it.
        Object.defineProperty(taken.copies.get(each), step, property);
        continue;
      }
      const path = [...paths.get(each)!, stepName];
      const at = path.map((name) => String(keyOfName(name))).join('.');
      // What it reads may not be there before all functions are; so it is made again, too.
      for (const [as, code] of accessorsIn(property)) {
        taken.gaps.push({ path, function: number(code, at), as });
      }
      if (!('value' in property)) continue;
      if (typeof part === 'function') taken.gaps.push({ path, function: number(part, at) });
      // A value under a symbol does not travel, which is told. A function is put there again.
      const isHere = typeof step === 'string' || typeof part !== 'function';
      if (typeof step === 'string' && isContainer(part) && !paths.has(part)) paths.set(part, path);
      const sent = typeof part === 'function' ? undefined : taken.copies.get(part as object);
      if (typeof part === 'function' || sent !== undefined) property.value = sent;
      if (isHere) Object.defineProperty(taken.copies.get(each), step, property);
    }
  }
  return taken.copies.get(value) ?? value;
}

function accessorsIn(property: PropertyDescriptor): (readonly ['get' | 'set', Code])[] {
  return (['get', 'set'] as const).flatMap((as) => {
    const code = property[as];
    return code === undefined ? [] : [[as, code] as const];
  });
}

/** A module of the platform, or what a CommonJS module exports: both ends have it. */
function isModule(value: unknown): boolean {
  if (types.isModuleNamespaceObject(value)) return pathTo(value) !== undefined;
  if (!isContainer(value) || !partsOf(value).some((part) => typeof part === 'function')) return false;
  return pathTo(value) !== undefined || exportOf(value)?.path.length === 0;
}

/** The plain objects and lists that lead to a function, none before what it is itself found through. */
function holdersOfFunctions(value: object): object[] {
  const holders = new Map<object, object[]>([[value, []]]);
  const withFunction = new Set<object>();
  for (const [each] of holders) {
    for (const part of partsOf(each)) {
      if (typeof part === 'function') withFunction.add(each);
      if (!isContainer(part)) continue;
      const known = holders.get(part);
      if (known === undefined) holders.set(part, [each]);
      else known.push(each);
    }
  }
  for (const each of withFunction) for (const holder of holders.get(each)!) withFunction.add(holder);
  return [...holders.keys()].filter((each) => withFunction.has(each));
}

/** No getter is called. Under a symbol that others have, there may be a function. */
function partsOf(container: object): unknown[] {
  return Reflect.ownKeys(container).flatMap((key) => {
    const value: unknown = Object.getOwnPropertyDescriptor(container, key)!.value;
    return typeof key === 'string' || (typeof value === 'function' && nameOfKey(key) !== undefined) ? [value] : [];
  });
}

function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype;
}
