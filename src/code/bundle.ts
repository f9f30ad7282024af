// A task's module with all that it imports, as one file that a worker without a checkout and without `node_modules`
// can run. Made by esbuild, where the flow was started, when a worker first asks for it.
//
// In a bundle all modules share one scope, so each says who it is before it runs: `task()` then registers its tasks
// under the module of the source, and `import.meta.url` stays the place of the source, below the bundle's own folder.

import type { BuildFailure, BuildOptions, Message, Metafile, OutputFile } from 'esbuild';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HeddleError } from '../lib/heddle-error.ts';
import type { CodeAddress } from '../lib/chunk.ts';
import { pack, type BundleFile, type PackedBundle } from './bundle-archive.ts';
import { packageFolderOf, readPackage, resolving, rewriting, type Source } from './bundle-modules.ts';
import { hashOfModule, projectOf, whenLoaded } from './registry.ts';

/** The file of a bundle that is imported. */
export const bundleEntry = 'bundle.mjs';

const bundles = new Map<string, Promise<PackedBundle>>();
/** What those are called that are made. */
const ids = new Map<string, string>();

/**
 * The bundle of a module, made once in a process, since what this process runs was loaded once too. Rejects with
 * `BUNDLE_FAILED`, which shows the line that esbuild stumbled over.
 */
export function bundleOf(address: CodeAddress): Promise<PackedBundle> {
  const modules = modulesOf(address);
  let bundle = bundles.get(modules);
  if (bundle === undefined) {
    bundles.set(modules, (bundle = makeBundle(address)));
    bundle.then(
      ({ id }) => ids.set(modules, id),
      () => {},
    );
  }
  return bundle;
}

/** The same address, with the name of its bundle when that is made. */
export function withBundle(address: CodeAddress): CodeAddress {
  const bundle = ids.get(modulesOf(address));
  return bundle === undefined ? address : { ...address, bundle };
}

function modulesOf({ module, also = [] }: CodeAddress): string {
  return [module, ...also].join(' ');
}

