// Node says what it cannot load, but not what to do. The likeliest mistakes of whoever begins are few.

import { existsSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError } from '../lib/heddle-error.ts';
import { nearest } from '../lib/nearest.ts';

/** Whatever importing a file threw. */
interface LoadError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  /** Where a module was looked for that is not there. */
  readonly url?: unknown;
}

const endings = ['.ts', '.js', '.mts', '.mjs', '.cts', '.cjs', '/index.ts', '/index.js'];
const noExport = /^The requested module '(.+)' does not provide an export named '(.+)'$/;

/** What to do about a file that Node cannot load; nothing where that is none of the likeliest mistakes. */
export async function loadAdvice(error: unknown, file: string): Promise<string | undefined> {
  const { code, message, stack, url } = Object(error) as LoadError;
  const command = `NODE_OPTIONS='--import tsx' npx heddle run ${file}`;
  const loader = `with a loader such as tsx: npm install tsx, and then ${command}`;
  const isJsx = code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[jt]sx\b/.test(String(message));
  if (isJsx || /^ERR_UNSUPPORTED_(?:NODE_MODULES_TYPE_STRIPPING|TYPESCRIPT_SYNTAX)$/.test(String(code))) {
    return `Node only strips types. Run what needs more ${loader}`;
  }
  if (
    typeof url === 'string' &&
    url.startsWith('file:') &&
    /^ERR_(?:MODULE_NOT_FOUND|UNSUPPORTED_DIR_IMPORT)$/.test(String(code))
  ) {
    const missing = fileURLToPath(url);
    const found = [missing.replace(/js$/, 'ts'), ...endings.map((ending) => missing + ending)].find(isOther(missing));
    if (found === undefined) return undefined;
    return `Node wants the whole name of a file in an import: ${found}, not ${missing}. Or run it ${loader}`;
  }
  const [, from = '', name = ''] = noExport.exec(String(message)) ?? [];
  if (name !== '') return await adviceOnExport(name, { from, isTyped: /^.*\.[cm]?ts:\d+$/m.test(String(stack)) });
  return undefined;
}

function isOther(missing: string): (path: string) => boolean {
  return (path) => path !== missing && existsSync(path);
}

async function adviceOnExport(
  name: string,
  { from, isTyped }: { readonly from: string; readonly isTyped: boolean },
): Promise<string | undefined> {
  if (from === 'heddle' && name === 'default') {
    return `'heddle' has no default export. Write: import { Flow, task } from 'heddle'`;
  }
  const orType = isTyped ? `If '${name}' is a type, write: import type { ${name} } from '${from}'` : undefined;
  if (!entries.includes(from)) return orType;
  const entryOf = await entriesByName();
  if (entryOf.has(name)) return `Write: import { ${name} } from '${entryOf.get(name)}'`;
  const meant = nearest(name, entryOf.keys());
  if (meant === undefined) return orType;
  const told = `'${from}' has no '${name}'. Did you mean: import { ${meant} } from '${entryOf.get(meant)}'?`;
  return orType === undefined ? told : `${told} ${orType}`;
}

const entries = ['heddle', 'heddle/executors', 'heddle/schedules'];

/** Which entry of the package exports each name, types aside. */
async function entriesByName(): Promise<ReadonlyMap<string, string>> {
  const named = entries.map(async (entry) => {
    return Object.keys((await import(entry)) as object).map((name) => [name, entry] as const);
  });
  return new Map((await Promise.all(named)).flat());
}

/** With the file, which is somebody's own and not for certain CommonJS, as a `.cjs` is. */
const nodesWarning = /^Failed to load the ES module: ((?!.*[/\\]node_modules[/\\]).+\.[jt]s)\. Make sure to set /s;

/**
 * From now on, a module that Node takes for CommonJS fails to load with `PACKAGE_NOT_MODULE`: a flow is a module, and
 * `npm init` writes `"type": "commonjs"`. Node tells of it in many lines, and nobody but Node knows the case for
 * certain, as a loader may have made something else of the file.
 */
export function tellOfPackagesNotModule(): void {
  // Node warns while it loads the file, before its own listener prints that, and what is thrown here is what loading
  // the file throws.
  process.prependListener('warning', ({ message }) => {
    const file = nodesWarning.exec(message)?.[1];
    const packageJson = file === undefined ? undefined : findPackageJSON(pathToFileURL(file));
    if (file !== undefined && packageJson !== undefined) throw packageNotModule(file, packageJson);
  });
}

function packageNotModule(file: string, packageJson: string): UsageError {
  const renamed = basename(file).replace(/[jt]s$/, 'm$&');
  const message =
    `${file} is a module (it has import or export), but ${packageJson} says that files like it are CommonJS. Say ` +
    `"type": "module" there (npm pkg set type=module), or rename the file to ${renamed}.`;
  return new UsageError('PACKAGE_NOT_MODULE', message, { file, packageJson });
}
