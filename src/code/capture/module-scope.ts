// The names of a module as the functions in it see them, also those that it does not export. The module is imported
// when it was not yet; any function of it that is in use leads to them.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HeddleError } from '../../lib/heddle-error.ts';
import { toUrl } from '../file-path.ts';
import { isModuleScope, type ModuleAddress } from './captured.ts';
import { textOf } from '../function-place.ts';
import { Inspector, type Code, type VisibleScope } from '../../lib/inspector.ts';
import { importUntilReady } from '../load.ts';
import { fingerprintOf } from '../registry.ts';

/** The modules that were asked for, by URL. */
const modules = new Map<string, Promise<ModuleScope>>();
let inspector: Inspector | undefined;

/**
 * The names of a module. Rejects with `TASK_VERSION_SKEW` when its bytes are other ones here, and with
 * `TASK_MODULE_FAILED` when it cannot be imported.
 */
export async function moduleScope(address: ModuleAddress): Promise<ModuleScope> {
  const { url } = address;
  let module = modules.get(url);
  if (module === undefined) {
    module = findInsider(address).then((insider) => new ModuleScope(url, insider));
    modules.set(url, module);
    // Whoever asks next tries again: this thread may only have been short of files.
    module.catch(() => modules.delete(url));
  }
  return await module;
}

export class ModuleScope {
  readonly #url: string;
  /** Some function of the module. */
  readonly #insider: Code;
  /** What functions that were sent have assigned. A module's own functions do not see that: it is theirs alone. */
  readonly #written = new Map<string, unknown>();

  constructor(url: string, insider: Code) {
    this.#url = url;
    this.#insider = insider;
  }

  /** What names stand for now. Throws `CAPTURE_NOT_FOUND` for one that has no value, or none yet. */
  read(names: readonly string[]): unknown[] {
    let scope: VisibleScope | undefined;
    return names.map((name) => {
      if (this.#written.has(name)) return this.#written.get(name);
      scope ??= inspector!.factsOf(this.#insider).scopes.find(isModuleScope);
      return this.#valueIn(scope, name);
    });
  }

  write(name: string, value: unknown): void {
    this.#written.set(name, value);
  }

  #valueIn(scope: VisibleScope | undefined, name: string): unknown {
    try {
      if (scope !== undefined && Object.hasOwn(scope.variables, name)) return scope.variables[name];
    } catch {
      // It has no value yet.
    }
    const message =
      `'${name}' of ${fileURLToPath(this.#url)} has no value in a worker, which imports the module up to the first ` +
      `run of a flow. Move it above that, or pass it as an input.`;
    throw new HeddleError('CAPTURE_NOT_FOUND', message, { captured: name, module: this.#url });
  }
}

async function findInsider({ url, fingerprint }: ModuleAddress): Promise<Code> {
  inspector ??= new Inspector();
  const path = fileURLToPath(url);
  if (!existsSync(path) || fingerprintOf(url) !== fingerprint) {
    const message =
      `a function of ${path} was sent to a worker where the bytes of that file differ, or it is not there. Bring ` +
      `both to the same version of the file, then restart this worker.`;
    throw new HeddleError('TASK_VERSION_SKEW', message, { path });
  }
  await importUntilReady(url);
  // A new one knows the scripts of the module.
  using looking = new Inspector();
  const own = [...looking.scripts.values()].filter((each) => toUrl(each.url) === url);
  const scripts = own.map(({ scriptId }) => scriptId);
  const source = scripts.map((id) => looking.sourceOf(id)).join('\n');
  const insider = looking.allFunctions().find((code) => {
    if (!source.includes(textOf(code))) return false;
    const { location, scopes } = looking.factsOf(code);
    return location !== undefined && scripts.includes(location.scriptId) && scopes.some(isModuleScope);
  });
  if (insider !== undefined) return insider;
  const message = `no function of ${path} is left in a worker that imported it, so its names cannot be looked up`;
  throw new HeddleError('CAPTURE_NOT_FOUND', message, { module: url });
}
