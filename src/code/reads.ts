// Whether a variable that is seen from a function is only read there, or filled as well. A text is looked at, not
// what it would do: so what may be filled counts as filled.

import { types } from 'node:util';
import { Surroundings } from './drift.ts';
import { textOf } from './function-place.ts';
import { Inspector, type Code } from './inspector.ts';
import type { UsedNames } from './syntax/free-names.ts';

/**
 * Whether a function, or one of the same module that it calls, reads the variable of this name that is not its own, and
 * none of them may fill it, nor a method that its value has.
 */
export async function isRead(code: Code, name: string): Promise<boolean> {
  try {
    const { freeNamesIn } = await import('./syntax/free-names.ts');
    using inspector = await Inspector.open();
    const around = new Surroundings(code, inspector);
    const functions = around
      .callers(code, (each) => freeNamesIn(textOf(each)).names)
      .map((each) => ({ text: textOf(each), used: freeNamesIn(textOf(each)) }));
    const uses = functions.map((each) => useOf(name, each));
    if (!uses.includes('reads') || uses.includes('fills')) return false;
    const isHandedOn = functions.some(({ text }) => matches(name, bare, text));
    if (isHandedOn && functions.some((each) => fillsAnother(each))) return false;
    const owner = around.seen(name.split('.')[0]!)?.value;
    const methods = methodsIn(owner, (each) => around.isOwn(each));
    return !methods.some((each) => matches('this', filled, textOf(each)));
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
const calling = `${member}*\\??\\.(?:${changers})\\(`;
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
  const isFilled = written.has(owner) || matches(name, filling, text) || isFirstOf(name, text);
  return isFilled ? 'fills' : 'reads';
}

/** `Object.assign(stats, …)`, `Array.prototype.push.apply(queue, …)`. */
function isFirstOf(name: string, text: string): boolean {
  const pattern = `\\.(?:assign|apply|call|set|defineProperty|defineProperties)\\(\\s*${quoted(name)}${bare}`;
  return new RegExp(pattern).test(text);
}

/** Whether it fills what a variable of its own holds that it did not make, and that may as well have another name. */
function fillsAnother({ text, used: { names } }: FunctionText): boolean {
  const filling = new RegExp(`(?<![\\w$.])([\\p{ID_Start}$_][\\p{ID_Continue}$]*)${filled}`, 'gu');
  const roots = new Set([...text.matchAll(filling)].map(([, root]) => root!));
  return [...roots].some(
    (root) => root !== 'this' && !names.has(root) && !matches(root, '\\s*=\\s*(?:\\[|\\{|new\\b)', text),
  );
}

/** The functions of one's own that objects in a value have, and the classes of these. */
function methodsIn(value: unknown, isOwn: (value: unknown) => value is Code): Code[] {
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
  return [...parts].filter(isOwn).filter((each) => !textOf(each).startsWith('class'));
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
