// The bundles that a worker has on its disk. Each is a folder named by its id; the folder above them has a link to the
// worker's own Heddle, so that what a bundle imports from `heddle` is the one that runs it. A bundle that leaves out
// packages has links to those of the folder that the worker was started in, so it is in one of its own for each such.

import { randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
} from 'node:fs';
import { rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleEntry } from './bundle.ts';
import { isIntact, manifestFile, unpack, type BundleManifest } from './bundle-archive.ts';
import { shortHash } from '../../lib/short-hash.ts';
import { messageIn } from '../../lib/thrown-text.ts';
import { projectOf } from '../registry.ts';

export interface BundleStoreOptions {
  readonly directory: string;
  /** What the bundles may take in all; those that were not used for longest go first, to the second. */
  readonly limitBytes: number;
}

/** A bundle that was looked at, or written, by this process itself. */
interface KeptBundle {
  readonly folder: string;
  /** Where it is to be imported from. */
  readonly entry: string;
  /** Packages that it leaves out, and that were not found here yet. */
  missing: readonly string[];
  /** When its use was last noted on the disk, by `performance.now()`. */
  notedAt: number;
}

/** Each worker notes on the disk so often at most that it uses a bundle: that takes longer than to look for it. */
const noteEveryMs = 1_000;

/** No worker takes longer to write a bundle: an older draft was left by one that was killed. */
const longestDraftMs = 3_600_000;

const ownPackage = projectOf(dirname(fileURLToPath(import.meta.url)));

export class BundleStore {
  readonly directory: string;
  readonly #folder: string;
  readonly #limitBytes: number;
  /** What tells the bundles apart that have links to packages of different folders. */
  readonly #here = shortHash(process.cwd());
  /** By their ids. */
  readonly #checked = new Map<string, KeptBundle>();

  constructor({ directory, limitBytes }: BundleStoreOptions) {
    this.directory = directory;
    // Several versions of Heddle on one machine share no folder, since it links to one of them.
    this.#folder = join(directory, shortHash(ownPackage));
    this.#limitBytes = limitBytes;
  }

