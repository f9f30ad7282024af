// Things of the platform that have a name which leads to them in every thread: `Math.max`, `join` of `node:path`. They
// are looked for when somebody captures one, which takes some tens of milliseconds the first time.

import { builtinModules } from 'node:module';
import { types } from 'node:util';

let paths: ReadonlyMap<unknown, readonly string[]> | undefined;

/** Loading them says something, or needs a flag. */
const left = /^(?:_|node:|sys$|punycode$|wasi$|sqlite$|sea$|trace_events$|test)/;

/** How to get at a function or an object of the platform; nothing for what has no such name. */
export function pathTo(thing: unknown): readonly string[] | undefined {
  if (types.isModuleNamespaceObject(thing)) {
    const path = pathTo((thing as { default?: unknown }).default);
    return path?.length === 1 && path[0]!.startsWith('node:') ? path : undefined;
  }
  return (paths ??= findPaths()).get(thing);
}

/** What is there at the end of a path; nothing where it leads nowhere. */
export function thingAt([root = '', ...steps]: readonly string[]): unknown {
  const start: unknown = root.startsWith('node:') ? process.getBuiltinModule(root) : Reflect.get(globalThis, root);
  return steps.reduce<unknown>((thing, step) => (thing as Record<string, unknown> | undefined)?.[step], start);
}

function findPaths(): Map<unknown, readonly string[]> {
  const found = new Map<unknown, readonly string[]>();
  const add = (path: readonly string[], thing: unknown): thing is object => {
    const isThing = typeof thing === 'function' || (typeof thing === 'object' && thing !== null);
    if (!isThing || found.has(thing)) return false;
    found.set(thing, path);
    return true;
  };
  const addWithMembers = (path: readonly string[], thing: unknown, depth: number) => {
    if (!add(path, thing) || depth === 0) return;
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(thing))) {
      if (name !== 'constructor') addWithMembers([...path, name], value, depth - 1);
    }
  };
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(globalThis))) {
    // What a program has put there is not of the platform: it is written by somebody.
    if (isOfPlatform(value)) addWithMembers([name], value, name === 'globalThis' || name === 'global' ? 0 : 2);
  }
  for (const name of builtinModules) {
    if (!left.test(name)) addWithMembers([`node:${name}`], process.getBuiltinModule(name), 2);
  }
  return found;
}

function isOfPlatform(thing: unknown): boolean {
  if (typeof thing === 'function') return Function.prototype.toString.call(thing).endsWith('{ [native code] }');
  if (typeof thing !== 'object' || thing === null) return false;
  return thing === globalThis || thing === process || Object.prototype.toString.call(thing) !== '[object Object]';
}
