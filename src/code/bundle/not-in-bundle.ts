// Where the code of a task came as a bundle, what that does not hold is missing, whatever is in the project: packages
// that are not sent, and what is only known by name when it is loaded or read. Who misses it is told what to do; who
// can do without still finds the error that Node has for it.

import { existsSync, readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, isAbsolute, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withSlashes } from '../file-path.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { once } from '../../lib/once.ts';
import { manifestFile, type BundleManifest } from './bundle-archive.ts';
import { bundleEntry } from './bundle.ts';
import { packageOf } from './bundle-modules.ts';
import { packageFolderOf } from './bundle-source.ts';
import { importedAt } from './prelude.ts';

/** A package that is to be installed on the worker. */
interface Missing {
  readonly package: string;
  readonly version: string;
  /** What installs it, to be run in the folder that the worker is started in. */
  readonly command: string;
  /** What else is not sent and not there, with versions. */
  readonly others: readonly string[];
}

interface Absence {
  /** What was looked for, from the bundle's folder on. */
  readonly specifier: string;
  /** The file in that folder that looked for it, unless that is the bundle itself, or of a package. */
  readonly by: string | undefined;
  /** The folder of the bundle that looked for it. */
  readonly folder: string;
  /** Present for a package that is not sent. */
  readonly missing: Missing | undefined;
  /** What Node has thrown for it. */
  readonly error: Error;
}

const absences = new WeakMap<object, Absence>();
/** Those of packages, by their names. */
const absentPackages = new Map<string, Absence>();

/** From here on it is noted when something is imported in a bundle, in this thread, that is not there. */
export const watchBundles = once(() =>
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (error instanceof Error && context.parentURL !== undefined) note(error, specifier, context.parentURL);
        throw error;
      }
    },
  }),
);

/**
 * What an error comes from that a task or its module threw, if it is that something is not in the bundle:
 * `EXTERNAL_MISSING` or `NOT_IN_BUNDLE`.
 */
export function notInBundle(error: unknown): HeddleError | undefined {
  if (!(error instanceof Error)) return undefined;
  try {
    return causeOf(error);
  } catch {
    // What a task throws may not let itself be read.
    return undefined;
  }
}

function causeOf(error: Error): HeddleError | undefined {
  const absence = absences.get(error) ?? otherwiseTold(error);
  if (absence?.missing !== undefined) {
    return new HeddleError('EXTERNAL_MISSING', absence.error.message, { ...absence.missing, cause: error });
  }
  if (absence !== undefined) return absent(absence.specifier, error, absence.by);
  // So esbuild calls what was imported from a folder that it had brought along.
  const [, name] = /^Module not found in bundle: (.*)$/.exec(error.message) ?? [];
  if (name !== undefined) return absent(name, error);
  const { path } = error as { readonly path?: unknown };
  const folder = codeOf(error) === 'ENOENT' && typeof path === 'string' ? bundleFolderOf(path) : undefined;
  return folder === undefined ? undefined : absent(withSlashes(relative(folder, path as string)), error);
}

/** What a bundle, by its file, has looked for in vain that is not sent, as a sentence; none for nothing. */
export function lackedBy(bundle: string): string {
  const folder = dirname(fileURLToPath(bundle));
  const lacked = [...absentPackages.values()].flatMap((each) => (each.folder === folder ? (each.missing ?? []) : []));
  if (lacked.length === 0) return '';
  const names = lacked.map((each) => `'${each.package}'`).join(', ');
  return (
    ` It has looked in vain for ${names}: what holds native code or is very large is not sent. If that is why, ` +
    `install in the folder that the worker is started in, and restart the worker: ` +
    `npm i ${lacked.map((each) => `${each.package}@${each.version}`).join(' ')}`
  );
}

/** A package may swallow what Node has thrown, and say in its own words which other one is not there. */
function otherwiseTold(error: Error): Absence | undefined {
  const { message } = error;
  if (codeOf(error).startsWith('ERR_')) return undefined;
  return absentPackages.values().find(({ specifier }) => {
    const name = packageOf(specifier).replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    const isQuoted = new RegExp(`["'\`]${name}["'\`/]`).test(message) && wordsOfAbsence.test(message);
    return isQuoted || new RegExp(`\\b(?:install|add|i)(?: -\\S+)* ${name}(?![\\w/-])`).test(message);
  });
}

const wordsOfAbsence =
  /\b(?:(?:not|unable to|failed to) (?:be(?:en)? )?|cannot )(?:find|found|load|resolve|determine|import|install)/i;

