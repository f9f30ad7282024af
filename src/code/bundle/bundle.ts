// The modules of a flow's tasks with all that they import, as one file that a worker without a checkout and without
// `node_modules` can run. Made by esbuild, where the flow was started, when a worker first asks for it.
//
// In a bundle all modules share one scope, so each says who it is before it runs: `task()` then registers its tasks
// under the module of the source, and `import.meta.url` stays the place of the source, below the bundle's own folder.

import type { BuildFailure, BuildOptions, BuildResult, Message, Metafile, OutputFile } from 'esbuild';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withSlashes } from '../file-path.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { modulesOf, type CodeAddress } from '../../lib/chunk.ts';
import { onceIn } from '../../lib/once.ts';
import { shortHash } from '../../lib/short-hash.ts';
import { pack, type BundleFile, type PackedBundle } from './bundle-archive.ts';
import { packageOf, resolving, rewriting } from './bundle-modules.ts';
import { BundleSource, packageFolderOf, readPackage } from './bundle-source.ts';
import { prelude, withOwnHelpers } from './prelude.ts';
import { fingerprintOf, projectOf, whenLoaded } from '../registry.ts';

/** The file of a bundle that is imported; like the list of its files, it is called as no file of a project is. */
export const bundleEntry = '__heddle_bundle.mjs';

interface Bundle extends PackedBundle {
  /** What tasks may miss in it, for whoever starts the flow. */
  readonly warnings: readonly string[];
}

/** By the modules that are bundled together, and then by module. */
const bundles = new Map<string, Promise<ReadonlyMap<string, Promise<Bundle>>>>();
/** Ids of the bundles that are made, by module and those that it is bundled with. */
const ids = new Map<string, string>();
/** By their ids, what they hold and when that was changed before it was read. */
const sent = new Map<string, { readonly source: BundleSource; readonly changeTimes: ReadonlyMap<string, number> }>();

/**
 * The bundle of a module and of those that go with it, made once in a process, since what this process runs was loaded
 * once too. Modules that import packages which are not sent get a bundle apart from the others, which so run where
 * these are missing. Rejects with `BUNDLE_FAILED`, which shows the line that esbuild stumbled over.
 */
export async function bundleOf(address: CodeAddress): Promise<Bundle> {
  const together = modulesOf(address);
  const made = await onceIn(bundles, together, () => makeBundles(address));
  return await made.get(address.module)!;
}

/** Files that came along, of which the bundle holds what is not there any more, for whoever starts a flow again. */
export function changedSince(bundle: string): readonly string[] {
  const { source, changeTimes: then } = sent.get(bundle)!;
  const now = source.changeTimes();
  return [...new Set([...then.keys(), ...now.keys()])].filter((place) => then.get(place) !== now.get(place));
}

/** The same address, with the name of its bundle when that is made. */
export function withBundle(address: CodeAddress): CodeAddress {
  const bundle = ids.get(idKey(address.module, modulesOf(address)));
  return bundle === undefined ? address : { ...address, bundle };
}

function idKey(module: string, together: string): string {
  return `${module} of ${together}`;
}

async function makeBundles(address: CodeAddress): Promise<ReadonlyMap<string, Promise<Bundle>>> {
  const { module, also = [], fingerprint } = address;
  const modules = [module, ...also].toSorted();
  const make = (group: readonly string[]) => {
    const fingerprints = group.map((each) => (each === module ? fingerprint : fingerprintOf(each)));
    return makeBundle(group, fingerprints);
  };
  const whole = make(modules);
  const groups = await whole.then(
    ({ outside }) => [...Map.groupBy(modules, (each) => outside(each).join()).values()],
    // One that cannot be bundled keeps nobody else from being sent.
    () => modules.map((each) => [each]),
  );
  const made = groups.map(async (group) => {
    const { bundle } = await (group.length === modules.length ? whole : make(group));
    for (const each of group) ids.set(idKey(each, modulesOf(address)), bundle.id);
    return bundle;
  });
  // Perhaps nobody asks for one that failed.
  for (const each of made) each.catch(() => {});
  return new Map(groups.flatMap((group, at) => group.map((each) => [each, made[at]!] as const)));
}

interface Made {
  readonly bundle: Bundle;
  /** The packages that are not sent and without which this module cannot be loaded. */
  readonly outside: (module: string) => readonly string[];
}

