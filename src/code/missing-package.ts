// Packages with native code are made for one kind of machine, and so are left out of bundles: a worker that lacks one
// says which, in which version, and how to get it. Who can do without still finds the error that Node has for it.

import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { manifestFile, type BundleManifest } from './bundle-archive.ts';

/** Of the error for a package that a bundle leaves out. */
export interface MissingPackage {
  readonly package: string;
  readonly version: string;
  /** What installs it, to be run in the folder that the worker is started in. */
  readonly command: string;
}

const missing = new WeakMap<object, MissingPackage>();
let isWatching = false;

/** From here on, who imports such a package from a bundle, in this thread, is told. */
export function tellOfMissingPackages(): void {
  if (isWatching) return;
  isWatching = true;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (error instanceof Error && context.parentURL !== undefined) explain(error, specifier, context.parentURL);
        throw error;
      }
    },
  });
}

/** What is missing, if that is what the error is for. */
export function missingPackageOf(error: unknown): MissingPackage | undefined {
  return typeof error === 'object' && error !== null ? missing.get(error) : undefined;
}

function explain(error: Error, specifier: string, importer: string): void {
  const manifest = new URL(manifestFile, importer);
  if (missing.has(error) || manifest.protocol !== 'file:' || !existsSync(fileURLToPath(manifest))) return;
  const { externals } = JSON.parse(readFileSync(manifest, 'utf8')) as BundleManifest;
  const found = Object.entries(externals).find(([name]) => specifier === name || specifier.startsWith(`${name}/`));
  if (found === undefined) return;
  const [name, version] = found;
  const command = `npm i ${name}@${version}`;
  missing.set(error, { package: name, version, command });
  error.message =
    `this worker has no package '${name}'. It holds native code, which is made for one kind of machine and so is not ` +
    `sent. Install it in the folder that the worker is started in: ${command}`;
}
