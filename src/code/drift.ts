// Variables of a module that a task reads, as they are in one thread, to be compared with what they are in another:
// each imports the module for itself, so what depends on the moment, the process or the machine is not the same there.

import { inspect, types } from 'node:util';
import { isModuleScope } from './captured.ts';
import { textOf } from './function-place.ts';
import { Inspector, type Code } from './inspector.ts';

/** A variable with a plain value, which is told apart from others by its text. */
export interface ModuleVariable {
  readonly name: string;
  readonly text: string;
}

/** Larger values are not compared. */
const mostParts = 200;

/** The names that a function mentions of its module, but for those of functions; found out once. */
const mentions = new WeakMap<Code, readonly string[]>();

/**
 * Variables of their modules that functions mention. Some may be others of the same name: see `isRead`. Nothing where
 * nobody can be asked.
 */
export async function variablesOf(codes: readonly Code[]): Promise<ModuleVariable[]> {
  const open = codes.filter((code) => mentions.get(code)?.length !== 0);
  if (open.length === 0) return [];
  try {
    using inspector = await Inspector.open();
    return open.flatMap((code) => mentionedBy(code, inspector));
  } catch {
    return [];
  }
}

function mentionedBy(code: Code, inspector: Inspector): ModuleVariable[] {
  const { variables = {} } = inspector.factsOf(code).scopes.find(isModuleScope) ?? {};
  let names = mentions.get(code);
  if (names === undefined) {
    const words = new Set(textOf(code).match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
    names = Object.keys(variables).filter((name) => words.has(name) && !isFunction(variables, name));
    mentions.set(code, names);
  }
  return names.flatMap((name) => {
    const text = textOfValue(variables, name);
    return text === undefined ? [] : [{ name, text }];
  });
}

function isFunction(variables: Readonly<Record<string, unknown>>, name: string): boolean {
  try {
    return typeof variables[name] === 'function';
  } catch {
    return false;
  }
}

/** Whether a function reads the variable of this name that is not its own, and does not itself fill it. */
export async function isRead(code: Code, name: string): Promise<boolean> {
  try {
    const { freeNamesIn } = await import('./free-names.ts');
    const { names, written } = freeNamesIn(textOf(code));
    if (!names.has(name) || written.has(name)) return false;
  } catch {
    return false;
  }
  const escaped = name.replaceAll('$', '\\$');
  const filling = `\\b${escaped}(?:\\[[^\\]]*\\]|\\.\\w+)\\s*(?:\\?\\?|\\|\\||[-+*/])?=(?![=>])`;
  const calling = `\\b${escaped}\\.(?:push|unshift|pop|shift|splice|sort|reverse|fill)\\(`;
  return !new RegExp(`${filling}|${calling}`).test(textOf(code));
}

/** Nothing for what is not plain data, or has no value yet. What is empty is there to be filled while tasks run. */
function textOfValue(variables: Readonly<Record<string, unknown>>, name: string): string | undefined {
  try {
    const value = variables[name];
    if (!isPlain(value) || isEmpty(value)) return undefined;
    return inspect(value, { depth: Infinity, breakLength: Infinity, maxArrayLength: null, maxStringLength: 10_000 });
  } catch {
    return undefined;
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !types.isDate(value) && Object.keys(value).length === 0;
}

/** Maps and sets are mostly filled while tasks run, to save work. */
function isPlain(value: unknown): boolean {
  const parts = new Set([value]);
  for (const part of parts) {
    if (typeof part === 'function' || typeof part === 'symbol' || parts.size > mostParts) return false;
    if (typeof part !== 'object' || part === null || types.isDate(part)) continue;
    if (types.isProxy(part)) return false;
    const prototype: unknown = Object.getPrototypeOf(part);
    if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
    for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(part))) parts.add(inner);
  }
  return true;
}
