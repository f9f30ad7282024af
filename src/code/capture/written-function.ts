// Where a function was written: in which script, and where in that.

import { existsSync } from 'node:fs';
import { isModuleScope } from './captured.ts';
import { positionOf } from '../function-place.ts';
import type { Code, FunctionFacts, Inspector } from '../../lib/inspector.ts';
import { toUrl } from '../file-path.ts';
import { endOf } from '../syntax/lines.ts';

export interface WrittenFunction {
  readonly scriptId: string;
  /** Of the script; or what stands for one: `[eval]`, `REPL1`, nothing at all. */
  readonly url: string;
  /** Whether the script is a module that another thread can import. */
  readonly isFile: boolean;
  /** Whether it is a file, but no such module. */
  readonly isCommonJs: boolean;
  readonly isStrict: boolean;
  /** Lines and columns count from 0. */
  readonly place: { readonly line: number; readonly column: number };
}

/** Nothing for what the platform has written itself. */
export function scriptOf(
  code: Code,
  { location, scopes }: FunctionFacts,
  inspector: Inspector,
): WrittenFunction | undefined {
  const script = location && inspector.scriptAt(location);
  if (location === undefined || script?.url.startsWith('node:') === true) return undefined;
  const url = toUrl(script?.url ?? '');
  // What was revived is no module, but stands for a part of one.
  const isModule = script?.isModule === true || scopes.some(isModuleScope);
  const isFile = url.startsWith('file:') && existsSync(new URL(url));
  const position = positionOf(code, inspector);
  const before = position?.source.slice(0, position.beginning) ?? '\n'.repeat(location.line);
  const kind = { isFile: isFile && isModule, isCommonJs: isFile && !isModule, isStrict: isModule };
  return { scriptId: location.scriptId, url, ...kind, place: endOf(before) };
}