  /** Why nothing can be kept here, if it is known before something is to be. */
  problem(): string | undefined {
    try {
      this.#prepare();
      accessSync(this.#folder, constants.W_OK);
      return undefined;
    } catch (error) {
      return messageIn(error);
    }
  }

  /** Where the bundle is to be imported from, if it is here and whole. Packages are looked for until they are there. */
  find(id: string): string | undefined {
    try {
      const bundle = this.#checked.get(id) ?? this.#look(id);
      const { folder, entry, missing } = bundle;
      accessSync(folder);
      noteUse(bundle);
      if (missing.length > 0) bundle.missing = missing.filter((name) => !linkPackageHere(folder, name));
      this.#checked.set(id, bundle);
      return entry;
    } catch {
      // It is not here, or somebody has damaged it, or removed it since it was looked at.
      this.#checked.delete(id);
      return undefined;
    }
  }

  /** Keeps a bundle that arrived. Throws `BUNDLE_CORRUPT` for bytes that are not what the id says. */
  add(id: string, bytes: Uint8Array): void {
    const { manifest, files } = unpack(id, bytes);
    this.#prepare();
    const missing = leftOutOf(manifest);
    const folder = join(this.#folder, missing.length === 0 ? id : this.#nameHere(id));
    const draft = `${folder}.${randomUUID()}.tmp`;
    try {
      for (const { path, bytes: content } of [...files, manifestOf(manifest)]) {
        mkdirSync(dirname(join(draft, path)), { recursive: true });
        writeFileSync(join(draft, path), content);
      }
      for (const [path, target] of Object.entries(manifest.links)) link(join(draft, path), join(folder, target));
      moveInto(folder, draft, id);
    } finally {
      // On a disk that is full, half a bundle would keep it full.
      rmSync(draft, { recursive: true, force: true });
    }
    this.#checked.set(id, keptBundle(folder, missing));
    this.#evict();
  }

  /** Throws for one that is not here, or not whole. */
  #look(id: string): KeptBundle {
    const folderHere = join(this.#folder, this.#nameHere(id));
    const folder = existsSync(folderHere) ? folderHere : join(this.#folder, id);
    return keptBundle(folder, leftOutOf(wholeManifestIn(folder, id)));
  }

  #nameHere(id: string): string {
    return `${id}-${this.#here}`;
  }

  #prepare(): void {
    const link = join(this.#folder, 'node_modules', 'heddle');
    if (existsSync(link)) return;
    makeFolders(dirname(link));
    try {
      symlinkSync(ownPackage, link, 'junction');
    } catch (error) {
      // Another worker was faster; or the link leads to a Heddle that is gone.
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
      if (existsSync(link)) return;
      rmSync(link, { force: true });
      symlinkSync(ownPackage, link, 'junction');
    }
  }

  #evict(): void {
    const used = new Set([...this.#checked.values()].map(({ folder }) => folder));
    const bundles = readdirSync(this.#folder)
      .filter((name) => name !== 'node_modules')
      .flatMap((name) => sizeOf(join(this.#folder, name)) ?? [])
      // Other workers may write their drafts at this moment.
      .filter(({ folder, usedAt }) => !folder.endsWith('.tmp') || usedAt < Date.now() - longestDraftMs)
      .sort((a, b) => b.usedAt - a.usedAt);
    let total = 0;
    for (const { folder, bytes } of bundles) {
      total += bytes;
      if (total > this.#limitBytes && !used.has(folder)) rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Node's own `recursive` goes on for ever below `/proc`, where nothing can be made. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
  }
}

function keptBundle(folder: string, missing: readonly string[]): KeptBundle {
  return { folder, entry: pathToFileURL(join(folder, bundleEntry)).href, missing, notedAt: -Infinity };
}

function noteUse(bundle: KeptBundle): void {
  const now = performance.now();
  if (now - bundle.notedAt < noteEveryMs) return;
  bundle.notedAt = now;
  const time = new Date();
  utimesSync(bundle.folder, time, time);
}

/** What is there already is another process's, which was faster, or damaged. */
function moveInto(folder: string, draft: string, id: string): void {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (isWhole(folder, id)) return;
    if (!existsSync(folder)) throw error;
    rmSync(folder, { recursive: true });
    renameSync(draft, folder);
  }
}

function isWhole(folder: string, id: string): boolean {
  try {
    wholeManifestIn(folder, id);
    return true;
  } catch {
    return false;
  }
}

/** Throws where files are missing, or are other ones. */
function wholeManifestIn(folder: string, id: string): BundleManifest {
  const manifest = JSON.parse(readFileSync(join(folder, manifestFile), 'utf8')) as BundleManifest;
  const files = manifest.files.map(({ path }) => ({ path, bytes: readFileSync(join(folder, path)) }));
  if (!isIntact(id, manifest, files)) throw new Error(`${folder} does not hold the bundle ${id}`);
  return manifest;
}

function manifestOf(manifest: BundleManifest) {
  return { path: manifestFile, bytes: Buffer.from(JSON.stringify(manifest)) };
}

/** The packages that are to be those of the worker: where the bundle has one of that name, it stays that one. */
function leftOutOf({ externals, files, links }: BundleManifest): string[] {
  const paths = [...files.map(({ path }) => path), ...Object.keys(links)].map((path) => `${path}/`);
  return Object.keys(externals).filter((name) => !paths.some((path) => path.startsWith(`node_modules/${name}/`)));
}

/** Gives whether the package is there, as Node looks for it, except that nothing is asked of what it exports. */
function linkPackageHere(folder: string, name: string): boolean {
  const { resolve } = createRequire(join(process.cwd(), 'worker.js'));
  const candidates = resolve.paths(name)?.map((each) => join(each, name)) ?? [];
  const found = candidates.find((candidate) => existsSync(join(candidate, 'package.json')));
  if (found === undefined) return false;
  const path = join(folder, 'node_modules', name);
  if (targetOf(path) === found) return true;
  // In one step, since another worker may be about to import it.
  const draft = `${path}.${randomUUID()}.tmp`;
  link(draft, found);
  try {
    renameSync(draft, path);
  } catch {
    // On Windows that replaces no folder, nor a link to one.
    unlinkSync(path);
    renameSync(draft, path);
  }
  return true;
}

function targetOf(path: string): string | undefined {
  try {
    // Windows ends it with a backslash.
    return resolve(readlinkSync(path));
  } catch {
    return undefined;
  }
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, 'junction');
}

/** Nothing for one that another worker has removed meanwhile. */
function sizeOf(folder: string): { folder: string; bytes: number; usedAt: number } | undefined {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    return { folder, bytes, usedAt: statSync(folder).mtimeMs };
  } catch {
    return undefined;
  }
}
