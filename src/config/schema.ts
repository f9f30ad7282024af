// Every setting there is. A room that needs one adds a line to the table; all the rest (files, environment, checks,
// types, suggestions) follows from it. Secrets are not in the table: their names are the user's.

import { resolve } from 'node:path';
import { toMilliseconds, type Duration } from '../lib/duration.ts';
import { rules } from '../lib/options.ts';
import { expandHome } from './home-folder.ts';

export const schema = {
  logging: {
    level: oneOf(['debug', 'info', 'warn', 'error'], 'info'),
    format: oneOf(['text', 'json'], 'text'),
    /** Loggers of other libraries whose records join the log of the run. */
    extraLoggers: names(),
    logStdout: flag(false),
    /** How often a mapped task that goes on tells how far it is. */
    progressInterval: duration('10s'),
  },
  tasks: {
    /** What a task gets that says nothing itself. */
    defaults: { retries: count(0), retryDelay: duration(false), timeout: duration(false) },
    /** What happens when a task keeps something in a variable that is not its own. */
    variableWrites: oneOf(['warn', 'error', 'ignore'], 'warn'),
  },
  /** What becomes of inputs and results that would arrive changed; and how many megabytes each may have. */
  values: { check: oneOf(['strict', 'warn', 'off'], 'warn'), limit: count(1_024) },
  /** Where workers keep the code that is sent to them. */
  code: { directory: folder('~/.heddle/code') },
  results: { directory: folder('~/.heddle/results') },
  flows: { checkpointing: flag(false) },
} as const;

/** What may be written for one key, and what is made of it. */
export interface Setting<T> {
  readonly type: 'setting';
  /** As somebody would write it in a file. */
  readonly initial: unknown;
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  /** From what is written to what is meant. Only called with what holds. */
  readonly finish: (value: unknown, folders: Folders) => T;
  /** All there are, when they can be counted: one of them may have been meant. */
  readonly choices?: readonly string[];
}

/** What `~` stands for, and what a relative path starts from. */
export interface Folders {
  readonly home: string;
  readonly start: string;
}

export interface Section {
  readonly [name: string]: Section | Setting<unknown>;
}

type ValuesOf<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : ValuesOf<S[K]> };

export type Settings = ValuesOf<typeof schema>;

export function isSetting(node: Section | Setting<unknown>): node is Setting<unknown> {
  return node.type === 'setting';
}

/** All settings by their dotted keys, such as `tasks.defaults.retries`. */
export const settings: ReadonlyMap<string, Setting<unknown>> = new Map(settingsIn(schema, ''));

function* settingsIn(section: Section, prefix: string): Generator<[string, Setting<unknown>]> {
  for (const [name, node] of Object.entries(section)) {
    if (isSetting(node)) yield [prefix + name, node];
    else yield* settingsIn(node, `${prefix}${name}.`);
  }
}

function oneOf<const T extends string>(choices: readonly T[], initial: NoInfer<T>): Setting<T> {
  const expected = `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`;
  const holds = (value: unknown) => choices.includes(value as T);
  return { type: 'setting', initial, expected, holds, finish: (value) => value as T, choices };
}

function flag(initial: boolean): Setting<boolean> {
  return { type: 'setting', initial, ...rules.flag, finish: (value) => value as boolean };
}

function count(initial: number): Setting<number> {
  return { type: 'setting', initial, ...rules.count, finish: (value) => value as number };
}

function names(): Setting<readonly string[]> {
  return {
    type: 'setting',
    initial: [],
    expected: `a list of names, such as ["sql", "app:*"]`,
    holds: (value) => Array.isArray(value) && value.every(rules.text.holds),
    finish: (value) => Object.freeze([...(value as readonly string[])]),
  };
}

/** `false` is how one file takes back what another has set. */
function duration(initial: Duration | false): Setting<Duration | undefined> {
  return {
    type: 'setting',
    initial,
    expected: `a number of milliseconds, a text like '250ms', '10s', '5m', or false for none`,
    holds: (value) => value === false || isDuration(value),
    finish: (value) => (value === false ? undefined : (value as Duration)),
  };
}

function isDuration(value: unknown): boolean {
  try {
    toMilliseconds(value, 'the setting');
    return true;
  } catch {
    return false;
  }
}

function folder(initial: string): Setting<string> {
  const finish = (value: unknown, { home, start }: Folders) => resolve(start, expandHome(value as string, home));
  return { type: 'setting', initial, expected: 'the path of a folder', holds: rules.text.holds, finish };
}
