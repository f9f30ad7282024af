// What a bundle is made of besides its one file of code: files that are loaded or read by name while tasks run. They
// lie in the bundle's folder as they do in the project, so that they find each other.

import { existsSync, readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import type { BundleFile } from './bundle-archive.ts';
import { withSlashes } from '../file-path.ts';
import { onceIn } from '../../lib/once.ts';
import { projectOf } from '../registry.ts';

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly cpu?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
  readonly peerDependencies?: object;
  readonly peerDependenciesMeta?: object;
  readonly sideEffects?: unknown;
}

/** What is larger is not sent: a package is to be installed on the worker, and of a folder that is told. */
const largestBytes = 32 * 2 ** 20;

/** A package, as somebody in a folder names it. */
interface NamedPackage {
  readonly name: string;
  readonly from: string;
}

export class BundleSource {
  /** The project's folder: paths in the bundle start from here. */
  readonly root: string;
  /** Packages that are not sent, by name, with their versions. */
  readonly externals = new Map<string, string>();
  /** Folders that come along as links to others, both by their paths in the bundle. */
  readonly links = new Map<string, string>();
  /** Modules that are loaded by name while tasks run, by Node itself. */
  readonly modules = new Set<string>();
  /** Whether some module computes the name of what it imports: that may be one of `modules`. */
  importsByName = false;
  /** What will be missing, for whoever starts the flow. */
  readonly warnings = new Set<string>();
  /** Whether modules run for their side effects although `sideEffects` or `@__PURE__` deny these, as with Node. */
  ignoresAnnotations = false;
  /** Whether imports stay of which nothing is used, as with Node. */
  keepsImports = true;
  /** Whether a loader, such as `tsx`, has made CommonJS of modules here. */
  isOfCommonJs = false;
  /** Folders of packages that come along as they are. */
  readonly #packages = new Set<string>();
  /** For each folder of a package that was looked at, whether it is not sent. */
  readonly #outside = new Map<string, boolean>();
  /** Likewise, whether it makes tasks. */
  readonly #ofTasks = new Map<string, boolean>();
  readonly #files = new Set<string>();
  /** Files and folders whose files are taken along. */
  readonly #taken = new Set<string>();

  /** The modules, by their paths, that tasks are asked for. */
  constructor(root: string, modules: readonly string[]) {
    this.root = root;
    for (const folder of modules.map(packageFolderOf)) if (folder !== undefined) this.#ofTasks.set(folder, true);
  }

  /** Where a file is in the bundle. What lies outside of the project gets a place inside. */
  placeOf(path: string): string {
    return withSlashes(relative(this.root, path)).replaceAll('../', '__outside/');
  }

  /** How many packages are known to be no part of the one file. */
  get apartCount(): number {
    return this.#packages.size + this.externals.size;
  }

  /** Whether the file is one of a package that comes along as it is. */
  isOfPackage(path: string): boolean {
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
      if (this.#packages.has(folder)) return true;
    }
    return false;
  }

  /** The package that a file is of, unless that makes tasks: then its modules are like those of the user's own. */
  foreignPackageOf(path: string): string | undefined {
    const folder = packageFolderOf(path);
    if (folder === undefined) return undefined;
    const makesTasks = onceIn(this.#ofTasks, folder, () => {
      const { dependencies, peerDependencies } = readPackage(folder) ?? {};
      return Object.hasOwn({ ...dependencies, ...peerDependencies }, 'heddle');
    });
    return makesTasks ? undefined : folder;
  }

  /** Notes whether a module of the user's, or its package, says that it has no side effects. */
  noteAnnotations(path: string, text: string): void {
    const isSaid = readPackage(projectOf(dirname(path)))?.sideEffects !== undefined;
    this.ignoresAnnotations ||= isSaid || /[@#]__(?:PURE|NO_SIDE_EFFECTS)__/.test(text);
  }

  /** Notes whether this process has a module of ES only as one of CommonJS. */
  noteFormat(path: string, text: string): void {
    const exported: unknown = nodeModule.createRequire(path).cache[path]?.exports;
    const isCompiled = Object(exported).__esModule === true && !types.isModuleNamespaceObject(exported);
    this.isOfCommonJs ||= isCompiled && /^\s*(?:import|export)\b/m.test(text);
  }

  /** Takes a file along, or a folder with all that is in it. What is not there is left to whoever looks for it. */
  take(path: string): void {
    const stats = statsOf(path);
    if (stats?.isFile() === true) this.#add(path, [path]);
    if (stats?.isDirectory() !== true) return;
    if (!relative(path, this.root).startsWith('..')) {
      this.warnings.add(
        `${path} holds the whole project, so it is not sent with the code: name the files or folders in it that are ` +
          `needed`,
      );
      return;
    }
    const { paths, byteLength } = filesIn(path, isForThisMachine);
    if (byteLength <= largestBytes) this.#add(path, paths);
    else this.warnings.add(`${path} is larger than ${largestBytes / 2 ** 20} MB, so it is not sent with the code`);
  }

  #add(taken: string, files: readonly string[]): void {
    this.#taken.add(taken);
    for (const each of files) this.#files.add(each);
  }

  /** When the files that are taken along, but for those of packages, were last changed: by their places. */
  changeTimes(): ReadonlyMap<string, number> {
    const paths = [...this.#taken].flatMap((taken) => filesIn(taken, isForThisMachine).paths);
    return new Map(paths.map((path) => [this.placeOf(path), statsOf(path)?.mtimeMs ?? 0]));
  }

  /** Takes a package along as it is, with those that it depends on, as somebody in `from` finds it. */
  takePackage(name: string, from: string): void {
    const open: NamedPackage[] = [{ name, from }];
    for (const each of open) {
      const found = findPackage(each);
      if (found === undefined) continue;
      const folder = realpathSync(found);
      const isTaken = this.#packages.has(folder);
      if (!isTaken && !this.isOutside(folder) && filesIn(folder, isForAuthors).byteLength > largestBytes)
        this.#leaveOut(folder);
      // There will be nothing that a link could lead to.
      if (this.isOutside(folder)) continue;
      this.#link(each, { found, folder });
      if (isTaken) continue;
      this.#packages.add(folder);
      const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = readPackage(folder) ?? {};
      // Drivers that are loaded by a name of the user's may be named in the last one alone.
      const groups = [dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta];
      const names = groups.flatMap((group) => Object.keys(group ?? {}));
      open.push(...names.map((other) => ({ name: other, from: folder })));
    }
  }

  /** Whether a package is not sent, which is noted then. */
  isOutside(folder: string): boolean {
    const known = this.#outside.get(folder);
    if (known !== undefined) return known;
    const facts = readPackage(folder);
    this.#outside.set(folder, false);
    if (facts !== undefined && isNative(folder, facts)) this.#leaveOut(folder);
    return this.#outside.get(folder)!;
  }

  #leaveOut(folder: string): void {
    const { name, version } = readPackage(folder)!;
    this.externals.set(name, version);
    this.#outside.set(folder, true);
  }

  files(): BundleFile[] {
    const paths = [...this.#files, ...[...this.#packages].flatMap((folder) => filesIn(folder, isForAuthors).paths)];
    return [...new Set(paths)].map((path) => ({ path: this.placeOf(path), bytes: readFileSync(path) }));
  }

  /** A package that lies elsewhere is found in the bundle from where it is found here. */
  #link({ name, from }: NamedPackage, { found, folder }: { readonly found: string; readonly folder: string }): void {
    const place = this.placeOf(folder);
    const top = `node_modules/${name}`;
    const [isAbove, isFromAbove] = [found, from].map((path) => relative(this.root, path).startsWith('..'));
    if (isAbove && !(isFromAbove && this.links.has(top))) this.links.set(top, place);
    if (folder !== found && !(isAbove && !isFromAbove)) this.links.set(this.placeOf(found), place);
  }
}

