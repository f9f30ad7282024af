// What a function is made of when it travels with what it captures, as plain data. `capture.ts` makes it, `revive.ts`
// makes functions of it again.

import type { Replacement } from './early-parts.ts';
import type { CapturedProperty, KeyName } from './properties.ts';
import type { FunctionIdentity } from '../function-identity.ts';
import type { Reference } from '../registry.ts';
import type { Code, VisibleScope } from '../../lib/inspector.ts';
import type { ImportedName } from '../syntax/module-text.ts';

/** By its own name in something that is there at both ends, or by its text. Modules of Node are `known` as well. */
export type CapturedFunction =
  | { readonly type: 'reference'; readonly reference: Reference; readonly functions: readonly FunctionIdentity[] }
  /** Of the platform: where to look for it, from a global or (`node:fs`) a module on. */
  | { readonly type: 'known'; readonly path: readonly string[] }
  /** Of a CommonJS module: what it exports, or something that this has. */
  | { readonly type: 'exported'; readonly file: string; readonly path: readonly string[] }
  | {
      readonly type: 'named';
      readonly module: ModuleAddress;
      readonly name: string;
      readonly functions: readonly FunctionIdentity[];
    }
  /** Others that it is made of are numbered as in `Captured.functions`; values are keys of `Captured.values`. */
  | { readonly type: 'bound'; readonly target: number; readonly self: string; readonly args: readonly string[] }
  | CapturedText;

/** A module that is imported at the other end, where its bytes must be the same. */
export interface ModuleAddress {
  readonly url: string;
  readonly fingerprint: string;
}

export interface CapturedText {
  readonly type: 'text';
  readonly name: string;
  readonly source: string;
  readonly isMethod: boolean;
  readonly isStrict: boolean;
  /** The script that it stands in, and where; lines and columns count from 0. */
  readonly place: { readonly url: string; readonly line: number; readonly column: number };
  /** Present when names of that are looked up at the other end. */
  readonly module?: ModuleAddress;
  /** Names of the module, to be looked up once. */
  readonly fixed: readonly string[];
  /** Names of the module that may change, to be looked up each time. */
  readonly changing: readonly string[];
  readonly imports: Readonly<Record<string, ImportedName>>;
  /** Variables of the functions around it, by name: keys of `Captured.values`. */
  readonly locals: Readonly<Record<string, string>>;
  /** What was put on the function itself. */
  readonly properties: readonly CapturedProperty[];
  readonly length: number;
  /** What stands in the source for parts that would mean something else at the other end, or nothing. */
  readonly replaced: readonly Replacement[];
}

export interface Gap {
  readonly path: readonly KeyName[];
  readonly function: number;
  /** Present for one that is called to read what is there, or to write it. */
  readonly as?: 'get' | 'set';
}

/** The functions of a task that was found, for those who do not know what tasks are. */
export type CodesOf = (task: object) => readonly Code[];

export interface Captured {
  readonly functions: readonly CapturedFunction[];
  /** Where in the values there is a function. */
  readonly gaps: readonly Gap[];
  /** What was captured, without functions. All in one, so that what is the same in two places stays the same. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** What debuggers call the function that stands around a revived one: its variables are those of the module. */
export const moduleFunction = 'heddleModule';

/** Names that no program uses, around a revived function. */
export const ownNames = {
  live: '__heddleLive',
  kit: '__heddleKit',
  meta: '__heddleMeta',
  name: '__heddleName',
  value: '__heddleValue',
} as const;

export function isModuleScope({ description }: VisibleScope): boolean {
  return description === 'Module' || description === `Closure (${moduleFunction})` || description.startsWith('With');
}
