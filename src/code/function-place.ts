// Where in its file a function stands. The engine knows, and tells it to debuggers only; so for a moment there is one.
// It takes some tens of milliseconds the first time, and is asked only when there is something to tell of a function.

import { findSourceMap } from 'node:module';
import { Inspector, type Code } from '../lib/inspector.ts';
import { placeOf } from './registry.ts';
import { startsOfLines } from './syntax/lines.ts';

export type { Code };

/** Tells for an offset in the function's text where that is: `file:line:column`. */
export type PlaceIn = (offset: number) => string;

/** For each function how to find places in it; nothing for those that are in no file, or where nobody can be asked. */
export function placesIn(codes: readonly Code[]): (PlaceIn | undefined)[] {
  try {
    using inspector = new Inspector();
    return codes.map((code) => {
      const text = positionOf(code, inspector);
      return text && ((offset) => placeAt(text.url, spotIn(text.source, text.beginning + offset)));
    });
  } catch {
    return codes.map(() => undefined);
  }
}

/** The script that a function's text stands in, and where in it; nothing for one that is in no file. */
export function positionOf(code: Code, inspector: Inspector): Position | undefined {
  const location = inspector.locationOf(code);
  const script = location && inspector.scriptAt(location);
  if (location === undefined || script === undefined || script.url === '') return undefined;
  const source = inspector.sourceOf(location.scriptId);
  const beginning = beginningOf(textOf(code), source, location);
  return beginning === undefined ? undefined : { url: script.url, source, beginning };
}

/** Where in a source the text begins that stands at a place, which may be at its parameters. */
export function beginningOf(text: string, source: string, place: Spot): number | undefined {
  const offset = offsetIn(source, place);
  const beginning = source.lastIndexOf(text, offset);
  return beginning === -1 || beginning + text.length < offset ? undefined : beginning;
}

/** Lines and columns count from 0. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

export interface Position {
  readonly url: string;
  readonly source: string;
  readonly beginning: number;
}

/** As it was written; whatever the function itself says of that. */
export function textOf(code: Code): string {
  return Function.prototype.toString.call(code);
}

/** What the engine has written itself has no text to read. */
export function isNative(code: Code): boolean {
  return textOf(code).endsWith('{ [native code] }');
}

export function isClass(code: Code): boolean {
  return textOf(code).startsWith('class');
}

export function offsetIn(source: string, { line, column }: Spot): number {
  return (startsOfLines(source)[line] ?? source.length) + column;
}

/** Where so much of a source ends. */
export function spotIn(source: string, offset: number): Spot {
  const starts = startsOfLines(source);
  const next = starts.findIndex((start) => start > offset);
  const line = (next === -1 ? starts.length : next) - 1;
  return { line, column: offset - starts[line]! };
}

/** One line of a source, with its end. */
export function lineOf(source: string, line: number): string {
  const starts = startsOfLines(source);
  return source.slice(starts[line], starts[line + 1]);
}

/** `file:line:column` in a script, for people. */
export function placeAt(url: string, { line, column }: Spot): string {
  const entry = findSourceMap(url)?.findEntry(line, column);
  if (entry !== undefined && 'originalSource' in entry) {
    return placeOf(entry.originalSource, entry.originalLine + 1, entry.originalColumn + 1);
  }
  return placeOf(url, line + 1, column + 1);
}
