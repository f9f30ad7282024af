// What a class, or a method, needs for the moment in which it is made: the class that it extends, and names that are
// computed. The code around evaluates them, and nobody holds the variables for that any more when nothing else uses
// them. What came of them is still there.

import { textOf } from '../function-place.ts';
import type { EarlyPart, FreeNames, Tie, UsedNames } from '../syntax/free-names.ts';
import type { Code } from '../../lib/inspector.ts';

/** Something that stands in a text instead of a part of it. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

export interface Settled {
  readonly used: UsedNames;
  readonly replaced: readonly Replacement[];
  /** Values that a replacement names. */
  readonly values: ReadonlyMap<string, unknown>;
}

const hiddenKey: Tie = {
  what: 'has a member whose computed name cannot be seen from outside',
  remedy: 'Write the name out, or use the variable that it is computed from in a method as well.',
};

/** Decides for each early part whether it can be evaluated again, or what stands for it. */
export function settleEarlyParts(code: Code, free: FreeNames, isSeen: (name: string) => boolean): Settled {
  const kept: UsedNames[] = [free];
  const replaced: Replacement[] = [];
  const values = new Map<string, unknown>();
  for (const [at, part] of free.early.entries()) {
    const { start, end } = part;
    // The name of a method is not in its text only; it is known from where it stands.
    if (free.text.isMethod) replaced.push({ start, end, by: '0' });
    else if (canBeRepeated(part, isSeen)) kept.push(part);
    else {
      const outcome = outcomeOf(code, part);
      if (outcome === undefined) kept.push({ ...part, tie: hiddenKey });
      else {
        const by = `__heddleEarly${at}`;
        replaced.push({ start, end, by });
        values.set(by, outcome);
      }
    }
  }
  const used = {
    names: new Set(kept.flatMap(({ names }) => [...names])),
    written: new Set(kept.flatMap(({ written }) => [...written])),
    importMeta: kept.flatMap(({ importMeta }) => importMeta),
    tie: kept.find(({ tie }) => tie !== undefined)?.tie,
  };
  return { used, replaced, values };
}

/** A call may give another class each time. */
function canBeRepeated({ names, source, member }: EarlyPart, isSeen: (name: string) => boolean): boolean {
  if (member === undefined) return !source.includes('(') && [...names].every(isSeen);
  return [...names].every((name) => isSeen(name) || name in globalThis);
}

/** The superclass, or the name of a method; nothing for what is not to be found. */
function outcomeOf(code: Code, { member }: EarlyPart): unknown {
  const prototype = code.prototype as object;
  if (member === undefined) return Object.getPrototypeOf(prototype) === null ? null : Object.getPrototypeOf(code);
  const written = member.replace(/^static\s+/, '');
  for (const holder of [prototype, code]) {
    for (const key of Reflect.ownKeys(holder)) {
      const parts: unknown[] = Object.values(Object.getOwnPropertyDescriptor(holder, key)!);
      if (parts.some((part) => typeof part === 'function' && textOf(part) === written)) return key;
    }
  }
  return undefined;
}