async function makeBundle(modules: readonly string[], fingerprints: readonly string[]): Promise<Made> {
  for (const [at, each] of modules.entries()) assertUnchanged(each, fingerprints[at]!);
  const paths = modules.map((each) => fileURLToPath(each));
  const source = new BundleSource(rootOf(paths), paths);
  try {
    const built = await builtOf(source, modules).catch(async (error: unknown) => {
      if (!source.keepsImports || !lacksExport(error)) throw error;
      source.keepsImports = false;
      return await builtOf(source, modules);
    });
    const { metafile, outputFiles } = built;
    const pathsOf = (inputs: Iterable<string>) => Array.from(inputs, (path) => resolve(source.root, path));
    const importedBy = (module: string) =>
      inputsOf(withSlashes(relative(source.root, fileURLToPath(module))), metafile);
    for (const module of modules) assertNoneChanged(module, pathsOf(importedBy(module)));
    const outside = (module: string) => {
      const hoisted = packagesHoisted(importedBy(module), metafile);
      return [...source.externals.keys()].filter((name) => hoisted.includes(name));
    };
    const changeTimes = source.changeTimes();
    const bundle = packed(outputFiles, pathsOf(Object.keys(metafile.inputs)), source);
    sent.set(bundle.id, { source, changeTimes });
    return { bundle, outside };
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    // Once more with the modules as their author wrote them, to show the line that is there.
    const { build } = await import('esbuild');
    const options = { ...optionsFor(source, modules), plugins: [resolving(source)] };
    const plain: unknown = await build(options).catch((again: unknown) => again);
    const [first] = [plain, error].flatMap((each) => (each as Partial<BuildFailure>).errors ?? []);
    const where = first?.location ? resolve(source.root, first.location.file) : paths.join(', ');
    throw failure(where, first === undefined ? String(error) : told(first), error);
  }
}

/** What an input of a build imports, and what that imports, itself included. */
function inputsOf(input: string, { inputs }: Metafile): ReadonlySet<string> {
  const found = new Set([input]);
  for (const path of found) {
    for (const { external, path: next } of inputs[path]?.imports ?? []) if (external !== true) found.add(next);
  }
  return found;
}

/**
 * The packages that stay outside and without which nothing of a bundle runs: esbuild moves each `import` of one to the
 * top of the file, also out of modules that are only loaded when they are reached. `require()` and `import()` of one
 * fail where they stand.
 */
function packagesHoisted(paths: Iterable<string>, { inputs }: Metafile): readonly string[] {
  const imports = [...paths].flatMap((path) => inputs[path]?.imports ?? []);
  const hoisted = imports.filter(({ kind, external }) => external === true && kind === 'import-statement');
  return hoisted.flatMap(({ path }) => (path.startsWith('.') ? [] : [packageOf(path)]));
}

