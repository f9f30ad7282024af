// Which variables a function keeps something in that are not its own, for those who tell its author. Each function is
// looked at once in a process; most at a glance, which costs microseconds.

import { isNative, placesIn, textOf, type Code } from './function-place.ts';
import { endOf } from './syntax/lines.ts';

/** A variable, or a part of what one holds, that a function writes to and that outlives it. */
export interface KeptVariable {
  /** As it stands in the source: `count`, `stats.count`. */
  readonly target: string;
  /** `file:line:column` of the first write; just the line within its own text when the file is not known. */
  readonly at: string;
}

/** What there is to say of a function: that, or why it could not be read. */
export interface Look {
  readonly kept: readonly KeptVariable[];
  readonly unread?: string;
}

const looks = new WeakMap<Code, Look>();
const nothing: Look = { kept: [] };

/** What is known of a function by now. */
export function lookOf(code: Code): Look | undefined {
  const known = looks.get(code);
  if (known !== undefined || mayWrite(code)) return known;
  looks.set(code, nothing);
  return nothing;
}

/** Looks at functions that were not looked at before. */
export async function lookAt(codes: readonly Code[]): Promise<void> {
  const open = [...new Set(codes)].filter((code) => lookOf(code) === undefined);
  if (open.length === 0) return;
  const { outerWritesIn } = await import('./syntax/outer-writes.ts');
  const found = open.flatMap((code) => {
    try {
      const writes = outerWritesIn(textOf(code));
      if (writes.length > 0) return [{ code, writes }];
      looks.set(code, nothing);
    } catch (error) {
      looks.set(code, { kept: [], unread: String(error) });
    }
    return [];
  });
  if (found.length === 0) return;
  const places = placesIn(found.map(({ code }) => code));
  for (const [index, { code, writes }] of found.entries()) {
    const place = places[index] ?? ((offset) => `line ${lineOf(code, offset)} of its source`);
    const firsts = writes.filter(({ target }, at) => writes.findIndex((other) => other.target === target) === at);
    looks.set(code, { kept: firsts.map(({ target, offset }) => ({ target, at: place(offset) })) });
  }
}

/** An assignment, a count, a loop, the methods that add to a list or a map: what a write is made of. */
const writing = /\+\+|--|(?<![=!<>])=(?![=>])|<<=|>>=|\bfor\b|\.(?:push|unshift|set)\b/;

function mayWrite(code: Code): boolean {
  return !isNative(code) && writing.test(textOf(code));
}

function lineOf(code: Code, offset: number): number {
  return endOf(textOf(code).slice(0, offset)).line + 1;
}
