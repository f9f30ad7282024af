// Things of the platform that have a name which leads to them in every thread: `Math.max`, `join` of `node:path`. They
// are looked for when somebody captures one, which takes some tens of milliseconds the first time.

import { builtinModules, createRequire } from 'node:module';
import { types } from 'node:util';
import { once } from '../../lib/once.ts';
import { isNative } from '../function-place.ts';

const commonJs = once(() => createRequire(import.meta.url));
let paths: ReadonlyMap<unknown, readonly string[]> | undefined;

/** Loading them says something, or needs a flag. */
const left = /^(?:_|node:|sys$|punycode$|wasi$|sqlite$|sea$|trace_events$|test)/;

/** Globals that Node has written in JavaScript. They are in no module; some are made when first read. */
const writtenByNode = new Set(
  (
    'fetch structuredClone queueMicrotask crypto Headers Request Response FormData WebSocket MessageEvent CloseEvent ' +
    'Event EventTarget CustomEvent AbortController AbortSignal DOMException Crypto CryptoKey SubtleCrypto'
  ).split(' '),
);

/** How to get at a function or an object of the platform; nothing for what has no such name. */
export function pathTo(thing: unknown): readonly string[] | undefined {
  if (types.isModuleNamespaceObject(thing)) {
    const path = pathTo((thing as { default?: unknown }).default);
    return path?.length === 1 && path[0]!.startsWith('node:') ? path : undefined;
  }
  return (paths ??= findPaths()).get(thing);
}

/** The CommonJS module, by file, that exports a thing, or something that has it. */
export function exportOf(thing: unknown): { readonly file: string; readonly path: readonly string[] } | undefined {
  for (const [file, module] of Object.entries(commonJs().cache)) {
    const exported: unknown = module?.exports;
    if (exported === thing) return { file, path: [] };
    if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) continue;
    const own = Object.entries(Object.getOwnPropertyDescriptors(exported));
    const [name] = own.find(([, { value }]) => value === thing) ?? [];
    if (name !== undefined) return { file, path: [name] };
  }
  return undefined;
}

export function exportAt(file: string, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (thing, step) => (thing as Record<string, unknown> | undefined)?.[step],
    commonJs()(file),
  );
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
  for (const name of writtenByNode) addWithMembers([name], Reflect.get(globalThis, name), 2);
  for (const name of builtinModules) {
    if (!left.test(name)) addWithMembers([`node:${name}`], process.getBuiltinModule(name), 2);
  }
  return found;
}

function isOfPlatform(thing: unknown): boolean {
  if (typeof thing === 'function') return isNative(thing);
  if (typeof thing !== 'object' || thing === null) return false;
  return thing === globalThis || thing === process || Object.prototype.toString.call(thing) !== '[object Object]';
}
