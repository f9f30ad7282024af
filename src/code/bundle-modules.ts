// What goes into a bundle and what stays outside, and what is put around the modules in it, so that each is what it
// was: it says who it is before it runs, its `import.meta` is its own, and the files that it names are there.

import type { Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface Source {
  /** The project's folder: paths in the bundle start from here. */
  readonly root: string;
  /** Files that modules name beside themselves, by their paths in the bundle. */
  readonly assets: Map<string, Uint8Array>;
  /** Versions of packages that cannot be bundled, by name. */
  readonly externals: Map<string, string>;
}

/** What is a part of the bundle, and what is there without it. */
export function resolving(source: Source): Plugin {
  return {
    name: 'heddle-resolving',
    setup: (build) => {
      build.onResolve({ filter: /.*/ }, async ({ path, kind, pluginData, ...from }) => {
        if (pluginData === source || kind === 'entry-point' || path.startsWith('node:')) return undefined;
        const found = await build.resolve(path, { ...from, kind, pluginData: source });
        if (found.external) return found;
        if (found.errors.length > 0) {
          // What is only loaded when it is reached may not be there at all: then it is missing there, as it is here.
          const isOptional = kind !== 'import-statement';
          return isOptional && !path.startsWith('.') ? { path, external: true } : found;
        }
        // Our own sources are no part of anybody's bundle: the worker has its own.
        if (found.path.startsWith(ownSource)) return { path: pathToFileURL(found.path).href, external: true };
        const native = nativePackageOf(found.path);
        if (native === undefined) return found;
        source.externals.set(native.name, native.version);
        return { path, external: true };
      });
    },
  };
}

export function rewriting(source: Source): Plugin {
  return {
    name: 'heddle-rewriting',
    setup: (build) => {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        if (path.includes(`${sep}node_modules${sep}`)) return undefined;
        const locate = async (specifier: string) => {
          const from = { resolveDir: dirname(path), kind: 'import-statement', pluginData: source } as const;
          return (await build.resolve(specifier, from)).path;
        };
        const text = await withPackageFiles(readFileSync(path, 'utf8'), source, locate);
        return { ...(await rewritten(text, path, source)), resolveDir: dirname(path) };
      });
    },
  };
}

const packageFile = /new URL\(\s*(['"`])([^'"`]+)\1\s*,\s*import\.meta\.resolve\(\s*(['"`])([^'"`]+)\3\s*\)\s*,?\s*\)/g;

/** Files of packages that a module names by the package come along, and their names lead to where they are then. */
async function withPackageFiles(
  text: string,
  { root, assets }: Source,
  locate: (specifier: string) => Promise<string>,
): Promise<string> {
  let changed = text;
  for (const [expression, , name, , specifier] of text.matchAll(packageFile)) {
    const asset = resolve(dirname(await locate(specifier!)), name!);
    if (!existsSync(asset)) continue;
    const place = placeIn(root, asset);
    assets.set(place, readFileSync(asset));
    changed = changed.replace(expression, () => `__heddleToUrl(__heddleFile(${JSON.stringify(place)}))`);
  }
  return changed;
}

const ownSource = fileURLToPath(new URL('../', import.meta.url));

/** A user's module that says who it is, and to which `import.meta.url` is still its own place. */
async function rewritten(
  text: string,
  path: string,
  { root, assets }: Source,
): Promise<{ contents: string; loader: Loader }> {
  const place = placeIn(root, path);
  for (const [, , name] of text.matchAll(/new URL\(\s*(['"`])(\.[^'"`]+)\1\s*,\s*import\.meta\.url\s*\)/g)) {
    const asset = resolve(dirname(path), name!);
    if (existsSync(asset)) assets.set(placeIn(root, asset), readFileSync(asset));
  }
  const id = createHash('sha256').update(place).digest('hex').slice(0, 8);
  const enter = `const __heddleBefore_${id}=__heddleEnter(${JSON.stringify(pathToFileURL(path).href)});`;
  // A module that is required runs in the middle of another.
  const leave = `\n;__heddleLeave(__heddleBefore_${id});`;
  const loader = loaderOf(path);
  if (!/\bimport\s*[.(]/.test(text)) return { contents: behindFirst(text, enter) + leave, loader };
  // A parser knows where it is code, and where a text.
  const { transform } = await import('esbuild');
  const meta = `__heddleMeta_${id}`;
  const define = Object.fromEntries(
    ['url', 'dirname', 'filename'].map((key) => [`import.meta.${key}`, `${meta}.${key}`]),
  );
  const { code } = await transform(text, { loader, define, target: 'node24', sourcemap: 'inline', sourcefile: path });
  const statements = `${enter}const ${meta}=__heddlePlace(${JSON.stringify(place)});`;
  return { contents: behindFirst(await withImportsApart(code), statements) + leave, loader: 'js' };
}

/** What is imported by a call begins to run in the middle of who calls, and must not be taken for that. */
async function withImportsApart(code: string): Promise<string> {
  const { importCallsIn } = await import('./module-text.ts');
  let changed = code;
  for (const { start, end } of importCallsIn(code).toReversed()) {
    changed = `${changed.slice(0, start)}__heddleApart(()=>${changed.slice(start, end)})${changed.slice(end)}`;
  }
  return changed;
}

/** Behind what only means something at the very beginning of a module. */
function behindFirst(text: string, statements: string): string {
  const [, first = ''] = /^(#![^\n]*\n|\s*(?:'use strict'|"use strict");?)/.exec(text) ?? [];
  return first + statements + text.slice(first.length);
}

/** Where a file of the user's is in the bundle. What lies outside of the project gets a place inside. */
function placeIn(root: string, path: string): string {
  return relative(root, path).split(sep).join('/').replaceAll('../', '__outside/');
}

type Loader = 'ts' | 'tsx' | 'js' | 'jsx';

function loaderOf(path: string): Loader {
  const [, kind] = /\.[cm]?([jt]sx?)$/.exec(path)!;
  return kind as Loader;
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly scripts?: object;
  readonly dependencies?: object;
}

/** The package that a file belongs to, when there is native code in it. */
function nativePackageOf(path: string): PackageJson | undefined {
  const folder = packageFolderOf(path);
  if (folder === undefined) return undefined;
  const facts = readPackage(folder);
  const tools = JSON.stringify([facts?.scripts, facts?.dependencies]);
  const isNative =
    path.endsWith('.node') ||
    existsSync(join(folder, 'binding.gyp')) ||
    facts?.gypfile === true ||
    facts?.binary !== undefined ||
    /prebuild|node-gyp|node-pre-gyp|napi/.test(tools);
  return isNative ? facts : undefined;
}

export function packageFolderOf(path: string): string | undefined {
  return /^(.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(path)?.[1];
}

export function readPackage(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
  } catch {
    return undefined;
  }
}
