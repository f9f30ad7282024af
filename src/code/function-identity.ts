// Which function it is that a task calls. A worker imports the module again and finds a task of the same name; but what
// a module chooses while it loads, by the thread, the environment, the time or chance, it may choose otherwise there.
// So the flow says by which text its functions have and where that stands, and the worker compares. A
// flow and a worker may have other loaders, or a bundle; so a difference is told only when it is seen for certain.

import { shortHash } from '../lib/short-hash.ts';
import { readFileSync, realpathSync } from 'node:fs';
import { findSourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pathOf, toUrl } from './file-path.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { fileOf, isBundled } from './call-site.ts';
import { beginningOf, isNative, lineOf, offsetIn, placeAt, positionOf, spotIn, textOf } from './function-place.ts';
import type { Code, Position, Spot } from './function-place.ts';
import { Inspector, type Script } from '../lib/inspector.ts';
import { onceIn } from '../lib/once.ts';
import { placeOf } from './registry.ts';

/** What tells a function from others. */
export interface FunctionIdentity {
  /** How its text begins, to look for it. */
  readonly beginning: string;
  readonly length: number;
  readonly hash: string;
  /** Where the engine says that it stands in its script, which may be at its parameters; absent for native code. */
  readonly location?: Spot;
  /** For those who get it in a bundle. */
  readonly written?: WrittenPlace;
}

/** Where a function stands in its file, which was loaded as it is. */
interface WrittenPlace {
  /** `file:line:column`, for people. */
  readonly at: string;
  readonly file: string;
  /** Where what is before it ends. Its text, or the types that belong to it, begin behind that. */
  readonly after: Spot;
  /** The engine says that it stands no later. */
  readonly until: Spot;
}

/** Two places, for people. */
interface Difference {
  readonly made: string;
  readonly found: string;
}

const shownBeginning = 60;
const known = new WeakMap<Code, FunctionIdentity>();
const knownForBundles = new WeakMap<Code, FunctionIdentity>();
/** As which a function has passed, as JSON: another flow of the same program asks the same. */
const passed = new WeakMap<Code, Set<string>>();

/**
 * To be compared by `assertSame`; none where nobody can be asked. With `isForBundles`, by those who get the module
 * in a bundle, where it looks and stands otherwise; that takes some tens of milliseconds the first time.
 */
export function identitiesOf(
  codes: readonly Code[],
  { isForBundles = false }: { readonly isForBundles?: boolean } = {},
): readonly FunctionIdentity[] {
  const [identities, identify] = isForBundles ? [knownForBundles, identityForBundles] : [known, identityOf];
  const open = codes.filter((code) => !identities.has(code));
  try {
    if (open.length > 0) {
      using inspector = new Inspector();
      for (const code of open) identities.set(code, identify(code, inspector));
    }
    return codes.map((code) => identities.get(code)!);
  } catch {
    return [];
  }
}

function identityOf(code: Code, inspector: Inspector): FunctionIdentity {
  const target = targetOf(code, inspector);
  const text = textOf(target);
  const { line, column } = inspector.locationOf(target) ?? {};
  return {
    beginning: text.slice(0, shownBeginning),
    length: text.length,
    hash: shortHash(text),
    ...(line !== undefined && column !== undefined && { location: { line, column } }),
  };
}

function identityForBundles(code: Code, inspector: Inspector): FunctionIdentity {
  const written = writtenPlaceOf(targetOf(code, inspector), inspector);
  return { ...identityOf(code, inspector), ...(written !== undefined && { written }) };
}

/** What a bound function calls. */
function targetOf(code: Code, inspector: Inspector): Code {
  let target = code;
  while (isNative(target)) {
    const { bound } = inspector.factsOf(target);
    if (bound === undefined) break;
    target = bound.target;
  }
  return target;
}

/** In what is put into a bundle, something of ours may stand before the rest of such a line. */
const shiftedInBundle = /\b(?:import|require|__dirname|__filename)\b/;
const endOfLine = 2 ** 30;

