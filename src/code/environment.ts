// Variables of the environment that functions read by their names. Each process has an environment of its own, and each
// thread a copy of it, from when it was started.

import { types } from 'node:util';
import { mostCalled, VisibleVariables, wordsIn } from './drift.ts';
import { isClass, textOf } from './function-place.ts';
import { Inspector, type Code } from '../lib/inspector.ts';
import type { OuterNames } from './syntax/environment-use.ts';

/** What was found in functions before. */
const known = new WeakMap<Code, readonly string[]>();

/**
 * The names of those that functions read, or functions of the program that those call by their names, and that are set
 * here. None where nobody can be asked.
 */
export async function environmentReadBy(codes: readonly Code[]): Promise<string[]> {
  for (const code of codes) if (!known.has(code)) known.set(code, await readBy(code));
  const names = new Set(codes.flatMap((code) => known.get(code)!));
  return [...names].filter((name) => name in process.env);
}

async function readBy(code: Code): Promise<readonly string[]> {
  try {
    using inspector = new Inspector();
    // Most functions are not worth loading a parser for.
    if (!mayRead(code, inspector)) return [];
    const [{ environmentUseIn }, { freeNamesIn }] = await Promise.all([
      import('./syntax/environment-use.ts'),
      import('./syntax/free-names.ts'),
    ]);
    const called = calledBy(code, inspector, (each) => freeNamesIn(textOf(each)).names);
    const uses = [...called].map(([each, around]) => environmentUseIn(textOf(each), namesIn(around)));
    const assigned = new Set(uses.flatMap((use) => [...use.assigned]));
    return uses.flatMap((use) => [...use.read]).filter((name) => !assigned.has(name));
  } catch {
    return [];
  }
}

function mayRead(code: Code, inspector: Inspector): boolean {
  return [...calledBy(code, inspector, wordsIn)].some(([each, around]) => {
    const { isEnvironment, isProcess } = namesIn(around);
    return [...wordsIn(each)].some((word) => isEnvironment(word) || isProcess(word));
  });
}

/** The function itself, and those that it calls, as far as `names` knows, with what each of them sees. */
function calledBy(
  code: Code,
  inspector: Inspector,
  names: (code: Code) => ReadonlySet<string>,
): ReadonlyMap<Code, VisibleVariables> {
  const found = new Map([[code, new VisibleVariables(code, inspector)]]);
  for (const [each, around] of found) {
    for (const name of names(each)) {
      const value = around.seen(name)?.value;
      const isOfProgram = around.isOwn(value) || mentionsElsewhere(value, inspector);
      // What of a class is called nobody knows.
      if (!isOfProgram || found.size >= mostCalled || found.has(value) || isClass(value)) continue;
      found.set(value, new VisibleVariables(value, inspector));
    }
  }
  return found;
}

/** Whether it is a function of the program that mentions the environment. To ask where it stands takes a while. */
function mentionsElsewhere(value: unknown, inspector: Inspector): value is Code {
  if (typeof value !== 'function' || types.isProxy(value) || !wordsIn(value).has('env')) return false;
  const location = inspector.locationOf(value);
  const url = location && inspector.scriptAt(location)?.url;
  return url?.startsWith('file:') === true && !url.includes('/node_modules/');
}

function namesIn(around: VisibleVariables): OuterNames {
  const isGlobal = (name: string) => name === 'process' && around.seen(name) === undefined;
  return {
    isEnvironment: (name) => around.seen(name)?.value === process.env,
    isProcess: (name) => isGlobal(name) || around.seen(name)?.value === process,
  };
}