function absent(found: string, error: Error, by?: string): HeddleError {
  const { [importedAt]: at } = error as { readonly [importedAt]?: string };
  const from = (path: string) => (at !== undefined && path.startsWith('./') ? nameFrom(at, path) : path);
  const name = from(found);
  const isFile = codeOf(error) === 'ENOENT';
  const [quoted, isRequired] = [JSON.stringify(from(by ?? found)), /^MODULE_NOT_FOUND$/.test(codeOf(error))];
  const inCommonJs = isRequired ? ` (in a CommonJS module require.resolve(${quoted}))` : '';
  const withAll = by === undefined ? '' : ', with all that it imports';
  const remedy = isFile
    ? `new URL('./the-file', import.meta.url) brings a file along, or a folder`
    : `import.meta.resolve(${quoted}) brings it along${withAll}${inCommonJs}`;
  const [which, what] = by === undefined ? ['', 'it'] : [`, which '${from(by)}' imports,`, 'that'];
  const computed = at === undefined ? '' : `, and ${at} imports ${what} by a name that is computed`;
  const message =
    `'${name}'${which} is not in the bundle that the code of this task came in${computed}. With the modules of tasks ` +
    `only that is sent which they name themselves: ${remedy}, anywhere in a module. Or start the worker in a ` +
    `checkout of the project, with --code module.`;
  const told = new HeddleError('NOT_IN_BUNDLE', message, {
    missing: name,
    ...(at !== undefined && { at }),
    cause: error,
  });
  told.stack = `HeddleError: ${message}\n${error.stack?.slice(error.stack.indexOf('\n    at ') + 1) ?? ''}`;
  return told;
}

function note(error: Error, specifier: string, importer: string): void {
  if (absences.has(error) || !/^(?:ERR_)?MODULE_NOT_FOUND$/.test(codeOf(error))) return;
  const path = importer.startsWith('file:') ? fileURLToPath(importer) : '';
  const folder = bundleFolderOf(path);
  if (folder === undefined) return;
  const missing = missingOf(specifier, folder);
  const isOwn = packageFolderOf(path) === undefined;
  const found = isOwn && specifier.startsWith('.') ? join(dirname(path), specifier) : specifier;
  // What is in the bundle itself is called by its own place as well, and is no file there.
  const by = isOwn && path !== join(folder, bundleEntry) && existsSync(path) ? nameOf(path, folder) : undefined;
  const absence = { specifier: nameOf(found, folder), by, folder, missing, error };
  absences.set(error, absence);
  if (/^[@\w]/.test(absence.specifier)) absentPackages.set(packageOf(absence.specifier), absence);
  if (missing === undefined) return;
  const { package: name, command, others } = missing;
  error.message =
    `this worker has no package '${name}'. It holds native code, which is made for one kind of machine, or is very ` +
    `large, and so is not sent. Install it in the folder that the worker is started in, and restart the worker: ` +
    command +
    (others.length > 0 ? ` (not here either, if they are needed: ${others.join(' ')})` : '');
}

function missingOf(specifier: string, folder: string): Missing | undefined {
  const { externals } = JSON.parse(readFileSync(join(folder, manifestFile), 'utf8')) as BundleManifest;
  const name = packageOf(specifier);
  const version = externals[name];
  if (version === undefined) return undefined;
  const others = Object.entries(externals)
    .filter(([other]) => other !== name && !existsSync(join(folder, 'node_modules', other)))
    .map((other) => other.join('@'));
  return { package: name, version, command: `npm i ${name}@${version}`, others };
}

/** As it is called from the module at that place. */
function nameFrom(at: string, path: string): string {
  const name = posix.relative(posix.dirname(at), path);
  return name.startsWith('.') ? name : `./${name}`;
}

/** A path from the bundle's folder on, for what is a path. */
function nameOf(specifier: string, folder: string): string {
  const isUrl = specifier.startsWith('file:');
  if (!isUrl && !isAbsolute(specifier)) return specifier;
  const path = withSlashes(relative(folder, isUrl ? fileURLToPath(specifier) : specifier));
  return path.startsWith('..') ? specifier : `./${path}`;
}

/** The folder of the bundle that a file is in, or would be in. */
function bundleFolderOf(path: string): string | undefined {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, bundleEntry)) && existsSync(join(folder, manifestFile))) return folder;
  }
  return undefined;
}

function codeOf(error: Error): string {
  return String((error as { readonly code?: unknown }).code);
}
