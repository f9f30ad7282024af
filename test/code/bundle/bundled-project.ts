// A project that is written for a test, and what a worker makes of its bundle.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Task } from 'heddle';
import { bundleOf } from '../../../src/code/bundle/bundle.ts';
import { BundleStore } from '../../../src/code/bundle/bundle-store.ts';
import { load } from '../../../src/code/load.ts';
import { fingerprintOf } from '../../../src/code/registry.ts';

export interface Project extends Disposable {
  readonly path: string;
  /** The project's flow.mjs as a worker has it; `also` are modules that come along. */
  bundled(...also: readonly string[]): Promise<Bundled>;
  /** As on another machine, a folder of it is not there. */
  without(folder: string): void;
  /** Nor anything but what was bundled. */
  withoutAll(): void;
}

export interface Bundled {
  readonly run: (task: string, module?: string) => Promise<unknown>;
  readonly warnings: readonly string[];
}

/** The bytes of a module of WebAssembly that exports `add`. */
export const addModule = Buffer.from('AGFzbQEAAAABBwFgAn9/AX8DAgEABwcBA2FkZAAACgkBBwAgACABags=', 'base64');

/** With its flow.mjs in that folder of it. */
export function newProject(files: Readonly<Record<string, string | Uint8Array>>, folder = '.'): Project {
  const path = mkdtempSync(join(tmpdir(), 'heddle-project-'));
  for (const [name, content] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  const addressOf = (name: string) => {
    const module = pathToFileURL(join(path, folder, name)).href;
    return { module, path: name, fingerprint: fingerprintOf(module) };
  };
  const bundled = async (...also: readonly string[]) => {
    const others = also.map((name) => pathToFileURL(join(path, name)).href);
    const { id, bytes, warnings } = await bundleOf({
      ...addressOf('flow.mjs'),
      ...(also.length > 0 && { also: others }),
    });
    const store = new BundleStore({ directory: join(path, 'code'), limitBytes: 1e9 });
    store.add(id, bytes);
    const run = async (name: string, module = 'flow.mjs') => {
      const reference = { ...addressOf(module), name, ordinal: 0, definedAt: 'somewhere' };
      return ((await load(reference, { bundle: store.find(id)! })) as Task<[]>).run();
    };
    return { run, warnings };
  };
  const without = (folder: string) => rmSync(join(path, folder), { recursive: true });
  const withoutAll = () => readdirSync(path).forEach((name) => (name === 'code' ? undefined : without(name)));
  return { path, bundled, without, withoutAll, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** Until it is disposed of, this process is a worker that was started there. */
export function startedIn(folder: string): Disposable {
  const before = process.cwd();
  mkdirSync(folder, { recursive: true });
  process.chdir(folder);
  return { [Symbol.dispose]: () => process.chdir(before) };
}
