// Where the names come from that a function uses: a module, which the other end has too, or the functions around it.

import { builtinModules } from 'node:module';
import { isModuleScope, type CapturedText, type ModuleAddress } from './captured.ts';
import type { VisibleScope } from '../../lib/inspector.ts';
import type { ModuleText } from '../syntax/module-text.ts';
import { isProgramGlobal } from '../program-globals.ts';
import { fingerprintOf } from '../registry.ts';
import type { WrittenFunction } from './written-function.ts';

/** A module as it is here. */
export function addressOf(url: string): ModuleAddress {
  return { url, fingerprint: fingerprintOf(url) };
}

export class Names {
  readonly #scopes: readonly VisibleScope[];
  readonly #script: WrittenFunction;
  readonly #text: ModuleText;

  constructor(scopes: readonly VisibleScope[], script: WrittenFunction, text: ModuleText) {
    this.#scopes = scopes;
    this.#script = script;
    this.#text = text;
  }

  /** The scope of a variable that has to travel as a value, if it has to. */
  localScopeOf(name: string): VisibleScope | undefined {
    const scope = this.#scopeOf(name);
    if (scope === undefined || (this.#isOfModule(scope, name) && this.#script.isFile)) return undefined;
    return this.#text.imports.has(name) && isModuleScope(scope) ? undefined : scope;
  }

  /** Whether no variable has this name. */
  isWithout(name: string): boolean {
    return this.#scopeOf(name) === undefined;
  }

  ofModule(names: ReadonlySet<string>): Pick<CapturedText, 'module' | 'fixed' | 'changing' | 'imports'> {
    const fixed: string[] = [];
    const changing: string[] = [];
    const imports: Record<string, CapturedText['imports'][string]> = {};
    for (const name of names) {
      const scope = this.#scopeOf(name);
      if (scope === undefined || !this.#isOfModule(scope, name)) continue;
      const imported = this.#text.imports.get(name);
      if (imported !== undefined && (!this.#script.isFile || mayMove(scope, name))) imports[name] = imported;
      else if (!this.#script.isFile) continue;
      else if (this.#text.changing.has(name)) changing.push(name);
      else fixed.push(name);
    }
    const isLookedUp = fixed.length > 0 || changing.length > 0;
    return { ...(isLookedUp && { module: addressOf(this.#script.url) }), fixed, changing, imports };
  }

  /** What a module has only where it gets past its run of a flow travels like a variable of a function. */
  #isOfModule(scope: VisibleScope, name: string): boolean {
    return isModuleScope(scope) && !this.#text.unreached.has(name);
  }

  #scopeOf(name: string): VisibleScope | undefined {
    const scope = this.#scopes.find(({ variables }) => Object.hasOwn(variables, name));
    return scope?.description === 'Global' && !this.#isOfSession(name) ? undefined : scope;
  }

  /** A program that is in no file keeps what is its own among the globals. The REPL has modules of Node there, too. */
  #isOfSession(name: string): boolean {
    if (this.#script.isFile) return false;
    return isProgramGlobal(name) || (builtinModules.includes(name) && name !== 'process' && name !== 'console');
  }
}

/** Functions and objects are imported to be used; a number or a text may be one that its module counts on. */
function mayMove({ variables }: VisibleScope, name: string): boolean {
  try {
    const value = variables[name];
    return (typeof value !== 'object' || value === null) && typeof value !== 'function';
  } catch {
    return false;
  }
}
