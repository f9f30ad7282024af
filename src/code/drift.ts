// Variables of a module that a task reads, as they are in one thread, to be compared with what they are in another:
// each imports the module for itself, so what depends on the moment, the process or the machine is not the same there.

import { inspect, types } from 'node:util';
import { isModuleScope } from './capture/captured.ts';
import { textOf } from './function-place.ts';
import { Inspector, type Code } from './inspector.ts';
import { programGlobals } from './program-globals.ts';

/** A variable with a plain value, or a part of one, which is told apart from others by its text. */
export interface ModuleVariable {
  /** `limit` of the module; `Settings.limit` of a class there; `globalThis.limit`. */
  readonly name: string;
  readonly text: string;
}

/** Larger values are not compared. */
const mostParts = 200;

/** The words in the text of a function. */
const words = new WeakMap<Code, ReadonlySet<string>>();
/** Functions that mention no variable of their modules. */
const without = new WeakSet<Code>();

/**
 * Variables of their modules, and globals of the program, that functions mention. Some may be others of the same name:
 * see `isRead`. Of modules there are none where nobody can be asked.
 */
export async function variablesOf(codes: readonly Code[]): Promise<ModuleVariable[]> {
  const globals = codes.flatMap((code) => {
    return mentioned(globalThis, programGlobals(), code).map(({ name, text }) => ({
      name: `globalThis.${name}`,
      text,
    }));
  });
  const open = codes.filter((code) => !without.has(code));
  if (open.length === 0) return globals;
  try {
    using inspector = await Inspector.open();
    return [...globals, ...open.flatMap((code) => variablesOfModule(code, inspector))];
  } catch {
    return globals;
  }
}

/** What is here for a variable of another thread: its text, or `nothing`; undefined where nobody can tell. */
export function textHere({ name }: ModuleVariable, here: ReadonlyMap<string, string>): string | undefined {
  const [owner, key = ''] = name.split('.');
  return here.get(name) ?? (owner === 'globalThis' && !(key in globalThis) ? 'nothing' : undefined);
}

/** What is empty is there to be filled while tasks run, and may have been in another thread. */
export function isToBeFilled({ text }: ModuleVariable): boolean {
  return /^(?:\{\}|\[\]|(?:Map|Set)\(0\) \{\})$/.test(text);
}

function variablesOfModule(code: Code, inspector: Inspector): ModuleVariable[] {
  const { variables = {} } = inspector.factsOf(code).scopes.find(isModuleScope) ?? {};
  const names = Object.keys(variables).filter((name) => {
    return wordsIn(code).has(name) && !isOnlyFunction(valueOf(variables, name));
  });
  if (names.length === 0) without.add(code);
  const statics = names.flatMap((name) => {
    const owner = valueOf(variables, name);
    if (typeof owner !== 'function') return [];
    return mentioned(owner, Object.keys(owner), code).map((each) => ({ ...each, name: `${name}.${each.name}` }));
  });
  return [...mentioned(variables, names, code), ...statics];
}

/** Classes keep variables as well. */
function isOnlyFunction(value: unknown): boolean {
  return typeof value === 'function' && !textOf(value).startsWith('class');
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

/** Whether a function reads the variable of this name that is not its own, and does not itself fill it. */
export async function isRead(code: Code, path: string): Promise<boolean> {
  const name = path.replace(/^globalThis\./, '');
  const [owner = '', key] = name.split('.');
  try {
    const { freeNamesIn } = await import('./syntax/free-names.ts');
    const { names, written } = freeNamesIn(textOf(code));
    const isFree = names.has(owner) || (path !== name && names.has('globalThis') && textOf(code).includes(`.${name}`));
    if (!isFree || written.has(owner) || (key !== undefined && !matches(name, '\\b', code))) return false;
  } catch {
    return false;
  }
  const filling = `(?:\\[[^\\]]*\\]|\\.\\w+)*\\s*(?:\\?\\?|\\|\\||[-+*/])?=(?![=>])`;
  const calling = `(?:\\.\\w+)*\\.(?:push|unshift|pop|shift|splice|sort|reverse|fill|set|add|delete|clear)\\(`;
  return !matches(name, `(?:${filling}|${calling})`, code);
}

/** Whether the name stands somewhere in the text of a function with this behind it. */
function matches(name: string, behind: string, code: Code): boolean {
  return new RegExp(`(?<![\\w$])${name.replaceAll(/[$.]/g, '\\$&')}${behind}`).test(textOf(code));
}

/** Nothing for what is not plain data, or has no value yet. */
function textOfValue(value: unknown): string | undefined {
  if (value === noValue) return undefined;
  try {
    if (!isPlain(value)) return undefined;
    return inspect(value, { depth: Infinity, breakLength: Infinity, maxArrayLength: null, maxStringLength: 10_000 });
  } catch {
    return undefined;
  }
}

/** Functions in it are told by their names. */
function isPlain(value: unknown): boolean {
  const parts = new Set([value]);
  for (const part of parts) {
    if (typeof part === 'symbol' || parts.size > mostParts) return false;
    if (typeof part !== 'object' || part === null || types.isDate(part)) continue;
    if (types.isProxy(part)) return false;
    if (types.isMap(part)) for (const each of [...part].flat()) parts.add(each);
    if (types.isSet(part)) for (const each of part) parts.add(each);
    const prototype: unknown = Object.getPrototypeOf(part);
    if (!plainPrototypes.has(prototype)) return false;
    for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(part))) parts.add(inner);
  }
  return true;
}

const plainPrototypes = new Set<unknown>([Object.prototype, Array.prototype, Map.prototype, Set.prototype]);
