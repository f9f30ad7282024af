// Finds the function behind a reference, and imports its module if it must. That module is a file of the user's, which
// may call `flow.run()` or `cluster.start()` at its top level. While this thread imports it, such a call is held back
// for ever (see `reach`), so that users need no guard around it. Loading is done as soon as the function is there and
// the first such call was reached.

import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { setImmediate } from 'node:timers';
import type { CodeSource } from '../lib/chunk.ts';
import { onceIn } from '../lib/once.ts';
import { pathOf } from './file-path.ts';
import { apart, callSite, fileOf, inBundle, isBundled, unbundled } from './call-site.ts';
import { watchBundles } from './bundle/not-in-bundle.ts';
import { runNoTests } from './no-tests.ts';
import { moduleFailed, moduleNotFound, notAddressable, shown, taskNotFound, versionSkew } from './not-loaded.ts';
import {
  find,
  fingerprintOf,
  projectOf,
  registry,
  type Deed,
  type DonePlace,
  type HeldDeed,
  type Reference,
} from './registry.ts';
import { watchEffects } from './side-effects.ts';

/** How long a module that was held at a deed may stay silent before it is taken to define nothing more. */
const heldPatienceMs = 2_000;

interface Import {
  readonly done: Promise<unknown>;
  /** How many deeds had been held back in this thread when it began. */
  readonly heldBefore: number;
  /** Tells what it does to the thread; absent once it has, or when it would say nothing of this module. */
  watch: (() => string[]) | undefined;
  /** What it left behind. */
  effects: readonly string[];
  isOver: boolean;
}

/** How an import ended for whoever waits for a task: the module ran to its end, or is held at a deed, or threw. */
type ImportEnd =
  | { readonly type: 'through' }
  | { readonly type: 'held'; readonly at: HeldDeed }
  | { readonly type: 'failed'; readonly error: unknown };

const imports = new Map<string, Import>();

/** Marks this thread as one that imports user modules only to find tasks in them. Worker threads call it once. */
export function importOnlyForTasks(): void {
  registry.isImporting = true;
}

/**
 * For whoever is about to do a deed, outside of all tasks. In a thread that imports modules only to find tasks it is
 * the user's script that runs again, which must not be carried out: gives a promise that never settles, since what
 * follows is the script, not the tasks.
 */
export function reach(deed: Deed): Promise<never> | undefined {
  const { module, place } = callSite();
  if (!registry.isImporting) {
    if (module !== undefined && place !== undefined) noteDeed(module, { ...place, deed });
    return undefined;
  }
  registry.held.push({ module, deed });
  for (const notify of registry.watchers) notify();
  return new Promise(() => {});
}

function noteDeed(module: string, done: DonePlace): void {
  const deeds = onceIn(registry.deeds, module, () => []);
  if (!deeds.some(({ line, column }) => line === done.line && column === done.column)) deeds.push(done);
}

/**
 * The function that `reference` names. `importing` hears of the module, if that has to be imported for it. Throws a
 * `HeddleError` with one of the codes `TASK_NOT_ADDRESSABLE`, `TASK_MODULE_NOT_FOUND`, `TASK_VERSION_SKEW`,
 * `TASK_MODULE_FAILED`, `TASK_NOT_FOUND`.
 */
export async function load(
  reference: Reference,
  { bundle, problem }: CodeSource = {},
  importing?: (module: string) => void,
): Promise<object> {
  const { module: url } = reference;
  const bundled = bundle !== undefined && url !== undefined ? inBundle(bundle, url) : undefined;
  const known = find(bundled === undefined ? reference : { ...reference, module: bundled });
  if (known !== undefined) return known;
  if (url === undefined) throw notAddressable(reference);

  const module = bundled ?? locate(reference, problem);
  const here = { ...reference, module };
  if (!imports.has(module)) importing?.(`${reference.path ?? url}${perhapsHeld()}`);
  const end = await importUntil(module, () => find(here) !== undefined);
  const entry = find(here);
  if (entry !== undefined) return entry;
  if (end.type === 'failed') {
    throw Object.assign(moduleFailed(here, end.error, `task '${reference.name}'`), { task: reference.name });
  }
  throw taskNotFound(here, end.type === 'held' ? end.at : undefined);
}

/**
 * Imports a module for the names in it, not for a task: until it is through, or held at a deed. Rejects with
 * `TASK_MODULE_FAILED`.
 */
export async function importUntilReady(module: string): Promise<void> {
  const end = await importUntil(module, () => true);
  if (end.type === 'failed') throw moduleFailed({ module }, end.error, 'what a task uses of it');
}

