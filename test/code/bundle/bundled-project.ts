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
    const modules = ['flow.mjs', ...also].map(addressOf);
    const store = new BundleStore({ directory: join(path, 'code'), limitBytes: 1e9 });
    const warnings = new Set<string>();
    const ids = new Map<string, string>();
    for (const each of modules) {
      const others = modules.filter(({ module }) => module !== each.module).map(({ module }) => module);
      const bundle = await bundleOf({ ...each, ...(others.length > 0 && { also: others }) });
      if (store.find(bundle.id) === undefined) store.add(bundle.id, bundle.bytes);
      for (const warning of bundle.warnings) warnings.add(warning);
      ids.set(each.path, bundle.id);
    }
    const run = async (name: string, module = 'flow.mjs') => {
      const reference = { ...addressOf(module), name, ordinal: 0, definedAt: 'somewhere' };
      return (
        (await load(reference, { bundle: store.find(ids.get(module) ?? ids.get('flow.mjs')!)! })) as Task<[]>
      ).run();
    };
    return { run, warnings: [...warnings] };
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
