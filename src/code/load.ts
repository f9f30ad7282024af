// Finds the function behind a reference, importing its module when need be. The module is the user's flow file, with a
// top-level `flow.run()` or `cluster.start()` perhaps: while this thread imports, such a call is held back for ever
// (see `reach`), so users write no guard, and loading goes on as soon as the wanted function is there and the first
// such call was reached.

import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { CodeSource } from '../lib/chunk.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { nameAndMessageIn } from '../lib/thrown-text.ts';
import { callSite, fileOf, inBundle, isBundled } from './call-site.ts';
import { notInBundle, watchBundles } from './bundle/not-in-bundle.ts';
import {
  find,
  fingerprintOf,
  insideFunction,
  namesIn,
  projectOf,
  registry,
  type Deed,
  type DonePlace,
  type HeldDeed,
  type Reference,
} from './registry.ts';
import { changesSince, lookAround, type Snapshot } from './side-effects.ts';

/** How long a module that was held at a deed may stay silent before it is taken to define nothing more. */
const heldPatienceMs = 2_000;

interface Import {
  readonly done: Promise<unknown>;
  /** How many deeds had been held back in this thread when it began. */
  readonly heldBefore: number;
  /** How the thread looked before; absent once that was compared, or when it would say nothing of this module. */
  before: Snapshot | undefined;
  /** What it left behind. */
  effects: readonly string[];
}

/** How an import ended for one who waits for a task: the module is through, or held at a deed, or it threw. */
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
  const deeds = registry.deeds.get(module) ?? [];
  registry.deeds.set(module, deeds);
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
  if (bundle === undefined) {
    const known = find(reference);
    if (known !== undefined) return known;
  }
  if (reference.module === undefined) throw notAddressable(reference);

  const module = bundle === undefined ? locate(reference, problem) : inBundle(bundle, reference.module);
  const here = { ...reference, module };
  if (!imports.has(module)) importing?.(reference.path ?? reference.module);
  const end = await importUntil(module, () => find(here) !== undefined);
  const entry = find(here);
  if (entry !== undefined) return entry;
  throw notFound(here, end);
}

/**
 * Imports a module for the names in it, not for a task: until it is through, or held at a deed. Rejects with
 * `TASK_MODULE_FAILED`.
 */
export async function importUntilReady(module: string): Promise<void> {
  const end = await importUntil(module, () => true);
  if (end.type === 'failed') throw moduleFailed(module, end.error, 'what a task uses of it');
}

/** How to use a module of a circle before it has run fails; in a bundle its variables are there, and undefined. */
const unreadyInCircle =
  /before initialization$|^TypeError: (?:.* is not a (?:function|constructor)$|Cannot .* of undefined)/;

function moduleFailed(module: string, error: unknown, sought: string): HeddleError {
  const failed = `a worker could not import ${module} to find ${sought}`;
  const absence = notInBundle(error);
  if (absence !== undefined) {
    const facts = Object.fromEntries(Object.entries(absence));
    return new HeddleError(absence.code, `${failed}: ${absence.message}`, { ...facts, module, cause: error });
  }
  const why = nameAndMessageIn(error);
  const remedy = unreadyInCircle.test(why)
    ? `If it and other modules import each other, it is the first of them to be imported here, and was not where the ` +
      `flow was started: move what their top levels need of each other to a module that imports none of them.`
    : `A task's module is imported by every worker, so its top level must be safe to run there.`;
  return new HeddleError('TASK_MODULE_FAILED', `${failed}: ${why}. ${remedy}`, { module, cause: error });
}

function notFound({ name, module, definedAt }: Reference & { module: string }, end: ImportEnd): HeddleError {
  if (end.type === 'failed') {
    return Object.assign(moduleFailed(module, end.error, `task '${name}'`), { task: name });
  }
  const names = namesIn(module);
  const { when, where } = end.type === 'held' ? heldHow(module, end.at) : notHeld;
  const message =
    `a worker imported ${module}, but no task '${name}' was defined ${when}; it was defined at ${definedAt} where ` +
    `the flow was started. Tasks there: ${names.join(', ') || 'none'}. Call task() ${where}.`;
  return new HeddleError('TASK_NOT_FOUND', message, { task: name, module, definedAt, found: names });
}

const notHeld = {
  when: 'while it loaded',
  where: 'at the top level of a module, and under no condition: import.meta.main is false in workers',
};

