// A task's module with all that it imports, as one file that a worker without a checkout and without `node_modules`
// can run. Made by esbuild, where the flow was started, when a worker first asks for it.
//
// In a bundle all modules share one scope, so each says who it is before it runs: `task()` then registers its tasks
// under the module of the source, and `import.meta.url` stays the place of the source, below the bundle's own folder.

import type { BuildFailure, Message, Plugin } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HeddleError } from '../lib/heddle-error.ts';
import type { CodeAddress } from '../lib/chunk.ts';
import { pack, type BundleFile, type PackedBundle } from './bundle-archive.ts';
import { hashOfModule, projectOf } from './registry.ts';

/** The file of a bundle that is imported. */
export const bundleEntry = 'bundle.mjs';

const bundles = new Map<string, Promise<PackedBundle>>();
const ownSource = fileURLToPath(new URL('../', import.meta.url));

/**
 * The bundle of a module, made once in a process, since what this process runs was loaded once too. Rejects with
 * `BUNDLE_FAILED`, which shows the line that esbuild stumbled over.
 */
export function bundleOf(address: CodeAddress): Promise<PackedBundle> {
  const modules = [address.module, ...(address.also ?? [])].join(' ');
  let bundle = bundles.get(modules);
  if (bundle === undefined) bundles.set(modules, (bundle = makeBundle(address)));
  return bundle;
}

async function makeBundle({ module, fingerprint, also = [] }: CodeAddress): Promise<PackedBundle> {
  const entry = fileURLToPath(module);
  if (!existsSync(entry)) throw failure(entry, 'its file is gone');
  if (hashOfModule(readFileSync(entry)) !== fingerprint) {
    throw failure(entry, 'its file was changed after this process had loaded it; start the flow again');
  }
  const source: Source = { root: projectOf(dirname(entry)), assets: new Map(), externals: new Map() };
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      stdin: { contents: importsOf([...also, module]), resolveDir: source.root },
      absWorkingDir: source.root,
      outfile: join(source.root, bundleEntry),
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      keepNames: true,
      sourcemap: 'external',
      sourcesContent: false,
      legalComments: 'none',
      logLevel: 'silent',
      external: ['heddle', 'heddle/*'],
      banner: { js: prelude },
      plugins: [shipping(source)],
    });
    const [map, code] = outputFiles.toSorted((a, b) => (a.path > b.path ? -1 : 1));
    const files: BundleFile[] = [
      { path: bundleEntry, bytes: Buffer.from(`${code!.text}\n//# sourceMappingURL=${bundleEntry}.map\n`) },
      { path: `${bundleEntry}.map`, bytes: Buffer.from(withAbsoluteSources(map!.text, source.root)) },
      ...[...source.assets].map(([path, bytes]) => ({ path, bytes })),
    ];
    return pack(files, { externals: Object.fromEntries(source.externals) });
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? [];
    throw failure(entry, first === undefined ? String(error) : told(first), error);
  }
}

/** First those that the task's module does not import: it may wait for ever at a run of a flow. */
function importsOf(modules: readonly string[]): string {
  return modules.map((module) => `import ${JSON.stringify(fileURLToPath(module))};`).join('\n');
}

interface Source {
  /** The project's folder: paths in the bundle start from here. */
  readonly root: string;
  /** Files that modules name beside themselves, by their paths in the bundle. */
  readonly assets: Map<string, Uint8Array>;
  /** Versions of packages that cannot be bundled, by name. */
  readonly externals: Map<string, string>;
}

/** What CommonJS packages expect to be there; and where the parts of the bundle are on the worker's disk. */
const prelude = [
  `import{createRequire as __heddleRequire}from'node:module'`,
  `import{pathToFileURL as __heddleToUrl}from'node:url'`,
  `import __heddlePath from'node:path'`,
  `const require=__heddleRequire(import.meta.url),__dirname=import.meta.dirname,__filename=import.meta.filename`,
  `const __heddleModules=globalThis[Symbol.for('heddle.bundled-modules')]??=new Map()`,
  `const __heddleEnter=(module)=>{__heddleModules.set(import.meta.url,module)}`,
  `const __heddleFile=(path)=>__heddlePath.join(__dirname,path)`,
  `const __heddleMeta=(filename)=>({url:__heddleToUrl(filename).href,dirname:__heddlePath.dirname(filename),filename})`,
  `const __heddlePlace=(path)=>__heddleMeta(__heddleFile(path))`,
  '',
].join(';');

function shipping(source: Source): Plugin {
  return {
    name: 'heddle',
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
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        if (path.includes(`${sep}node_modules${sep}`)) return undefined;
        const locate = async (specifier: string) => {
          const from = { resolveDir: dirname(path), kind: 'import-statement', pluginData: source } as const;
          return (await build.resolve(specifier, from)).path;
        };
        const text = await withPackageFiles(readFileSync(path, 'utf8'), source, locate);
        return { ...(await placed(text, path, source)), resolveDir: dirname(path) };
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

/** A user's module that says who it is, and to which `import.meta.url` is still its own place. */
async function placed(
  text: string,
  path: string,
  { root, assets }: Source,
): Promise<{ contents: string; loader: Loader }> {
  const place = placeIn(root, path);
  for (const [, , name] of text.matchAll(/new URL\(\s*(['"`])(\.[^'"`]+)\1\s*,\s*import\.meta\.url\s*\)/g)) {
    const asset = resolve(dirname(path), name!);
    if (existsSync(asset)) assets.set(placeIn(root, asset), readFileSync(asset));
  }
  const enter = `__heddleEnter(${JSON.stringify(pathToFileURL(path).href)});`;
  const loader = loaderOf(path);
  if (!text.includes('import.meta')) return { contents: behindFirst(text, enter), loader };
  // A parser knows where it is code, and where a text.
  const { transform } = await import('esbuild');
  const meta = `__heddleMeta_${createHash('sha256').update(place).digest('hex').slice(0, 8)}`;
  const define = Object.fromEntries(
    ['url', 'dirname', 'filename'].map((key) => [`import.meta.${key}`, `${meta}.${key}`]),
  );
  const { code } = await transform(text, { loader, define, target: 'node24', sourcemap: 'inline', sourcefile: path });
  return {
    contents: behindFirst(code, `${enter}const ${meta}=__heddlePlace(${JSON.stringify(place)});`),
    loader: 'js',
  };
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
  const [, folder] = /^(.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+)[/\\]/.exec(path) ?? [];
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

function readPackage(folder: string): PackageJson | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
  } catch {
    return undefined;
  }
}

/** So that a stack trace of a worker names the files of whoever wrote them. */
function withAbsoluteSources(map: string, root: string): string {
  const parsed = JSON.parse(map) as { sources: string[] };
  const sources = parsed.sources.map((source) => pathToFileURL(resolve(root, source)).href);
  return JSON.stringify({ ...parsed, sources });
}

function told({ text, location }: Message): string {
  if (location === null) return text;
  const { file, line, column, lineText } = location;
  return `${text}\n\n  ${file}:${line}:${column + 1}\n  ${lineText}\n  ${' '.repeat(column)}^\n`;
}

function failure(entry: string, why: string, cause?: unknown): HeddleError {
  const message = `the code of ${entry} cannot be bundled for remote workers: ${why}`;
  return new HeddleError('BUNDLE_FAILED', message, { file: entry, ...(cause !== undefined && { cause }) });
}
