// How a plain value looks in one thread, to be compared with how it looks in another. It goes there, and into a log; so
// it says little: a hash of each part, and in words nothing but a single number, text or date.

import { shortHash } from '../lib/short-hash.ts';
import { pathToFileURL } from 'node:url';
import { inspect, types, type InspectOptions } from 'node:util';

export interface PlainValue {
  readonly look: Look;
  /** A number, a text or a date as one writes it; of others what kind of thing it is. */
  readonly text: string;
  /** Of an object, a list or a Map, by name; absent where it has none, or they have no names. */
  readonly members?: Readonly<Record<string, Look>>;
  /** Present when it is an object, a list, a Map or a Set without anything in it. */
  readonly isEmpty?: true;
}

/** What tells a value from others, whatever the order in which keys, entries, or members of a Set were put in. */
export interface Look {
  readonly whole: string;
  /** Without the paths in it; absent where there are none that are to be left out. */
  readonly withoutPaths?: string;
}

interface Describing {
  /** Whether a function, or class, is one's own, whose instances are plain too. */
  readonly isOwn: (code: unknown) => boolean;
  /** Paths below it may be left out. */
  readonly folder: string;
}

/** Larger values are not compared. */
const mostParts = 200;

/** Nothing for what is not plain data. Functions in it are told by their names. */
export function plainValueOf(value: unknown, { isOwn, folder }: Describing): PlainValue | undefined {
  try {
    if (!isPlain(value, isOwn)) return undefined;
    const whole = inspect(value, shown);
    const look = lookOf(whole, folder);
    if (typeof value !== 'object' || value === null || types.isDate(value)) return { look, text: whole };
    const members = membersOf(value).map(([name, member]) => [name, lookOf(inspect(member, shown), folder)]);
    return {
      look,
      text: kindOf(value),
      ...(members.length > 0 && { members: Object.fromEntries(members) as Record<string, Look> }),
      ...(/^(?:\{\}|\[\]|(?:Map|Set)\(0\) \{\})$/.test(whole) && { isEmpty: true }),
    };
  } catch {
    return undefined;
  }
}

/** In a bundle or another checkout, files that a module names by its own place are elsewhere: paths are left out. */
export function isAlike(one: Look, other: Look, { isElsewhere }: { readonly isElsewhere: boolean }): boolean {
  if (one.whole === other.whole) return true;
  return isElsewhere && one.withoutPaths !== undefined && one.withoutPaths === other.withoutPaths;
}

const shown: InspectOptions = {
  depth: Infinity,
  breakLength: Infinity,
  maxArrayLength: null,
  maxStringLength: 10_000,
  showHidden: false,
  customInspect: false,
  sorted: true,
};

/** As `inspect` shows them, those of Windows too, where it writes two backslashes for each. */
const paths = /'(?:(?:file:\/\/)?\/|[a-z]:(?:\/|\\)|\\{4})[^']*'/gi;

function lookOf(text: string, folder: string): Look {
  const withoutPaths = text.replaceAll(paths, (path) => (isBelow(folder, path) ? '/' : path));
  return { whole: shortHash(text), ...(withoutPaths !== text && { withoutPaths: shortHash(withoutPaths) }) };
}

function isBelow(folder: string, shownPath: string): boolean {
  const path = shownPath.replaceAll('\\\\', '\\');
  return path.includes(folder) || path.includes(pathToFileURL(folder).href);
}

function membersOf(value: object): (readonly [name: string, member: unknown])[] {
  if (types.isSet(value)) return [];
  if (!types.isMap(value)) return Object.entries(value);
  const entries = [...Map.prototype.entries.call(value)];
  return entries.flatMap(([key, member]) =>
    typeof key === 'string' || typeof key === 'number' ? [[String(key), member]] : [],
  );
}

function kindOf(value: object): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (types.isMap(value)) return `a Map of ${value.size}`;
  return types.isSet(value) ? `a Set of ${value.size}` : 'an object';
}

/** It may be, or hold, an instance of a class that is one's own. */
function isPlain(value: unknown, isOwn: (code: unknown) => boolean): boolean {
  const parts = new Set([value]);
  for (const part of parts) {
    if (typeof part === 'symbol' || parts.size > mostParts) return false;
    if (types.isProxy(part)) return false;
    // What was put on a function may be anything: a task, for one, knows the place of its module.
    if (typeof part === 'function' && Object.keys(part).length > 0) return false;
    if (typeof part !== 'object' || part === null || types.isDate(part)) continue;
    if (types.isMap(part)) for (const each of [...part].flat()) parts.add(each);
    if (types.isSet(part)) for (const each of part) parts.add(each);
    if (!plainPrototypes.has(basicPrototypeOf(part, isOwn))) return false;
    for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(part))) parts.add(inner);
  }
  return true;
}

/** That of what the classes that are one's own extend. */
function basicPrototypeOf(value: object, isOwn: (code: unknown) => boolean): unknown {
  let prototype = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null;
  while (prototype !== null && !types.isProxy(prototype) && !plainPrototypes.has(prototype)) {
    if (!isOwn(Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value)) return prototype;
    prototype = Object.getPrototypeOf(prototype) as typeof prototype;
  }
  return prototype;
}

const plainPrototypes = new Set<unknown>([Object.prototype, Array.prototype, Map.prototype, Set.prototype]);
