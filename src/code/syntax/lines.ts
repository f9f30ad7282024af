import { onceIn } from '../../lib/once.ts';

/** What ends a line to the engine, which counts them for places in scripts. */
const lineBreak = /\r\n|[\n\r\u2028\u2029]/g;

/** All but line breaks: without these a text still counts the same lines. */
export const notOfLineBreak = /[^\n\r\u2028\u2029]/g;

/** Where the lines of a source begin, by its text: many functions stand in few of them. */
const startsBySource = new Map<string, readonly number[]>();

export function startsOfLines(source: string): readonly number[] {
  return onceIn(startsBySource, source, () => startsIn(source));
}

/** The last line of a text, counted from 0, and how long it is. */
export function endOf(text: string): { readonly line: number; readonly column: number } {
  const starts = startsIn(text);
  return { line: starts.length - 1, column: text.length - starts.at(-1)! };
}

function startsIn(text: string): number[] {
  return [0, ...Array.from(text.matchAll(lineBreak), (found) => found.index + found[0].length)];
}
