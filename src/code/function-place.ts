// Where in its file a function stands. The engine knows, and tells it to debuggers only; so for a moment there is one.
// It takes some tens of milliseconds the first time, and is asked only when there is something to tell of a function.

import type { Debugger, Runtime, Session } from 'node:inspector';
import { findSourceMap } from 'node:module';
import { placeOf } from './registry.ts';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- functions and classes alike, whatever they take
export type Code = Function;

/** Tells for an offset in the function's text where that is: `file:line:column`. */
export type PlaceIn = (offset: number) => string;

const handover = Symbol.for('heddle.located');

/** For each function how to find places in it; nothing for those that are in no file, or where nobody can be asked. */
export async function placesIn(codes: readonly Code[]): Promise<(PlaceIn | undefined)[]> {
  try {
    const inspector = await import('node:inspector');
    const session = new inspector.Session();
    session.connect();
    try {
      return locate(codes, session);
    } finally {
      session.disconnect();
    }
  } catch {
    // Some builds of Node have no inspector, and permissions may forbid it.
    return codes.map(() => undefined);
  }
}

function locate(codes: readonly Code[], session: Session): (PlaceIn | undefined)[] {
  const urls = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
  session.post('Debugger.enable');
  return codes.map((code) => {
    const location = locationOf(code, session);
    const url = location && urls.get(location.scriptId);
    if (location === undefined || url === undefined || url === '') return undefined;
    const source = sourceOf(location, session);
    const beginning = source.lastIndexOf(textOf(code), offsetIn(source, location));
    return beginning === -1 ? undefined : (offset) => placeAt(url, source.slice(0, beginning + offset));
  });
}

/** As it was written; whatever the function itself says of that. */
export function textOf(code: Code): string {
  return Function.prototype.toString.call(code);
}

/** A place inside of the function: of its parameters, as it happens. */
function locationOf(code: Code, session: Session): Debugger.Location | undefined {
  const hands = globalThis as { [handover]?: Code };
  hands[handover] = code;
  try {
    const expression = `globalThis[Symbol.for('${handover.description}')]`;
    const held = ask<Runtime.EvaluateReturnType>((answered) => {
      session.post('Runtime.evaluate', { expression }, answered);
    });
    const { objectId } = held.result;
    if (objectId === undefined) return undefined;
    const request = { objectId, ownProperties: true };
    const known = ask<Runtime.GetPropertiesReturnType>((answered) => {
      session.post('Runtime.getProperties', request, answered);
    });
    const location = known.internalProperties?.find(({ name }) => name === '[[FunctionLocation]]');
    return location?.value?.value as Debugger.Location | undefined;
  } finally {
    delete hands[handover];
  }
}

/** The text that the engine was given: for TypeScript, with blanks for the types, so that places stay what they are. */
function sourceOf({ scriptId }: Debugger.Location, session: Session): string {
  const { scriptSource } = ask<Debugger.GetScriptSourceReturnType>((answered) => {
    session.post('Debugger.getScriptSource', { scriptId }, answered);
  });
  return scriptSource;
}

/** Of its own thread, the inspector answers before `post` returns. What is thrown in there would end the process. */
function ask<Answer>(post: (answered: (error: Error | null, answer: Answer) => void) => void): Answer {
  let outcome: { readonly error: Error | null; readonly answer: Answer } | undefined;
  post((error, answer) => {
    outcome = { error, answer };
  });
  if (outcome === undefined || outcome.error !== null) throw outcome?.error ?? new Error('the inspector is silent');
  return outcome.answer;
}

function offsetIn(source: string, { lineNumber, columnNumber = 0 }: Debugger.Location): number {
  let beginning = 0;
  for (let line = 0; line < lineNumber; line += 1) beginning = source.indexOf('\n', beginning) + 1;
  return beginning + columnNumber;
}

function placeAt(url: string, before: string): string {
  const line = before.split('\n').length - 1;
  const column = before.length - (before.lastIndexOf('\n') + 1);
  const entry = findSourceMap(url)?.findEntry(line, column);
  if (entry !== undefined && 'originalSource' in entry) {
    return placeOf(entry.originalSource, entry.originalLine + 1, entry.originalColumn + 1);
  }
  return placeOf(url, line + 1, column + 1);
}
