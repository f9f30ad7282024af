// Variables that a task reads of its module, or of the function that made it while that loaded, as they are in one
// thread, to be compared with what they are in another: each imports the module for itself, so what depends on the
// moment, the process or the machine is not the same there.

import { types } from 'node:util';
import { isModuleScope } from './capture/captured.ts';
import { isClass, textOf } from './function-place.ts';
import { Inspector, type Code, type VisibleScope } from '../lib/inspector.ts';
import { onceIn } from '../lib/once.ts';
import { plainValueOf, type PlainValue } from './plain-value.ts';
import { programGlobals } from './program-globals.ts';

/** A variable with a plain value, or a part of one. */
export interface ModuleVariable extends PlainValue {
  /**
   * `limit` of the module, or of a function around; `Settings.limit` of a class there; `globalThis.limit`; `this.limit`
   * of a task of a class.
   */
  readonly name: string;
  /** Present when it is of a function around: a factory, say. */
  readonly isAround?: true;
}

/** More functions that a function calls, and that those call, are not looked at. */
export const mostCalled = 20;

/** The words in the text of a function. */
const words = new WeakMap<Code, ReadonlySet<string>>();
/** The script that a function is in. */
const scripts = new WeakMap<Code, string>();
/** Functions that mention no variable that is not their own. */
const without = new WeakSet<Code>();

/**
 * Variables of their modules and of the functions around them, and globals of the program, that functions mention, or
 * functions of the same module that those call; and the `fields` that are mentioned. Some may be others of the same
 * name: see `isRead`. Of modules there are none where nobody can be asked. Places below `folder` are the program's own.
 */
export function variablesOf(codes: readonly Code[], fields: object = {}, folder = ''): ModuleVariable[] {
  const prefixed = (holder: string, object: object, names: readonly string[]) => {
    return codes
      .flatMap((code) => mentioned(object, { names, code, folder }))
      .map((each) => ({ ...each, name: `${holder}.${each.name}` }));
  };
  const others = [
    ...prefixed('globalThis', globalThis, programGlobals()),
    ...prefixed('this', fields, Object.keys(fields)),
  ];
  const open = codes.filter((code) => !without.has(code));
  if (open.length === 0) return others;
  try {
    using inspector = new Inspector();
    return [...others, ...open.flatMap((code) => visibleTo(code, { inspector, folder }))];
  } catch {
    return others;
  }
}

interface Seen {
  readonly value: unknown;
  readonly isAround: boolean;
}

/** Variables that functions see, the nearest of a name. */
export class VisibleVariables {
  readonly #scopes: readonly VisibleScope[];
  readonly #script: string;
  readonly #inspector: Inspector;

  constructor(code: Code, inspector: Inspector) {
    this.#inspector = inspector;
    const { scopes } = inspector.factsOf(code);
    this.#script = this.#scriptOf(code);
    const outermost = scopes.findIndex(({ description }) => description === 'Global');
    this.#scopes = outermost === -1 ? scopes : scopes.slice(0, outermost);
  }

  seen(name: string): Seen | undefined {
    if (ofCommonJs.has(name)) return undefined;
    const scope = this.#scopes.find(({ variables }) => Object.hasOwn(variables, name));
    return scope && { value: valueOf(scope.variables, name), isAround: !isModuleScope(scope) };
  }

  /** Whether it is a function, or class, that was written in the same script. */
  isOwn(value: unknown): value is Code {
    return typeof value === 'function' && !types.isProxy(value) && this.#scriptOf(value) === this.#script;
  }

  /** The function itself, and those of the script that it calls, as far as `names` knows. */
  callers(code: Code, names: (code: Code) => ReadonlySet<string>): Code[] {
    const found = new Set([code]);
    for (const each of found) {
      for (const name of names(each)) {
        const value = this.seen(name)?.value;
        if (found.size < mostCalled && this.isOwn(value)) found.add(value);
      }
    }
    return [...found];
  }

  #scriptOf(code: Code): string {
    return onceIn(scripts, code, () => this.#inspector.locationOf(code)?.scriptId ?? 'native');
  }
}

const ofCommonJs = new Set(['exports', 'module', 'require', '__filename', '__dirname']);

function visibleTo(code: Code, { inspector, folder }: { inspector: Inspector; folder: string }): ModuleVariable[] {
  const around = new VisibleVariables(code, inspector);
  const isOwn = (value: unknown) => around.isOwn(value);
  const codes = around.callers(code, wordsIn);
  const names = new Set(codes.flatMap((each) => [...wordsIn(each)]));
  const seen = [...names].flatMap((name) => {
    const found = around.seen(name);
    return found === undefined ? [] : [{ name, ...found }];
  });
  if (seen.length === 0) without.add(code);
  return seen.flatMap(({ name, value, isAround }) => {
    // What only a called function sees of its own surroundings is not told from what the function itself sees.
    if (isAround && !wordsIn(code).has(name)) return [];
    if (typeof value !== 'function') {
      const plain = plainValueOf(value, { isOwn, folder });
      return plain === undefined ? [] : [{ name, ...plain, ...(isAround && { isAround }) }];
    }
    // Classes keep variables as well.
    if (!isClass(value)) return [];
    const statics = codes.flatMap((each) => mentioned(value, { names: Object.keys(value), code: each, folder }));
    const distinct = new Map(statics.map((each) => [each.name, each]));
    return [...distinct.values()].map((each) => ({ ...each, name: `${name}.${each.name}` }));
  });
}

interface Sought {
  readonly names: readonly string[];
  readonly code: Code;
  readonly folder: string;
}

/** Those of the names that a function mentions, and that hold something that can be compared. */
function mentioned(holder: object, { names, code, folder }: Sought): ModuleVariable[] {
  return names.flatMap((name) => {
    if (!wordsIn(code).has(name)) return [];
    const value = valueOf(holder as Readonly<Record<string, unknown>>, name);
    const plain = typeof value === 'function' ? undefined : plainValueOf(value, { isOwn: () => false, folder });
    return plain === undefined ? [] : [{ name, ...plain }];
  });
}

/**
 * What may be here for a variable of another thread, or `nothing`, and what it is called here: in a bundle, names that
 * several modules have are numbered, and each may be that of the task. Empty where nobody can tell: it is not here, or
 * only under several numbers.
 */
export function variablesHere(
  { name }: ModuleVariable,
  here: ReadonlyMap<string, ModuleVariable>,
  { isInBundle }: { readonly isInBundle: boolean },
): readonly ModuleVariable[] {
  const [owner, key = ''] = name.split('.');
  if (owner === 'globalThis' && !(key in globalThis)) return [{ name, text: 'nothing', look: { whole: '' } }];
  const isThat = (each: string) => each === name || (isInBundle && each.replace(/\d+$/, '') === name);
  const found = [...here.values()].filter((each) => isThat(each.name));
  return here.has(name) || found.length === 1 ? found : [];
}

export function wordsIn(code: Code): ReadonlySet<string> {
  return onceIn(words, code, () => new Set(textOf(code).match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)));
}

/** Like any symbol, it is no plain value. */
const noValue = Symbol('no value');

function valueOf(variables: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return variables[name];
  } catch {
    return noValue;
  }
}
