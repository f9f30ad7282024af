// Whether a variable that is seen from a function is only read there, or filled as well. A text is looked at, not
// what it would do: so what may be filled counts as filled.

import { types } from 'node:util';
import { VisibleVariables } from './drift.ts';
import { isClass, textOf } from './function-place.ts';
import { Inspector, type Code } from '../lib/inspector.ts';
import type { UsedNames } from './syntax/free-names.ts';

/**
 * Whether a function, or one of the same module that it calls, reads the variable of this name that is not its own, and
 * none of them may fill it, nor a method that its value has.
 */
export async function isRead(code: Code, name: string): Promise<boolean> {
  try {
    const { freeNamesIn } = await import('./syntax/free-names.ts');
    using inspector = new Inspector();
    const around = new VisibleVariables(code, inspector);
    const functions = around
      .callers(code, (each) => freeNamesIn(textOf(each)).names)
      .map((each) => ({ text: textOf(each), used: freeNamesIn(textOf(each)) }));
    const uses = functions.map((each) => useOf(name, each));
    if (!uses.includes('reads') || uses.includes('fills')) return false;
    const owner = around.seen(name.split('.')[0]!)?.value;
    const parts = partsOf(owner, (each) => around.isOwn(each));
    const methods = parts.filter((each) => around.isOwn(each)).filter((each) => !isClass(each));
    if (methods.some((each) => filledIn(textOf(each)).length > 0)) return false;
    // A part of it can only go by another name where that is an object too.
    const isNested = parts.some((each) => typeof each === 'object' && each !== null && each !== owner);
    const isHandedOn = functions.some(({ text }) => matches(name, isNested ? `${member}*${bare}` : bare, text));
    return !isHandedOn || !functions.some((each) => fillsAnother(each));
  } catch {
    return false;
  }
}

interface FunctionText {
  readonly text: string;
  readonly used: UsedNames;
}

const member = `(?:\\[[^\\]]*\\]|\\??\\.#?[\\w$]+)`;
const changers = 'push|unshift|pop|shift|splice|sort|reverse|fill|copyWithin|set|add|delete|clear';
const calling = `${member}*\\??\\.(?:${changers})\\b`;
const assigning = (members: string) => `${members}\\s*(?:(?:\\?\\?|\\|\\||&&|\\*\\*|[-+*/%&|^])?=(?![=>])|\\+\\+|--)`;
/** Behind the name of a variable: it, or what it holds, is changed. */
const filling = `(?:${assigning(`${member}*`)}|${calling})`;
/** Behind that of one that is not assigned to itself. */
const filled = `(?:${assigning(`${member}+`)}|${calling})`;
/** Behind a name: its value is given another one, or away. */
const bare = `(?![\\w$]|\\s*\\??\\.|\\s*\\[)`;

function useOf(path: string, { text, used: { names, written } }: FunctionText): 'reads' | 'fills' | undefined {
  const name = path.replace(/^globalThis\./, '');
  const [owner = '', key] = name.split('.');
  // A task is frozen once its constructors have filled it.
  if (owner === 'this') return matches(name, '\\b(?!\\s*=(?![=>]))', text) ? 'reads' : undefined;
  const isFree = names.has(owner) || (path !== name && names.has('globalThis') && text.includes(`.${name}`));
  if (!isFree || (key !== undefined && !matches(name, '\\b', text))) return undefined;
  const isFilled = written.has(owner) || matches(name, filling, text) || isFilledBefore(name, text);
  return isFilled ? 'fills' : 'reads';
}

/** `Object.assign(stats, …)`, `push.apply(queue, …)`, `++stats.ok`, `delete table.x`, `[ring[0], ring[1]] = …`. */
function isFilledBefore(name: string, text: string): boolean {
  const first = `\\.(?:assign|apply|call|set|defineProperty|defineProperties)\\(\\s*${quoted(name)}${bare}`;
  const inside = '[^=;{}()]*';
  const listed = `(?<![\\w$\\])])\\[${inside}(?<![\\w$.])${quoted(name)}${member}${inside}\\]\\s*=(?![=>])`;
  return new RegExp(`${first}|${listed}|${before}${quoted(name)}\\b`).test(text);
}

const before = `(?:\\+\\+|--|\\bdelete\\s+)`;
const root = `([\\p{ID_Start}$_][\\p{ID_Continue}$]*)`;
const anyFilled = new RegExp(`${before}${root}${member}|(?<![\\w$.])${root}${filled}`, 'gu');

/** The variables whose values it changes, but for those that it makes itself. */
function filledIn(text: string): string[] {
  const roots = new Set([...text.matchAll(anyFilled)].map(([, one, other]) => (one ?? other)!));
  return [...roots].filter((each) => !matches(each, '\\s*=\\s*(?:\\[|\\{|new\\b)', text));
}

/** Whether it changes what a variable of its own holds that may as well have another name. */
function fillsAnother({ text, used: { names } }: FunctionText): boolean {
  return filledIn(text).some((each) => each !== 'this' && !names.has(each));
}

/** A value, what it holds, and the prototypes of one's own that it has. */
function partsOf(value: unknown, isOwn: (value: unknown) => boolean): unknown[] {
  const parts = new Set([value]);
  for (const part of parts) {
    if (typeof part !== 'object' || part === null || types.isProxy(part)) continue;
    const held = Object.values(Object.getOwnPropertyDescriptors(part)).flatMap(
      (each) => Object.values(each) as unknown[],
    );
    for (const each of held) parts.add(each);
    if (types.isMap(part)) for (const each of [...part].flat()) parts.add(each);
    if (types.isSet(part)) for (const each of part) parts.add(each);
    const prototype: unknown = Object.getPrototypeOf(part);
    if (isOwn(constructorOf(prototype))) parts.add(prototype);
  }
  return [...parts];
}

function constructorOf(prototype: unknown): unknown {
  if (typeof prototype !== 'object' || prototype === null || types.isProxy(prototype)) return undefined;
  return Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
}

/** Whether the name stands somewhere in the text with this behind it. */
function matches(name: string, behind: string, text: string): boolean {
  return new RegExp(`(?<![\\w$])${quoted(name)}${behind}`).test(text);
}

function quoted(name: string): string {
  return name.replaceAll(/[$.]/g, '\\$&');
}
