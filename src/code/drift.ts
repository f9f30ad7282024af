// Variables that a task reads of its module, or of the function that made it while that loaded, as they are in one
// thread, to be compared with what they are in another: each imports the module for itself, so what depends on the
// moment, the process or the machine is not the same there.

import { inspect, types, type InspectOptions } from 'node:util';
import { isModuleScope } from './capture/captured.ts';
import { textOf } from './function-place.ts';
import { Inspector, type Code } from './inspector.ts';
import { programGlobals } from './program-globals.ts';
import type { UsedNames } from './syntax/free-names.ts';

/** A variable with a plain value, or a part of one, which is told apart from others by its text. */
export interface ModuleVariable {
  /**
   * `limit` of the module, or of a function around; `Settings.limit` of a class there; `globalThis.limit`; `this.limit`
   * of a task of a class.
   */
  readonly name: string;
  readonly text: string;
  /** Present when it is of a function around: a factory, say. */
  readonly isAround?: true;
}

/** Larger values are not compared. */
const mostParts = 200;
/** More functions that a function calls, and that those call, are not looked at. */
const mostCalled = 20;

/** The words in the text of a function. */
const words = new WeakMap<Code, ReadonlySet<string>>();
/** The script that a function is in. */
const scripts = new WeakMap<Code, string>();
/** Functions that mention no variable that is not their own. */
const without = new WeakSet<Code>();

/**
 * Variables of their modules and of the functions around them, and globals of the program, that functions mention, or
 * functions of the same module that those call; and the `fields` that are mentioned. Some may be others of the same
 * name: see `isRead`. Of modules there are none where nobody can be asked.
 */
export async function variablesOf(codes: readonly Code[], fields: object = {}): Promise<ModuleVariable[]> {
  const prefixed = (holder: string, object: object, names: readonly string[]) => {
    return codes
      .flatMap((code) => mentioned(object, names, code))
      .map((each) => ({ ...each, name: `${holder}.${each.name}` }));
  };
  const others = [
    ...prefixed('globalThis', globalThis, programGlobals()),
    ...prefixed('this', fields, Object.keys(fields)),
  ];
  const open = codes.filter((code) => !without.has(code));
  if (open.length === 0) return others;
  try {
    using inspector = await Inspector.open();
    return [...others, ...open.flatMap((code) => visibleTo(code, inspector))];
  } catch {
    return others;
  }
}

/** Variables that functions see, the nearest of a name. */
class Surroundings {
  readonly variables = new Map<string, { readonly value: unknown; readonly isAround: boolean }>();
  readonly #script: string;
  readonly #inspector: Inspector;

  constructor(code: Code, inspector: Inspector) {
    this.#inspector = inspector;
    this.#script = this.#scriptOf(code);
    for (const scope of inspector.factsOf(code).scopes) {
      if (scope.description === 'Global') break;
      const isAround = !isModuleScope(scope);
      for (const name of Object.keys(scope.variables)) {
        if (this.variables.has(name) || ofCommonJs.has(name)) continue;
        this.variables.set(name, { value: valueOf(scope.variables, name), isAround });
      }
    }
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
        const { value } = this.variables.get(name) ?? {};
        if (found.size < mostCalled && this.isOwn(value)) found.add(value);
      }
    }
    return [...found];
  }

  #scriptOf(code: Code): string {
    let script = scripts.get(code);
    if (script === undefined) scripts.set(code, (script = this.#inspector.locationOf(code)?.scriptId ?? 'native'));
    return script;
  }
}

const ofCommonJs = new Set(['exports', 'module', 'require', '__filename', '__dirname']);

function visibleTo(code: Code, inspector: Inspector): ModuleVariable[] {
  const around = new Surroundings(code, inspector);
  const isOwn = (value: unknown) => around.isOwn(value);
  const codes = around.callers(code, wordsIn);
  const names = new Set(codes.flatMap((each) => [...wordsIn(each)]).filter((name) => around.variables.has(name)));
  if (names.size === 0) without.add(code);
  return [...names].flatMap((name) => {
    const { value, isAround } = around.variables.get(name)!;
    // What only a called function sees of its own surroundings is not told from what the function itself sees.
    if (isAround && !wordsIn(code).has(name)) return [];
    if (typeof value !== 'function') {
      const text = textOfValue(value, isOwn);
      return text === undefined ? [] : [{ name, text, ...(isAround && { isAround }) }];
    }
    // Classes keep variables as well.
    if (!textOf(value).startsWith('class')) return [];
    const statics = codes.flatMap((each) => mentioned(value, Object.keys(value), each));
    const distinct = new Map(statics.map((each) => [each.name, each]));
    return [...distinct.values()].map((each) => ({ ...each, name: `${name}.${each.name}` }));
  });
}

/** Those of the names that a function mentions, and that hold something that can be compared. */
function mentioned(holder: object, names: readonly string[], code: Code): ModuleVariable[] {
  return names.flatMap((name) => {
    if (!wordsIn(code).has(name)) return [];
    const value = valueOf(holder as Readonly<Record<string, unknown>>, name);
    const text = typeof value === 'function' ? undefined : textOfValue(value);
    return text === undefined ? [] : [{ name, text }];
  });
}

/**
 * What is here for a variable of another thread, or `nothing`, and what it is called here: in a bundle, names that
 * several modules have are numbered. Undefined where nobody can tell.
 */