/** What was made of another file says so: a bundle tells of places in that one. */
const mapComment = /\n\/\/[#@] sourceMappingURL=/;

/** To a bundle, what is exported begins there. */
const exporting = /(?<![\w$.])export\s+(?:default\s+)?$/;

/** Nothing where a loader has rewritten the file, so that places in it are others. Blanks for types do no harm. */
function writtenPlaceOf(code: Code, inspector: Inspector): WrittenPlace | undefined {
  const position = positionOf(code, inspector);
  if (position === undefined || !isAsWritten(position)) return undefined;
  const { source, beginning } = position;
  const after = spotIn(source, source.slice(0, beginning).replace(exporting, '').trimEnd().length);
  const { line, column } = inspector.locationOf(code)!;
  const isShifted = (line: number) => line === 0 || shiftedInBundle.test(lineOf(source, line));
  return {
    at: placeAt(position.url, spotIn(source, beginning)),
    // A bundle is made of what links lead to.
    file: pathToFileURL(realpathSync(fileURLToPath(toUrl(position.url)))).href,
    after: { line: after.line, column: isShifted(after.line) ? 0 : after.column },
    until: { line, column: isShifted(line) ? endOfLine : column },
  };
}

/** By the URL of a script: each is compared with its file once. */
const asWritten = new Map<string, boolean>();

function isAsWritten({ url, source }: Position): boolean {
  return onceIn(asWritten, url, () => {
    const file = toUrl(url);
    if (!file.startsWith('file:') || isBundled(file) || mapComment.test(source)) return false;
    // Node adds a line to what it took the types from.
    const { length } = source.replace(/\n\n\/\/# sourceURL=.*$/, '');
    // Where a file begins with a mark for its byte order, the engine has left that out.
    return readFileSync(fileURLToPath(file), 'utf8').replace(/^\uFEFF/, '').length === length;
  });
}

/** What was found by its reference: `task 'load'` or `resource 'client'`, of this module here, and its functions. */
export interface Found {
  readonly subject: string;
  readonly module: string | undefined;
  readonly codes: readonly Code[];
}

/**
 * Throws `TASK_FUNCTION_DIFFERS` when what was found has another function than where the flow was started, or a
 * class of it is another one. What cannot be told passes: under another loader the same function has another text
 * and another place.
 */
export function assertSame(made: readonly FunctionIdentity[], { subject, module = '', codes }: Found): void {
  const here = identitiesOf(codes);
  if (made.length === 0 || here.length === 0) return;
  const suspects = made.flatMap((identity, at) => {
    const code = codes[at];
    if (code === undefined || isSame(identity, here[at]!)) return [];
    const text = JSON.stringify(identity);
    return passed.get(code)?.has(text) === true ? [] : [{ identity, code, text }];
  });
  if (suspects.length === 0) return;
  using inspector = new Inspector();
  const compare = isBundled(module) ? differenceInBundle : differenceInScripts;
  for (const { identity, code, text } of suspects) {
    const difference = compare(identity, targetOf(code, inspector), { inspector, module });
    if (difference !== undefined) throw otherFunction(subject, difference);
    passed.set(code, (passed.get(code) ?? new Set()).add(text));
  }
}

function otherFunction(subject: string, { made, found }: Difference): HeddleError {
  const message =
    `${subject} calls ${made} where the flow was started, but ${found} in a worker: while it loaded there, its ` +
    `module chose otherwise, by isMainThread, the environment, the time or chance. Choose inside of the function, ` +
    `by an input.`;
  return new HeddleError('TASK_FUNCTION_DIFFERS', message, { subject, made, instead: found });
}

function isSame(made: FunctionIdentity, found: FunctionIdentity): boolean {
  const [there, here] = [made.location, found.location];
  return made.hash === found.hash && there?.line === here?.line && there?.column === here?.column;
}

interface Here {
  readonly inspector: Inspector;
  /** Of the task. */
  readonly module: string;
}

/** The function that the flow made is in a script of this thread too, just where the flow has it: it was not chosen. */
function differenceInScripts(made: FunctionIdentity, code: Code, { inspector }: Here): Difference | undefined {
  if (made.location === undefined) return { made: made.beginning, found: placeOfFunction(code, inspector) };
  const own = positionOf(code, inspector)?.url;
  // The same text in the same file is taken for the same function: the file may have been edited around it.
  const isSameText = made.hash === shortHash(textOf(code));
  for (const script of inspector.scripts.values()) {
    if (!toUrl(script.url).startsWith('file:') || (isSameText && script.url === own)) continue;
    const place = placeIn(script, made, inspector);
    if (place !== undefined) return { made: place, found: placeOfFunction(code, inspector) };
  }
  return undefined;
}

/** Of what the engine has written itself: its text. */
function placeOfFunction(code: Code, inspector: Inspector): string {
  const position = positionOf(code, inspector);
  return position === undefined ? textOf(code) : placeAt(position.url, spotIn(position.source, position.beginning));
}

function placeIn(script: Script, made: FunctionIdentity, inspector: Inspector): string | undefined {
  const { location, beginning, length, hash } = made;
  if (location === undefined || script.endLine < location.line) return undefined;
  const source = inspector.sourceOf(script.scriptId);
  const offset = offsetIn(source, location);
  if (spotIn(source, offset).line !== location.line) return undefined;
  const at = source.lastIndexOf(beginning, offset);
  if (at === -1 || at + length < offset || shortHash(source.slice(at, at + length)) !== hash) return undefined;
  return placeAt(script.url, spotIn(source, at));
}

/** The text of each bundle of this thread, by its URL. */
const bundles = new Map<string, string>();

/** A bundle knows where what is in it was written. */
function differenceInBundle(made: FunctionIdentity, code: Code, here: Here): Difference | undefined {
  const url = fileOf(here.module);
  const { written, location, beginning } = made;
  const own = here.inspector.locationOf(code);
  if (location === undefined) return { made: beginning, found: placeOfFunction(code, here.inspector) };
  if (written === undefined) return undefined;
  if (own === undefined) return { made: written.at, found: textOf(code) };
  const source = onceIn(bundles, url, () => readFileSync(fileURLToPath(url), 'utf8'));
  // It may be of a package that is not in there.
  if (beginningOf(textOf(code), source, own) === undefined) return undefined;
  const entry = findSourceMap(url)?.findEntry(own.line, own.column);
  if (entry === undefined || !('originalSource' in entry)) return undefined;
  const { originalSource: file, originalLine: line, originalColumn: column } = entry;
  const isThere = !isBefore({ line, column }, written.after) && !isBefore(written.until, { line, column });
  if (isThere && pathOf(file) === pathOf(written.file)) return undefined;
  return { made: written.at, found: placeOf(file, line + 1, column + 1) };
}

function isBefore(one: Spot, other: Spot): boolean {
  return one.line === other.line ? one.column < other.column : one.line < other.line;
}
