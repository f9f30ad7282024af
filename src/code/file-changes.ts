// What the top level of a module does to files. It does so once more in each thread that imports the module, when tasks
// may have written there already: what was cleared at the start of a script is cleared again.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers, * as imported from 'node:timers';
import { callSite } from './call-site.ts';
import { pathOf } from './file-path.ts';

type Functions = Record<string, unknown>;

/** What those do to the file that they get first. To make a folder that is there already does no harm. */
const changing: Readonly<Record<string, string>> = {
  ...named(['rm', 'rmdir', 'unlink'], 'removed'),
  ...named(['createWriteStream', 'writeFile'], 'wrote'),
};

const clocks = ['setImmediate', 'setInterval', 'setTimeout'] as const;

/**
 * From now on notes what modules that are being imported do to files. What it returns ends that, and gives each change
 * as a clause: `removed 'out'`.
 */
export function watchFiles(): () => string[] {
  const clauses = new Set<string>();
  const wrapped = [fs, fs.promises].flatMap((functions) => wrapIn(functions as unknown as Functions, clauses));
  letImportsFollow();
  return () => {
    for (const unwrap of wrapped) unwrap();
    letImportsFollow();
    return [...clauses];
  };
}

/**
 * What is imported by name from built-in modules becomes what those have now. Where somebody has mocked their timers,
 * that would stop ours, so it stays as it is.
 */
function letImportsFollow(): void {
  const isMocked = clocks.some((name) => imported[name] !== timers[name]);
  if (!isMocked) syncBuiltinESMExports();
}

/** What somebody keeps of it goes on to work as before. */
function wrapIn(functions: Functions, clauses: Set<string>): (() => void)[] {
  return Object.entries(changing).flatMap(([name, did]) => {
    const original = functions[name];
    if (typeof original !== 'function') return [];
    const wrapper = function (this: unknown, ...given: readonly unknown[]): unknown {
      const path = changedPath(given);
      if (path !== undefined) clauses.add(`${did} '${path}'`);
      return Reflect.apply(original, this, given);
    };
    functions[name] = Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(original));
    return [() => void (functions[name] === wrapper && (functions[name] = original))];
  });
}

/** The file, if the top level of a module of the user's asked for it. To add to a file is what logs do. */
function changedPath(given: readonly unknown[]): string | undefined {
  const path = given[0] instanceof URL ? pathOf(given[0].href) : given[0];
  if (typeof path !== 'string' || path.startsWith('/dev/') || given.some(isToAdd)) return undefined;
  const { module } = callSite();
  return module === undefined || module.includes('/node_modules/') ? undefined : path;
}

function isToAdd(option: unknown): boolean {
  const { flag, flags = flag } = (option ?? {}) as { readonly flag?: unknown; readonly flags?: unknown };
  return typeof flags === 'string' && flags.startsWith('a');
}

function named(names: readonly string[], did: string): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => [name, `${name}Sync`].map((each) => [each, did])));
}