function heldHow(module: string, { deed, module: whose }: HeldDeed): typeof notHeld {
  if (whose !== undefined && whose !== module) {
    return {
      when: `before the ${deed} that ${whose}, which it imports, waits for`,
      where: `in a module that imports none which waits for the ${deed}`,
    };
  }
  const waiting = whose === undefined ? 'it, or a module it imports,' : 'it';
  return {
    when: `before the ${deed} that ${waiting} waits for`,
    where: `at the top level of a module, above the first ${deed}`,
  };
}

/** The error for a function that only the code which made it knows; and why it is not sent with what it captures. */
export function notAddressable({ name, definedAt, made }: Reference, cause?: Error): HeddleError {
  const unsent =
    cause === undefined
      ? ''
      : ` Nor can it be sent with what it captures, as nobody here can tell what that is: ` +
        `${cause.message.replace(/\.$/, '')}. Start Node with --allow-inspector, if it was started with --permission.`;
  const isInside = made === undefined || made === insideFunction;
  const how = isInside
    ? `${insideFunction} (${definedAt}), not while its module was being loaded`
    : `${made} (${definedAt})`;
  const where = isInside ? '' : ', above the first run of a flow or start of a cluster, and under no condition,';
  const message =
    `task '${name}' was made ${how}, so a worker cannot find it by importing the module.${unsent} Move the task() ` +
    `call to the top level of a module${where} and pass what it ` +
    `captures as inputs, or run the flow with LocalExecutor.`;
  return new HeddleError('TASK_NOT_ADDRESSABLE', message, { task: name, definedAt, ...(cause && { cause }) });
}

/** The module's URL on this machine: where it is there, or at the same path of the project that this worker runs in. */
function locate({ name, module, path, fingerprint }: Reference, problem?: string): string {
  const url = module ?? '';
  if (!url.startsWith('file:') || isBundled(url)) return url;
  const candidates = [...new Set([url, pathToFileURL(join(projectOf(process.cwd()), path ?? '')).href])];
  const present = candidates.filter((candidate) => existsSync(fileURLToPath(candidate)));
  const match = present.find((candidate) => fingerprintOf(candidate) === fingerprint);
  if (match !== undefined) return match;
  const tried = candidates.map((candidate) => fileURLToPath(candidate));
  if (present.length === 0) {
    const message =
      `this worker has no module for task '${name}': it looked for ${tried.join(' and ')}` +
      whyOr(problem, 'Start the worker in a checkout of the same project, or let it take code: --code bundle.');
    throw new HeddleError('TASK_MODULE_NOT_FOUND', message, { task: name, tried });
  }
  const message =
    `task '${name}' comes from ${path}, whose bytes differ here (submitter ${fingerprint}, worker ` +
    `${fingerprintOf(present[0]!)})` +
    whyOr(
      problem,
      'Start the flow again if the file was changed after its process had loaded it; else bring both to the same ' +
        'version, then restart this worker.',
    );
  throw new HeddleError('TASK_VERSION_SKEW', message, { task: name, path, tried });
}

/** Ends a message with why the code was not sent, which says what to do; or else with a remedy. */
function whyOr(problem: string | undefined, remedy: string): string {
  return problem === undefined ? `. ${remedy}` : `, and ${problem}`;
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
  const { before } = started;
  if (before === undefined) return;
  started.before = undefined;
  await new Promise((resolve) => setImmediate(resolve));
  started.effects = await changesSince(before);
}

/** What the import of a module left behind in this thread, each as a clause. */
export function sideEffectsOf(module: string): readonly string[] {
  return imports.get(module)?.effects ?? [];
}

function importOnce(module: string): Import {
  const known = imports.get(module);
  if (known !== undefined) return known;
  const heldBefore = registry.held.length;
  // A stack trace from inside of a bundle names the files that it was made of.
  if (isBundled(module)) {
    nodeModule.setSourceMapsSupport(true, { nodeModules: true });
    watchBundles();
  }
  // While another one is imported, nobody can tell which of them it was. Where tasks are defined, it is as it shall be.
  const isAlone = [...imports.values()].every(({ before }) => before === undefined);
  const before = registry.isImporting && isAlone ? lookAround() : undefined;
  const started: Import = { done: import(fileOf(module)), heldBefore, before, effects: [] };
  imports.set(module, started);
  return started;
}
