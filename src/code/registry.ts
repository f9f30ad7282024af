// Functions travel by reference: a name that both ends can look up. Each process and each thread keeps its own
// registry, filled by the `task()` calls of the modules that it imported.

import { shortHash } from '../lib/short-hash.ts';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CodeAddress } from '../lib/chunk.ts';
import { pathFrom, withSlashes } from './file-path.ts';
import { processWide } from '../lib/process-wide.ts';
import { onceIn } from '../lib/once.ts';
import { callSite, isBundled, type CallSite, type Place } from './call-site.ts';

/** A function's address: the module that defines it, and which definition of that name in there. */
export interface Reference {
  readonly name: string;
  /** Counts the definitions of this name in this module, from 0. */
  readonly ordinal: number;
  /** URL of the module; absent when the function was made while other code was running. */
  readonly module?: string;
  /**
   * The module's path from its project's folder (the nearest with a `package.json`), for machines with another layout.
   */
  readonly path?: string;
  /** A hash of the bytes of the module's file when it was loaded. */
  readonly fingerprint?: string;
  /** `file:line`, for people. */
  readonly definedAt: string;
  /** Present when others that import that module may not come to where it was made: see `certain`. */
  readonly doubt?: Doubt;
  /** What keeps others from coming there, for people: `inside a function`, unless it says otherwise. */
  readonly made?: string;
  /** Whether others may come there all the same. */
  readonly mayBeThere?: true;
}

/** How most of what no module leads to was made. */
export const insideFunction = 'inside a function';

/** How all was made that a module defines which Vite has rewritten, at its top level or not. */
export const loadedByVite = 'in a module that Vite has rewritten, as Vitest does';
/** By the text of a script. */
export function isOfVite(text: string): boolean {
  return text.includes('__vite_ssr_');
}

export const viteRemedy =
  'In a test, run the flow with LocalExecutor, which refuses the same values; or have Node itself load the file: set ' +
  'experimental: { viteModuleRunner: false } in the `test` section of the configuration, or name the file in its ' +
  'server.deps.external.';

/** Where in the script of its module something was made. */
export interface Doubt extends Place {
  /** How many of the deeds of that module were behind it. */
  readonly deeds: number;
}

/** What a script does and a thread that imports it for its tasks does not, for people. */
export type Deed = 'run of a flow' | 'start of a cluster' | 'call of inspectSerializable()';

export interface DonePlace extends Place {
  readonly deed: Deed;
}

export interface HeldDeed {
  /** Whose top level reached it; `undefined` where that could not be told. */
  readonly module: string | undefined;
  readonly deed: Deed;
}

interface Count {
  defined: number;
  gone: number;
}

interface Gone {
  readonly key: string;
  readonly scope: string;
}

/** What is known of a module by its file, as it was when that was loaded. */
interface ModuleFile {
  /** A hash of its bytes: the same under every loader, unlike the text of a function. */
  readonly fingerprint: string;
  /** Whether it may do otherwise where it is not the main one. */
  readonly isGuarded: boolean;
  /** Whether it speaks of `node:test`. */
  readonly isTesting: boolean;
  /** When its bytes were looked at, in milliseconds since 1970. */
  readonly loadedAt: number;
}

interface Registry {
  readonly entries: Map<string, object>;
  /** Of those that perhaps no module leads to: a program may make some for each request, and drop them. */
  readonly passing: Map<string, WeakRef<object>>;
  /** Hears of such a one that is gone. */
  readonly gone: FinalizationRegistry<Gone>;
  /** How often a name was defined in a module, for as long as one of these is there. */
  readonly counts: Map<string, Count>;
  readonly files: Map<string, ModuleFile>;
  /** Where a module's top level did each of its deeds, in the order in which it first came there. */
  readonly deeds: Map<string, DonePlace[]>;
  /** Called at each definition and at each deed that was held back; for whoever waits for one of them. */
  readonly watchers: Set<() => void>;
  /** Set while this thread imports a module only to find its tasks. */
  isImporting: boolean;
  /** What modules reached while importing, and never got past, in that order. */
  readonly held: HeldDeed[];
}

export const registry = processWide<Registry>('registry', () => ({
  entries: new Map(),
  passing: new Map(),
  gone: new FinalizationRegistry(forget),
  counts: new Map(),
  files: new Map(),
  deeds: new Map(),
  watchers: new Set(),
  isImporting: false,
  held: [],
}));

/** Notes that `entry` was defined under `name` by the module that is being evaluated, and gives its address. */
export function register(name: string, entry: object): Reference {
  const site = callSite();
  // What is evaluated from a text is called by a file's name that is none.
  const module = site.module !== undefined && isThere(site.module) ? site.module : undefined;
  const scope = `${module ?? 'inside a function'}#${name}`;
  const count = onceIn(registry.counts, scope, () => ({ defined: 0, gone: 0 }));
  const ordinal = count.defined++;
  const reference: Reference = {
    name,
    ordinal,
    definedAt: placeOf(site.file, site.line),
    ...(module !== undefined && { module, path: pathInProject(module), fingerprint: fingerprintOf(module) }),
    ...(module !== undefined && doubtAbout(module, site)),
    ...(module === undefined && site.file !== '' && !isThere(site.file) && { made: 'outside of any file' }),
  };
  const key = keyOf(reference);
  // An async function in the module may have made it, for one request. While a thread imports modules for their tasks,
  // nobody but those who look for it may hold what these make.
  const isPassing = module === undefined || (site.isGuess === true && registry.watchers.size === 0);
  if (isPassing) keepWeakly(entry, { key, scope });
  else registry.entries.set(key, entry);
  for (const notify of registry.watchers) notify();
  return reference;
}