async function makeBundle({ module, fingerprint, also = [] }: CodeAddress): Promise<PackedBundle> {
  const entry = fileURLToPath(module);
  if (!existsSync(entry)) throw failure(entry, 'its file is gone');
  if (hashOfModule(readFileSync(entry)) !== fingerprint) throw changed(entry, entry);
  const source: Source = { root: projectOf(dirname(entry)), assets: new Map(), externals: new Map() };
  const { build } = await import('esbuild');
  const plugins = [resolving(source), rewriting(source)];
  try {
    let built = await build({ ...optionsFor(source, [module]), plugins });
    // Who is imported anyway must not come first: modules that import each other would run in another order.
    const imported = importedBy(entry, built.metafile, source.root);
    const missing = also.filter((each) => !imported.has(fileURLToPath(each)));
    if (missing.length > 0) built = await build({ ...optionsFor(source, [...missing, module]), plugins });
    const inputs = Object.keys(built.metafile.inputs).map((path) => resolve(source.root, path));
    const loadedAt = Math.max(...[module, ...also].map(whenLoaded));
    const later = inputs.find((path) => Math.floor(statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > loadedAt);
    if (later !== undefined) throw changed(entry, later);
    return packed(built.outputFiles, inputs, source);
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    // Once more with the modules as their author wrote them, to show the line that is there.
    const options = { ...optionsFor(source, [...also, module]), plugins: [resolving(source)] };
    const plain: unknown = await build(options).catch((again: unknown) => again);
    const [first] = [plain, error].flatMap((each) => (each as Partial<BuildFailure>).errors ?? []);
    throw failure(entry, first === undefined ? String(error) : told(first), error);
  }
}

function packed(outputs: readonly OutputFile[], inputs: readonly string[], source: Source): PackedBundle {
  const [map, code] = outputs.toSorted((a, b) => (a.path > b.path ? -1 : 1));
  const text = `${versionsOf(inputs)}${code!.text}\n//# sourceMappingURL=${bundleEntry}.map\n`;
  const files: BundleFile[] = [
    { path: bundleEntry, bytes: Buffer.from(text) },
    { path: `${bundleEntry}.map`, bytes: Buffer.from(withAbsoluteSources(map!.text, source.root)) },
    ...[...source.assets].map(([path, bytes]) => ({ path, bytes })),
  ];
  return pack(files, { externals: Object.fromEntries(source.externals) });
}

/** The files that a module imports before it runs, and those that they do. */
function importedBy(entry: string, { inputs }: Metafile, root: string): ReadonlySet<string> {
  const imported = new Set([relative(root, entry).split(sep).join('/')]);
  for (const path of imported) {
    for (const each of inputs[path]?.imports ?? []) {
      if (each.kind !== 'dynamic-import' && each.external !== true) imported.add(each.path);
    }
  }
  return new Set([...imported].map((path) => resolve(root, path)));
}

/** What tells a worker, which has no packages, the versions of those in here; on one line with the prelude. */
function versionsOf(inputs: readonly string[]): string {
  const folders = new Set(inputs.map(packageFolderOf).filter((folder) => folder !== undefined));
  const versions = [...folders].flatMap((folder) => {
    const version = readPackage(folder)?.version;
    return version === undefined ? [] : [[pathToFileURL(folder).href, version]];
  });
  if (versions.length === 0) return '';
  const map = `globalThis[Symbol.for('heddle.bundled-versions')]??=new Map()`;
  return `for(const[folder,version]of ${JSON.stringify(versions)})(${map}).set(folder,version);`;
}

function optionsFor(source: Source, modules: readonly string[]) {
  return {
    stdin: { contents: importsOf(modules), resolveDir: source.root },
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
    metafile: true,
  } satisfies BuildOptions;
}

/** First those that the task's module does not import: it may wait for ever at a run of a flow. */
function importsOf(modules: readonly string[]): string {
  return modules.map((module) => `import ${JSON.stringify(fileURLToPath(module))};`).join('\n');
}

/** What CommonJS packages expect to be there; and where the parts of the bundle are on the worker's disk. */
const prelude = [
  `import{AsyncLocalStorage as __HeddleStorage}from'node:async_hooks'`,
  `import{createRequire as __heddleRequire}from'node:module'`,
  `import{pathToFileURL as __heddleToUrl}from'node:url'`,
  `import __heddlePath from'node:path'`,
  `const require=__heddleRequire(import.meta.url),__dirname=import.meta.dirname,__filename=import.meta.filename`,
  `const __heddleModule=globalThis[Symbol.for('heddle.bundled-module')]??=new __HeddleStorage()`,
  `const __heddleEnter=(module)=>{const before=__heddleModule.getStore();` +
    `__heddleModule.enterWith({bundle:import.meta.url,module});return before}`,
  `const __heddleLeave=(before)=>{__heddleModule.enterWith(before)}`,
  `const __heddleApart=(load)=>{const before=__heddleModule.getStore();` +
    `try{return load()}finally{__heddleModule.enterWith(before)}}`,
  `const __heddleFile=(path)=>__heddlePath.join(__dirname,path)`,
  `const __heddleMeta=(filename)=>({url:__heddleToUrl(filename).href,dirname:__heddlePath.dirname(filename),filename})`,
  `const __heddlePlace=(path)=>__heddleMeta(__heddleFile(path))`,
  '',
].join(';');

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

/** It would be sent in another version than the one that made the tasks of this process. */
function changed(entry: string, path: string): HeddleError {
  const what = path === entry ? 'its file' : path;
  return failure(entry, `${what} was changed after this process had loaded it; start the flow again`);
}

function failure(entry: string, why: string, cause?: unknown): HeddleError {
  const message = `the code of ${entry} cannot be bundled for remote workers: ${why}`;
  return new HeddleError('BUNDLE_FAILED', message, { file: entry, ...(cause !== undefined && { cause }) });
}