/** What is sent has to be what this process runs: no file may be newer than when the module was loaded. */
function assertNoneChanged(module: string, files: readonly string[]): void {
  const loadedAt = whenLoaded(module);
  const later = files.find((path) => Math.floor(statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > loadedAt);
  if (later !== undefined) throw changed(fileURLToPath(module), later);
}

function assertUnchanged(module: string, fingerprint: string): void {
  const path = fileURLToPath(module);
  if (!existsSync(path)) throw failure(path, 'its file is gone');
  if (shortHash(readFileSync(path)) !== fingerprint) throw changed(path, path);
}

/** The folder of the project; of several, as in a workspace, the one that holds most of the modules. */
function rootOf(paths: readonly string[]): string {
  const roots = [...new Set(paths.map((path) => projectOf(dirname(path))))];
  const held = (root: string) => paths.filter((path) => path.startsWith(`${root}${sep}`)).length;
  return roots.toSorted((a, b) => held(b) - held(a))[0]!;
}

/** A loader leaves out imports of types that are not marked as such; without it esbuild looks for them as values. */
function lacksExport(error: unknown): boolean {
  const errors = (error as Partial<BuildFailure>).errors ?? [];
  return errors.some(({ text }) => text.startsWith('No matching export'));
}

/**
 * Built again for as long as a build shows what changes it: packages that stay outside, side effects that annotations
 * deny, modules that are imported by computed names.
 */
async function builtOf(source: BundleSource, modules: readonly string[]): Promise<Built> {
  const { build } = await import('esbuild');
  const plugins = [resolving(source), rewriting(source)];
  for (;;) {
    const { apartCount, ignoresAnnotations } = source;
    const lazy = lazyIn(source);
    const built = await build({ ...optionsFor(source, modules), plugins });
    if (source.modules.size > 0) await bringModules(source);
    const isSettled = source.apartCount === apartCount && source.ignoresAnnotations === ignoresAnnotations;
    if (isSettled && lazyIn(source).length === lazy.length) return built;
  }
}

/** Modules that others may import by a name that leads to them. */
function lazyIn({ importsByName, modules }: BundleSource): readonly string[] {
  return importsByName ? [...modules] : [];
}

type Built = BuildResult<ReturnType<typeof optionsFor>>;

/** Modules that Node loads by name come along as they are, with what they import. */
async function bringModules(source: BundleSource): Promise<void> {
  const { build } = await import('esbuild');
  const entryPoints = [...source.modules];
  const { root } = source;
  for (const path of entryPoints) source.take(path);
  const { metafile } = await build({
    ...sharedOptions(source),
    entryPoints,
    outdir: join(root, 'modules'),
    plugins: [resolving(source)],
  });
  for (const [input, { imports }] of Object.entries(metafile.inputs)) {
    const path = resolve(root, input);
    if (packageFolderOf(path) !== undefined) continue;
    source.take(path);
    for (const { original = '' } of imports) {
      const isOfPackage = original !== '' && !/^(?:[./]|node:|file:)/.test(original);
      if (isOfPackage) source.takePackage(packageOf(original), dirname(path));
    }
  }
}

function packed(outputs: readonly OutputFile[], inputs: readonly string[], source: BundleSource): Bundle {
  const [map, code] = outputs.toSorted((a, b) => (a.path > b.path ? -1 : 1));
  const before = `${folderOf(source)}${versionsOf(inputs)}`;
  const text = `${before}${withOwnHelpers(code!.text, source)}\n//# sourceMappingURL=${bundleEntry}.map\n`;
  const files: BundleFile[] = [
    { path: bundleEntry, bytes: Buffer.from(text) },
    { path: `${bundleEntry}.map`, bytes: Buffer.from(withAbsoluteSources(map!.text, source.root)) },
    ...source.files(),
  ];
  const facts = { externals: Object.fromEntries(source.externals), links: Object.fromEntries(source.links) };
  return { ...pack(files, facts), warnings: [...source.warnings] };
}

/** What tells a worker from which folder paths count for whoever started the flow; on the first line of the prelude. */
function folderOf({ root }: BundleSource): string {
  const [project, folder] = [`${root}/`, process.cwd()].map((path) => JSON.stringify(pathToFileURL(path).href));
  return `(globalThis[Symbol.for('heddle.bundled-folders')]??=new Map()).set(${project},${folder});`;
}

/** What tells a worker, which has no packages, the versions of those in here; on the first line of the prelude. */
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

function optionsFor(source: BundleSource, modules: readonly string[]) {
  return {
    ...sharedOptions(source),
    stdin: { contents: importsOf(modules, source), resolveDir: source.root },
    outfile: join(source.root, bundleEntry),
    keepNames: true,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    banner: { js: prelude },
  } satisfies BuildOptions;
}

function sharedOptions({ root, ignoresAnnotations }: BundleSource) {
  return {
    absWorkingDir: root,
    ignoreAnnotations: ignoresAnnotations,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // As Node resolves, not as bundlers do.
    conditions: ['module-sync', 'node-addons', ...conditionsHere()],
    logLevel: 'silent',
    external: ['heddle', 'heddle/*'],
  } satisfies BuildOptions;
}

/** What packages are resolved by in this process beyond that: `node -C development`. */
function conditionsHere(): string[] {
  const { NODE_OPTIONS = '' } = process.env;
  const options = [NODE_OPTIONS, ...process.execArgv].join(' ');
  return [...options.matchAll(/(?<!\S)(?:-C|--conditions)(?:=|\s+)(\S+)/g)].map(([, condition]) => condition!);
}

/** Each runs when it is asked for, once, and with it what it imports: see `load.ts`. */
function importsOf(modules: readonly string[], source: BundleSource): string {
  const importing = (path: string) => `()=>import(${JSON.stringify(path)})`;
  const entries = modules.map((each) => `${JSON.stringify(each)}:${importing(fileURLToPath(each))}`);
  const lazy = lazyIn(source).map((each) => {
    return `__heddleModules.set(__heddleUrl(${JSON.stringify(source.placeOf(each))}),${importing(each)});`;
  });
  return `${lazy.join('')}export const modules={${entries.join(',')}};`;
}

/** So that a stack trace of a worker names the files of whoever wrote them. */
function withAbsoluteSources(map: string, root: string): string {
  const parsed = JSON.parse(map) as { sources: string[] };
  // They are parts of URLs already.
  const sources = parsed.sources.map((source) => pathToFileURL(resolve(root, decodeURIComponent(source))).href);
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
  return failure(entry, `${what} was changed after the flow's process had loaded it; start the flow again`);
}

function failure(entry: string, why: string, cause?: unknown): HeddleError {
  const message = `the code of ${entry} cannot be bundled for remote workers: ${why}`;
  return new HeddleError('BUNDLE_FAILED', message, { file: entry, ...(cause !== undefined && { cause }) });
}
