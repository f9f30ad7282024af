// Variables of the environment that functions read by their names. Each process has an environment of its own, and each
// thread a copy of it, from when it was started.

import { VisibleVariables, wordsIn } from './drift.ts';
import { textOf } from './function-place.ts';
import { Inspector, type Code } from './inspector.ts';
import type { OuterNames } from './syntax/environment-use.ts';

/** What was found in functions before. */
const known = new WeakMap<Code, readonly string[]>();

/**
 * The names of those that functions read, or functions of the same module that those call, and that are set here. None
 * where nobody can be asked.
 */
export async function environmentReadBy(codes: readonly Code[]): Promise<string[]> {
  for (const code of codes) if (!known.has(code)) known.set(code, await readBy(code));
  const names = new Set(codes.flatMap((code) => known.get(code)!));
  return [...names].filter((name) => name in process.env);
}

async function readBy(code: Code): Promise<readonly string[]> {
  try {
    // Most functions are not worth loading a parser for.
    if (!(await mayRead(code))) return [];
    const [{ environmentUseIn }, { freeNamesIn }] = await Promise.all([
      import('./syntax/environment-use.ts'),
      import('./syntax/free-names.ts'),
    ]);
    using inspector = await Inspector.open();
    const around = new VisibleVariables(code, inspector);
    // What of a class is called nobody knows.
    const isCalled = (each: Code) => each === code || !textOf(each).startsWith('class');
    const called = around.callers(code, (each) => (isCalled(each) ? freeNamesIn(textOf(each)).names : none));
    const uses = called.filter(isCalled).map((each) => environmentUseIn(textOf(each), namesIn(around)));
    const assigned = new Set(uses.flatMap((use) => [...use.assigned]));
    return uses.flatMap((use) => [...use.read]).filter((name) => !assigned.has(name));
  } catch {
    return [];
  }
}

const none: ReadonlySet<string> = new Set();

async function mayRead(code: Code): Promise<boolean> {
  using inspector = await Inspector.open();
  const around = new VisibleVariables(code, inspector);
  const { isEnvironment, isProcess } = namesIn(around);
  const words = around.callers(code, wordsIn).flatMap((each) => [...wordsIn(each)]);
  return words.some((word) => isEnvironment(word) || isProcess(word));
}

function namesIn(around: VisibleVariables): OuterNames {
  const isGlobal = (name: string) => name === 'process' && around.seen(name) === undefined;
  return {
    isEnvironment: (name) => around.seen(name)?.value === process.env,
    isProcess: (name) => isGlobal(name) || around.seen(name)?.value === process,
  };
}
