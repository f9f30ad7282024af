// Which module's top level is being evaluated now? That is the module that a worker must import so that the same
// `task()` call happens again. It is not always the file that holds the call: a helper that makes tasks, called from
// the top level of a flow file, defines them for the flow file.

import { AsyncLocalStorage } from 'node:async_hooks';
import util from 'node:util';
import { toUrl } from './file-path.ts';
import { processWide } from '../lib/process-wide.ts';

/** Where a definition was made: by which module, if any, and the place that called for it. */
export interface CallSite {
  /** URL of the module whose top level was running; absent when code inside a function was. */
  readonly module: string | undefined;
  /** The caller's file as a URL or what stands for one (`REPL1`, `[eval]`). */
  readonly file: string;
  readonly line: number;
  /** Where in the script of the module, which knows more. */
  readonly place?: Place;
  /** Whether that module is a guess: it may as well be an async function in there. */
  readonly isGuess?: true;
}

/** Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

interface Frame extends Place {
  readonly name: string;
  readonly file: string;
}

/** The module of a bundle whose top level runs here, which it says itself; awaiting something, it is not mistaken. */
const bundledModule = processWide('bundled-module', () => {
  return new AsyncLocalStorage<{ readonly bundle: string; readonly module: string } | undefined>();
});

const ownSource = new URL('../', import.meta.url).href;
/** Deep enough for any helper between a module's top level and `task()`; frames are cheap. */
const frameLimit = 60;

/** The call site of whoever called into Heddle, as seen from anywhere inside it. */
export function callSite(): CallSite {
  const frames = util
    .getCallSites(frameLimit, { sourceMap: false })
    .map(({ functionName, scriptName, lineNumber, columnNumber }): Frame => {
      return { name: functionName, file: toUrl(scriptName), line: lineNumber, column: columnNumber };
    })
    .filter(({ file }) => !file.startsWith(ownSource));
  const caller = frames.find(({ file }) => !isInternal(file)) ?? { file: '', line: 0 };
  const bundled = bundledModuleIn(frames);
  if (bundled !== undefined) return { module: bundled, file: caller.file, line: caller.line };
  const at = frames.findIndex((frame, index) => isModuleBody(frame, frames[index + 1]));
  const body = frames[at];
  const site = { module: body?.file, file: caller.file, line: caller.line };
  if (body === undefined) return site;
  const place = { line: body.line, column: body.column };
  return { ...site, place, ...(!isLoader(frames[at + 1]) && { isGuess: true }) };
}

/** Whether a package (we are one), Node, or code that they made, called the function that asks; in bundles too. */
export function isCalledByPackage(): boolean {
  const [, , { scriptName: caller } = { scriptName: '' }] = util.getCallSites(3, { sourceMap: true });
  return isInternal(caller) || caller.startsWith(ownSource) || toUrl(caller).includes('/node_modules/');
}

/** Calls what may run modules of a bundle, without being taken for one of them afterwards. */
export function apart<T>(call: () => T): T {
  return bundledModule.run(undefined, call);
}

/** Inside of a bundle all modules share one scope; each says who it is before it runs (see `bundle.ts`). */
function bundledModuleIn(frames: readonly Frame[]): string | undefined {
  const running = bundledModule.getStore();
  if (running === undefined || !frames.some(({ file }) => file === running.bundle)) return undefined;
  return inBundle(running.bundle, running.module);
}

/** What a module is called that comes out of a bundle. */
export function inBundle(bundle: string, module: string): string {
  return `${bundle}!${module}`;
}

export function isBundled(module: string): boolean {
  return module.includes('!file:');
}

/** The file to import for a module: its own, or the bundle that it is in. */
export function fileOf(module: string): string {
  return isBundled(module) ? module.slice(0, module.indexOf('!file:')) : module;
}

/** The URL of the module itself, also when it was imported from a bundle. */
export function unbundled(module: string): string {
  return isBundled(module) ? module.slice(module.indexOf('!file:') + 1) : module;
}

/**
 * A frame without a name right above Node's loader is the body of a module. After a top-level `await` there is no
 * loader below it any more, only the microtask queue or nothing; an async arrow function looks the same then, so it is
 * a guess.
 */
function isModuleBody(frame: Frame, below: Frame | undefined): boolean {
  if (isInternal(frame.file) || !frame.file.startsWith('file:')) return false;
  const isAnonymous = frame.name === '' || frame.name === '<anonymous>' || frame.name === 'Object.<anonymous>';
  if (!isAnonymous) return false;
  if (below === undefined) return true;
  return isLoader(below) || below.file.startsWith('node:internal/process/task_queues');
}

function isLoader(frame: Frame | undefined): boolean {
  return frame !== undefined && /^node:internal\/(?:modules\/|vm)/.test(frame.file);
}

function isInternal(file: string): boolean {
  return file === '' || file.startsWith('node:');
}