function keepWeakly(entry: object, name: Gone): void {
  registry.passing.set(name.key, new WeakRef(entry));
  registry.gone.register(entry, name);
}

/** A program may have a name of its own for each request, and so the name is forgotten with the last that had it. */
function forget({ key, scope }: Gone): void {
  registry.passing.delete(key);
  const count = registry.counts.get(scope)!;
  count.gone += 1;
  if (count.gone === count.defined) registry.counts.delete(scope);
}

function doubtAbout(module: string, { place, isGuess }: CallSite): Pick<Reference, 'doubt'> {
  if (place === undefined || !(isGuess || registry.files.get(module)?.isGuarded === true)) return {};
  return { doubt: { ...place, deeds: registry.deeds.get(module)?.length ?? 0 } };
}

function isThere(module: string): boolean {
  if (registry.files.has(module)) return true;
  return isFile(module) ? existsSync(new URL(module)) : isBundled(module);
}

/** The address of what is there wherever this package is. */
export const builtInModule = 'heddle:builtin';

/** Makes something of our own, which is there wherever this package is: no module has to be imported to find it. */
export function registerBuiltIn<Entry extends object>(name: string, make: (reference: Reference) => Entry): Entry {
  const reference: Reference = { name, ordinal: 0, module: builtInModule, definedAt: 'heddle' };
  const entry = make(reference);
  registry.entries.set(keyOf(reference), entry);
  return entry;
}

/** Whether it is something of our own. */
export function isBuiltIn({ module }: Reference): boolean {
  return module === builtInModule;
}

export function find(reference: Reference): object | undefined {
  const key = keyOf(reference);
  return registry.entries.get(key) ?? registry.passing.get(key)?.deref();
}

/** The names that a module defined, for the message that says which name it did not. */
export function namesIn(module: string): string[] {
  const prefix = `${module}#`;
  return [...registry.counts.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

/** What is not the same in a worker as in the main module of a program. */
export const mainGuards = ['import.meta.main', 'require.main', 'process.argv'] as const;

export function fingerprintOf(module: string): string {
  const { fingerprint } = onceIn(registry.files, module, () => {
    const url = new URL(module);
    const content = url.protocol === 'file:' && existsSync(url) ? readFileSync(url) : module;
    return {
      fingerprint: shortHash(content),
      isGuarded: mainGuards.some((guard) => content.includes(guard)),
      isTesting: content.includes('node:test'),
      loadedAt: Date.now(),
    };
  });
  return fingerprint;
}

/** When a module that defined something was loaded, which all that it imports was before. */
export function whenLoaded(module: string): number {
  return registry.files.get(module)?.loadedAt ?? Infinity;
}

/**
 * What others need to get at the code of a reference, and of others that go with it; nothing when no file on this
 * machine holds it.
 */
export function codeAddressOf(
  { module, path, fingerprint }: Reference,
  others: readonly Reference[] = [],
): CodeAddress | undefined {
  if (module === undefined || !isFile(module)) return undefined;
  const otherModules = new Set(others.flatMap((other) => other.module ?? []).filter(isFile));
  otherModules.delete(module);
  const also = [...otherModules].toSorted();
  return { module, path: path!, fingerprint: fingerprint!, ...(also.length > 0 && { also }) };
}

function isFile(module: string): boolean {
  return module.startsWith('file:') && !isBundled(module);
}

/** The nearest folder at or above `directory` that holds a `package.json`; `directory` itself when there is none. */
export function projectOf(directory: string): string {
  for (let folder = directory; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return directory;
  }
}

function keyOf({ module, name, ordinal }: Reference): string {
  return `${module ?? 'inside a function'}#${name}#${ordinal}`;
}

function pathInProject(module: string): string {
  const url = new URL(module);
  if (url.protocol !== 'file:') return module;
  const file = fileURLToPath(url);
  return withSlashes(relative(projectOf(dirname(file)), file));
}

/** For the projects of bundles: the folder that their flows were started in. Both are URLs; the last is the newest. */
const bundledFolders = processWide('bundled-folders', () => new Map<string, string>());

/** `file:line`, or with the column too, for people: from the folder that the flow was started in. */
export function placeOf(file: string, ...position: readonly number[]): string {
  const ofProject = [...bundledFolders].find(([project]) => file.startsWith(project))?.[1];
  const folder = ofProject ?? [...bundledFolders.values()].at(-1) ?? pathToFileURL(process.cwd()).href;
  const path = file.startsWith('file:') ? pathFrom(folder, file) : file;
  return [path, ...position].join(':');
}
