// Finds the function behind a reference, importing its module when need be. The module is the user's flow file, with a
// top-level `flow.run()` perhaps: while this thread imports, such a call is held back for ever (see `holdRun`), so users
// write no guard, and loading goes on as soon as the wanted function is there and the first such call was reached.

import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { HeddleError } from '../lib/heddle-error.ts';
import { callSite } from './call-site.ts';
import { find, fingerprintOf, namesIn, projectOf, registry, type Reference } from './registry.ts';

const imports = new Map<string, Promise<unknown>>();

/** Marks this thread as one that imports user modules only to find tasks in them. Worker threads call it once. */
export function importOnlyForTasks(): void {
  registry.isImporting = true;
}

/** Whether a flow run that is reached now is the user's script running again in a worker, and must not be carried out. */
export function isImportingForTasks(): boolean {
  return registry.isImporting;
}

/** A promise that never settles, for a flow run reached while importing: what follows it is the script, not the tasks. */
export function holdRun(): Promise<never> {
  registry.heldRuns.add(callSite().module);
  for (const notify of registry.watchers) notify();
  return new Promise(() => {});
}

/**
 * The function that `reference` names. Throws a `HeddleError` with one of the codes `TASK_NOT_ADDRESSABLE`,
 * `TASK_MODULE_NOT_FOUND`, `TASK_VERSION_SKEW`, `TASK_MODULE_FAILED`, `TASK_NOT_FOUND`.
 */
export async function load(reference: Reference): Promise<object> {
  const known = find(reference);
  if (known !== undefined) return known;
  const { name, definedAt } = reference;
  if (reference.module === undefined) throw notAddressable(reference);

  const module = locate(reference);
  const here = { ...reference, module };
  const failure = await importUntilFound(here);
  const entry = find(here);
  if (entry !== undefined) return entry;
  if (failure !== undefined) {
    const why =
      failure.error instanceof Error ? `${failure.error.name}: ${failure.error.message}` : String(failure.error);
    const message =
      `a worker could not import ${module} to find task '${name}': ${why}. A task's module is imported by every ` +
      `worker, so its top level must be safe to run there.`;
    throw new HeddleError('TASK_MODULE_FAILED', message, { task: name, module, cause: failure.error });
  }
  const names = namesIn(module);
  throw new HeddleError(
    'TASK_NOT_FOUND',
    `a worker imported ${module}, but no task '${name}' was defined while it loaded; it was defined at ${definedAt} ` +
      `where the flow was started. Tasks there: ${names.join(', ') || 'none'}. Call task() at the top level of a module.`,
    { task: name, module, definedAt, found: names },
  );
}

/** The error for a function that only the code which made it knows. */
export function notAddressable({ name, definedAt }: Reference): HeddleError {
  const message =
    `task '${name}' was made inside a function (${definedAt}), not while its module was being loaded, so a worker ` +
    `cannot find it by importing the module. Move the task() call to the top level of a module and pass what it ` +
    `captures as inputs, or run the flow with LocalExecutor.`;
  return new HeddleError('TASK_NOT_ADDRESSABLE', message, { task: name, definedAt });
}

/** The module's URL on this machine: where it is there, or at the same path of the project that this worker runs in. */
function locate({ name, module, path, fingerprint }: Reference): string {
  const url = module ?? '';
  if (!url.startsWith('file:')) return url;
  const candidates = [url, pathToFileURL(join(projectOf(process.cwd()), path ?? '')).href];
  const present = candidates.filter((candidate) => existsSync(fileURLToPath(candidate)));
  const match = present.find((candidate) => fingerprintOf(candidate) === fingerprint);
  if (match !== undefined) return match;
  const tried = candidates.map((candidate) => fileURLToPath(candidate));
  if (present.length === 0) {
    const message =
      `this worker has no module for task '${name}': it looked for ${tried.join(' and ')}. Start the worker in a ` +
      `checkout of the same project.`;
    throw new HeddleError('TASK_MODULE_NOT_FOUND', message, { task: name, tried });
  }
  const message =
    `task '${name}' comes from ${path}, whose bytes differ here (submitter ${fingerprint}, worker ` +
    `${fingerprintOf(present[0]!)}). Bring both to the same version of the file, then restart this worker.`;
  throw new HeddleError('TASK_VERSION_SKEW', message, { task: name, path, tried });
}

/** Imports until the function is there, the import ended, or it failed. A failure after the definition does no harm. */
async function importUntilFound(reference: Reference & { module: string }): Promise<{ error: unknown } | undefined> {
  const { promise, resolve } = Promise.withResolvers<{ error: unknown } | undefined>();
  const check = () => {
    const { heldRuns } = registry;
    const isHeld = heldRuns.has(reference.module) || heldRuns.has(undefined);
    if (isHeld && find(reference) !== undefined) resolve(undefined);
  };
  let module = imports.get(reference.module);
  if (module === undefined) {
    module = import(reference.module);
    imports.set(reference.module, module);
  }
  module.then(
    () => resolve(undefined),
    (error: unknown) => resolve({ error }),
  );
  registry.watchers.add(check);
  check();
  try {
    return await promise;
  } finally {
    registry.watchers.delete(check);
  }
}