export function variableHere(
  { name }: ModuleVariable,
  here: ReadonlyMap<string, string>,
  isInBundle: boolean,
): ModuleVariable | undefined {
  const text = here.get(name);
  if (text !== undefined) return { name, text };
  const [owner, key = ''] = name.split('.');
  if (owner === 'globalThis' && !(key in globalThis)) return { name, text: 'nothing' };
  const numbered = isInBundle ? [...here.keys()].filter((each) => each.replace(/\d+$/, '') === name) : [];
  return numbered.length === 1 ? { name: numbered[0]!, text: here.get(numbered[0]!)! } : undefined;
}

/** In a bundle, the files that a module names by its own place are elsewhere. */
export function isSamePlace(text: string, other: string): boolean {
  const [one, two] = [text, other].map((each) => /^'(?:file:\/\/)?\/(?:[^']*\/)?([^'/]+)\/?'$/.exec(each)?.[1]);
  return one !== undefined && one === two;
}

/** What is empty is there to be filled while tasks run, and may have been in another thread. */
export function isToBeFilled({ text }: ModuleVariable): boolean {
  return /^(?:\{\}|\[\]|(?:Map|Set)\(0\) \{\})$/.test(text);
}

function wordsIn(code: Code): ReadonlySet<string> {
  let found = words.get(code);
  if (found === undefined) {
    found = new Set(textOf(code).match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
    words.set(code, found);
  }
  return found;
}

const noValue = Symbol('no value');

function valueOf(variables: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return variables[name];
  } catch {
    return noValue;
  }
}

/**
 * Whether a function, or one of the same module that it calls, reads the variable of this name that is not its own, and
 * none of them fills it.
 */
export async function isRead(code: Code, name: string): Promise<boolean> {
  try {
    const { freeNamesIn } = await import('./syntax/free-names.ts');
    using inspector = await Inspector.open();
    const callers = new Surroundings(code, inspector).callers(code, (each) => freeNamesIn(textOf(each)).names);
    const uses = callers.map((each) => useOf(textOf(each), name, freeNamesIn(textOf(each))));
    return uses.includes('reads') && !uses.includes('fills');
  } catch {
    return false;
  }
}

function useOf(text: string, path: string, { names, written }: UsedNames): 'reads' | 'fills' | undefined {
  const name = path.replace(/^globalThis\./, '');
  const [owner = '', key] = name.split('.');
  // A task is frozen once its constructors have filled it.
  if (owner === 'this') return matches(name, '\\b(?!\\s*=(?![=>]))', text) ? 'reads' : undefined;
  const isFree = names.has(owner) || (path !== name && names.has('globalThis') && text.includes(`.${name}`));
  if (!isFree || (key !== undefined && !matches(name, '\\b', text))) return undefined;
  const filling = `(?:\\[[^\\]]*\\]|\\.\\w+)*\\s*(?:\\?\\?|\\|\\||[-+*/])?=(?![=>])`;
  const calling = `(?:\\.\\w+)*\\.(?:push|unshift|pop|shift|splice|sort|reverse|fill|set|add|delete|clear)\\(`;
  return written.has(owner) || matches(name, `(?:${filling}|${calling})`, text) ? 'fills' : 'reads';
}

/** Whether the name stands somewhere in the text with this behind it. */
function matches(name: string, behind: string, text: string): boolean {
  return new RegExp(`(?<![\\w$])${name.replaceAll(/[$.]/g, '\\$&')}${behind}`).test(text);
}

/** Nothing for what is not plain data, or has no value yet. */
function textOfValue(value: unknown, isOwn: (code: unknown) => boolean = () => false): string | undefined {
  if (value === noValue) return undefined;
  try {
    return isPlain(value, isOwn) ? inspect(value, shown) : undefined;
  } catch {
    return undefined;
  }
}

const shown: InspectOptions = {
  depth: Infinity,
  breakLength: Infinity,
  maxArrayLength: null,
  maxStringLength: 10_000,
  showHidden: false,
  customInspect: false,
  // In which order keys were set makes no difference to most who read them.
  sorted: true,
};

/** Functions in it are told by their names. It may be, or hold, an instance of a class that is one's own. */
function isPlain(value: unknown, isOwn: (code: unknown) => boolean): boolean {
  const parts = new Set([value]);
  for (const part of parts) {
    if (typeof part === 'symbol' || parts.size > mostParts) return false;
    if (typeof part !== 'object' || part === null || types.isDate(part)) continue;
    if (types.isProxy(part)) return false;
    if (types.isMap(part)) for (const each of [...part].flat()) parts.add(each);
    if (types.isSet(part)) for (const each of part) parts.add(each);
    if (!plainPrototypes.has(basicPrototypeOf(part, isOwn))) return false;
    for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(part))) parts.add(inner);
  }
  return true;
}

/** That of what the classes that are one's own extend. */
function basicPrototypeOf(value: object, isOwn: (code: unknown) => boolean): unknown {
  let prototype = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null;
  while (prototype !== null && !types.isProxy(prototype) && !plainPrototypes.has(prototype)) {
    if (!isOwn(Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value)) return prototype;
    prototype = Object.getPrototypeOf(prototype) as typeof prototype;
  }
  return prototype;
}

const plainPrototypes = new Set<unknown>([Object.prototype, Array.prototype, Map.prototype, Set.prototype]);
