// The bundles that a worker has on its disk. Each is a folder named by its id; the folder above them has a link to the
// worker's own Heddle, so that what a bundle imports from `heddle` is the one that runs it.

import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleEntry } from './bundle.ts';
import { isIntact, manifestFile, unpack, type BundleManifest } from './bundle-archive.ts';
import { projectOf } from '../registry.ts';

export interface BundleStoreOptions {
  readonly directory: string;
  /** What the bundles may take in all; those that were not used for longest go first. */
  readonly limitBytes: number;
}

const ownPackage = projectOf(dirname(fileURLToPath(import.meta.url)));

export class BundleStore {
  readonly #folder: string;
  readonly #limitBytes: number;
  /** Bundles that this process has looked at, or written, itself. */
  readonly #checked = new Set<string>();

  constructor({ directory, limitBytes }: BundleStoreOptions) {
    // Several versions of Heddle on one machine share no folder, since it links to one of them.
    const owner = createHash('sha256').update(ownPackage).digest('hex').slice(0, 8);
    this.#folder = join(directory, owner);
    this.#limitBytes = limitBytes;
  }

  /** Where the bundle is to be imported from, if it is here and whole. */
  find(id: string): string | undefined {
    const folder = join(this.#folder, id);
    try {
      if (!this.#checked.has(id) && !isWhole(folder, id)) return undefined;
      const now = new Date();
      utimesSync(folder, now, now);
    } catch {
      // Somebody removed it since it was looked at.
      this.#checked.delete(id);
      return undefined;
    }
    this.#checked.add(id);
    return pathToFileURL(join(folder, bundleEntry)).href;
  }

  /** Keeps a bundle that arrived. Throws `BUNDLE_CORRUPT` for bytes that are not what the id says. */
  add(id: string, bytes: Uint8Array): void {
    const { manifest, files } = unpack(id, bytes);
    this.#prepare();
    const folder = join(this.#folder, id);
    const draft = `${folder}.${randomUUID()}.tmp`;
    for (const { path, bytes: content } of [...files, manifestOf(manifest)]) {
      mkdirSync(dirname(join(draft, path)), { recursive: true });
      writeFileSync(join(draft, path), content);
    }
    for (const [path, target] of Object.entries(manifest.links)) link(join(draft, path), join(folder, target));
    linkPackagesHere(draft, manifest);
    moveInto(folder, draft, id);
    this.#checked.add(id);
    this.#evict();
  }

  #prepare(): void {
    const link = join(this.#folder, 'node_modules', 'heddle');
    if (existsSync(link)) return;
    mkdirSync(dirname(link), { recursive: true, mode: 0o700 });
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
    const bundles = readdirSync(this.#folder)
      // Drafts are those of workers that write them at this moment.
      .filter((name) => name !== 'node_modules' && !name.endsWith('.tmp'))
      .flatMap((id) => sizeOf(join(this.#folder, id)) ?? [])
      .sort((a, b) => b.usedAt - a.usedAt);
    let total = 0;
    for (const { id, bytes } of bundles) {
      total += bytes;
      if (total > this.#limitBytes && !this.#checked.has(id)) {
        rmSync(join(this.#folder, id), { recursive: true, force: true });
      }
    }
  }
}

/** What is there already is another process's, which was faster, or damaged. */
function moveInto(folder: string, draft: string, id: string): void {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (isWhole(folder, id)) return rmSync(draft, { recursive: true });
    if (!existsSync(folder)) throw error;
    rmSync(folder, { recursive: true });
    renameSync(draft, folder);
  }
}

function isWhole(folder: string, id: string): boolean {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, manifestFile), 'utf8')) as BundleManifest;
    const files = manifest.files.map(({ path }) => ({ path, bytes: readFileSync(join(folder, path)) }));
    return isIntact(id, manifest, files);
  } catch {
    return false;
  }
}

function manifestOf(manifest: BundleManifest) {
  return { path: manifestFile, bytes: Buffer.from(JSON.stringify(manifest)) };
}

/** Packages that are not sent are those of the folder that the worker was started in, where it has them. */
function linkPackagesHere(folder: string, { externals }: BundleManifest): void {
  const { resolve } = createRequire(join(process.cwd(), 'worker.js'));
  for (const name of Object.keys(externals)) {
    try {
      link(join(folder, 'node_modules', name), dirname(resolve(`${name}/package.json`)));
    } catch {
      // It is not installed here; whoever imports it is told so, and many packages can do without.
    }
  }
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, 'junction');
}

/** Nothing for one that another worker has removed meanwhile. */
function sizeOf(folder: string): { id: string; bytes: number; usedAt: number } | undefined {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    return { id: basename(folder), bytes, usedAt: statSync(folder).mtimeMs };
  } catch {
    return undefined;
  }
}