/** The module's URL on this machine: where it is there, or at the same path of the project that this worker runs in. */
function locate(reference: Reference, problem?: string): string {
  const { module: url = '', path = '', fingerprint } = reference;
  if (!url.startsWith('file:') || isBundled(url)) return url;
  const candidates = [...new Set([url, pathToFileURL(join(projectOf(process.cwd()), path)).href])];
  // A URL that was made on a machine of another kind names no file here.
  const present = candidates.filter((candidate) => existsSync(new URL(candidate)));
  const match = present.find((candidate) => fingerprintOf(candidate) === fingerprint);
  if (match !== undefined) return match;
  const tried = candidates.map(pathOf);
  if (present[0] === undefined) throw moduleNotFound(reference, tried, problem);
  throw versionSkew(reference, { tried, present: present[0] }, problem);
}

/**
 * Imports until what is sought is there, the import ended, or nothing more is to be expected of it. A failure after the
 * definition does no harm.
 */
async function importUntil(module: string, isThere: () => boolean): Promise<ImportEnd> {
  const { promise, resolve } = Promise.withResolvers<ImportEnd>();
  const started = importOnce(module);
  const { done, heldBefore } = started;
  let patience: NodeJS.Timeout | undefined;
  const check = () => {
    const { held } = registry;
    const isHeld = held.some((each) => each.module === module || each.module === undefined);
    if (isHeld && isThere()) resolve({ type: 'through' });
    const latest = held.findLast((each) => each.module === module) ?? held.at(-1);
    if (latest === undefined || held.length === heldBefore) return;
    // Nothing tells a deed that the module awaits, and so never gets past, from one that it does not await.
    clearTimeout(patience);
    patience = setTimeout(() => resolve({ type: 'held', at: latest }), heldPatienceMs);
  };
  done.then(
    () => resolve({ type: 'through' }),
    (error: unknown) => resolve({ type: 'failed', error }),
  );
  registry.watchers.add(check);
  check();
  try {
    return await promise;
  } finally {
    clearTimeout(patience);
    registry.watchers.delete(check);
    await compare(started);
  }
}

/** What reads a file for the import, say, is through one turn later. */
async function compare(started: Import): Promise<void> {
  const { watch } = started;
  if (watch === undefined) return;
  started.watch = undefined;
  await new Promise((resolve) => setImmediate(resolve));
  started.effects = watch();
}

/** What the import of a module left behind in this thread, each as a clause. */
export function sideEffectsOf(module: string): readonly string[] {
  return imports.get(module)?.effects ?? [];
}

function importOnce(module: string): Import {
  const known = imports.get(module);
  if (known !== undefined) return known;
  const heldBefore = registry.held.length;
  const mayTest = isBundled(module) || registry.files.get(module)?.isTesting === true;
  if (registry.isImporting && mayTest) runNoTests();
  // A stack trace from inside of a bundle names the files that it was made of.
  if (isBundled(module)) {
    nodeModule.setSourceMapsSupport(true, { nodeModules: true });
    watchBundles();
  }
  // While another one is imported, nobody can tell which of them it was. Where tasks are defined, it is as it shall be.
  const isAlone = [...imports.values()].every(({ watch }) => watch === undefined);
  const watch = registry.isImporting && isAlone ? watchEffects() : undefined;
  const started: Import = {
    done: isBundled(module) ? importBundled(module) : import(module),
    heldBefore,
    watch,
    effects: [],
    isOver: false,
  };
  imports.set(module, started);
  // The next one who needs it tries again: this thread may only have been short of files.
  void started.done.catch(() => imports.delete(module)).finally(() => (started.isOver = true));
  return started;
}

/**
 * A bundle holds several modules, each of which runs when it is first asked for. If this one is not among them, whoever
 * looks for its tasks tells of it.
 */
async function importBundled(module: string): Promise<unknown> {
  const { modules } = (await apart(() => import(fileOf(module)))) as {
    readonly modules: Readonly<Record<string, (() => Promise<unknown>) | undefined>>;
  };
  return await apart(() => modules[unbundled(module)]?.());
}

/** For people: what a module waits for that imports one which waits for a deed, and so is never through here. */
function perhapsHeld(): string {
  const held = registry.held.find(({ module }) => module !== undefined && imports.get(module)?.isOver === false);
  if (held?.module === undefined) return '';
  const why = `that waits for the ${held.deed}, which no worker carries out`;
  return ` (for ever, if it imports ${shown(held.module)}: ${why})`;
}