/** Where a package is, or a link to it, as Node finds it. */
function findPackage({ name, from }: NamedPackage): string | undefined {
  // Of us, the worker has its own.
  if (name === 'heddle') return undefined;
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(found)) return found;
  }
  return undefined;
}

/** The package that a file belongs to; nothing for one that is the user's own. */
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

/** What is in a package for those who read and compile it. */
const isForAuthors = (name: string): boolean => /\.(?:map|d\.[cm]?ts)$/.test(name);

/** What holds settings of one machine, often secret ones: whoever needs it elsewhere names the file itself. */
const isForThisMachine = (name: string): boolean => /^\.env(?:\.|$)/.test(name);

/** All files in a folder, also by way of links, but for packages and repositories, and those to be left out. */
function filesIn(
  folder: string,
  isLeftOut: (name: string) => boolean,
): { readonly paths: readonly string[]; readonly byteLength: number } {
  const paths: string[] = [];
  const open = [{ path: folder, within: [] as readonly string[] }];
  let byteLength = 0;
  for (const { path, within } of open) {
    const stats = statsOf(path);
    if (stats?.isFile() === true) {
      byteLength += stats.size;
      paths.push(path);
    }
    if (stats?.isDirectory() !== true) continue;
    const real = realpathSync(path);
    // A link may lead back to where it is.
    if (within.includes(real)) continue;
    const names = readdirSync(path).filter((name) => name !== 'node_modules' && name !== '.git' && !isLeftOut(name));
    open.push(...names.map((name) => ({ path: join(path, name), within: [...within, real] })));
  }
  return { paths, byteLength };
}

/** Nothing for what is not there, or a link that leads nowhere. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Programs and packages that make, or look for, native code of those that depend on them. */
const forNative = new Set([
  '@mapbox/node-pre-gyp',
  'bindings',
  'cmake-js',
  'nan',
  'napi',
  'napi-macros',
  'node-addon-api',
  'node-gyp',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  'node-pre-gyp',
  'pkg-prebuilds',
  'prebuild-install',
]);

/** Whether there is native code in a package, or in one of those for one kind of machine that it comes with. */
function isNative(folder: string, facts: PackageJson): boolean {
  const { scripts, dependencies, optionalDependencies = {}, gypfile, binary, cpu } = facts;
  const { preinstall, install, postinstall } = scripts ?? {};
  const words = [preinstall, install, postinstall].join(' ').split(/[^\w@/-]+/);
  const isForMachine = (name: string) => {
    const found = findPackage({ name, from: folder });
    return found !== undefined && readPackage(found)?.cpu !== undefined;
  };
  return (
    gypfile === true ||
    binary !== undefined ||
    cpu !== undefined ||
    existsSync(join(folder, 'binding.gyp')) ||
    [...Object.keys(dependencies ?? {}), ...words].some((name) => forNative.has(name)) ||
    Object.keys(optionalDependencies).some(isForMachine)
  );
}

/** Our own sources are no part of anybody's bundle: the worker has its own. */
export const ownSource = fileURLToPath(new URL('../../', import.meta.url));
