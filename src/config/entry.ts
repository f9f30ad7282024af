// One value as somebody wrote it, and who did: errors must be able to say where to look.

import { UsageError, type ErrorFacts } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { isSetting, schema, type Section, type Setting } from './schema.ts';
import { lineOf } from './toml.ts';
import { didYouMean } from '../lib/nearest.ts';

export interface Entry {
  /** Dotted, such as `logging.level` or `secrets.DB_PASSWORD`. */
  readonly key: string;
  readonly value: unknown;
  /** Absent for a secret, which may be anything. */
  readonly setting?: Setting<unknown>;
  readonly source: Source;
}

export type Source =
  | { readonly type: 'default' }
  | { readonly type: 'file'; readonly path: string; readonly text: string }
  | { readonly type: 'environment'; readonly variable: string };

const secretsSection = 'secrets';
const sections = [...Object.keys(schema), secretsSection];

/** What the table of a file sets. */
export function* entriesOf(table: object, source: Source): Generator<Entry> {
  for (const [name, value] of Object.entries(table)) {
    const node = childOf(schema, name);
    if (name !== secretsSection && node === undefined) throw unknownKey([], name, source);
    if (!isTable(value)) throw notASection([name], value, source);
    if (node !== undefined) yield* entriesIn(node as Section, value, [name], source);
    else for (const [secret, held] of Object.entries(value)) yield secretEntry(secret, held, source);
  }
}

/** As deep as the table of settings is, however deep the value. */
function* entriesIn(section: Section, table: object, path: readonly string[], source: Source): Generator<Entry> {
  for (const [name, value] of Object.entries(table)) {
    const node = childOf(section, name);
    const keys = [...path, name];
    if (node === undefined) throw unknownKey(path, name, source);
    if (isSetting(node)) yield { key: keys.join('.'), value, setting: node, source };
    else if (isTable(value)) yield* entriesIn(node, value, keys, source);
    else throw notASection(keys, value, source);
  }
}

export function secretEntry(name: string, value: unknown, source: Source): Entry {
  return { key: `${secretsSection}.${name}`, value, source };
}

/** The name, if the entry is a secret. */
export function secretNameOf({ key, setting }: Entry): string | undefined {
  return setting === undefined ? key.slice(secretsSection.length + 1) : undefined;
}

/** `path` leads to the section, and is empty at the top. */
export function unknownKey(path: readonly string[], name: string, source: Source): UsageError {
  const names = path.length === 0 ? sections : Object.keys(sectionAt(path));
  const known = didYouMean(name, names) || ` There are: ${names.join(', ')}.`;
  const what =
    path.length === 0 ? `there is no section '${name}'.` : `section '${path.join('.')}' has no key '${name}'.`;
  return complaint('UNKNOWN_CONFIG_KEY', { keys: [...path, name], source }, `${what}${known}`);
}

function notASection(keys: readonly string[], value: unknown, source: Source): UsageError {
  // Not a word of the value: who writes `secrets = "…"` has written a secret.
  const got = Array.isArray(value) ? 'a list' : typeof value === 'string' ? 'a text' : `a ${typeof value}`;
  const text = `'${keys.join('.')}' should be a section with keys of its own; got ${got}`;
  return complaint('INVALID_CONFIG_VALUE', { keys, source }, text, { expected: 'a section' });
}

/** The value as it was written is shown, never what it stands for: that may come from a variable that is secret. */
export function invalidValue(
  entry: Entry,
  { wasFilledIn = false }: { readonly wasFilledIn?: boolean } = {},
): UsageError {
  const { key, value, source } = entry;
  const { expected = '', choices = [] } = entry.setting ?? {};
  const got = wasFilledIn ? `what ${describe(value)} stands for` : describe(value);
  const hint = typeof value === 'string' ? didYouMean(value, choices) : '';
  const text = `'${key}' should be ${expected}; got ${got}${hint === '' ? '' : `.${hint}`}`;
  return complaint('INVALID_CONFIG_VALUE', { keys: key.split('.'), source }, text, { expected });
}

export function invalidReference(code: string, entry: Entry, text: string): UsageError {
  const secret = secretNameOf(entry);
  const keys = secret === undefined ? entry.key.split('.') : [secretsSection, secret];
  return complaint(code, { keys, source: entry.source }, `'${entry.key}' ${text}`);
}

interface Subject {
  readonly keys: readonly string[];
  readonly source: Source;
}

function complaint(code: string, subject: Subject, text: string, facts: ErrorFacts = {}): UsageError {
  const where = placeOf(subject);
  return new UsageError(code, `${where.text}: ${text}`, { key: subject.keys.join('.'), ...where.facts, ...facts });
}

function placeOf({ keys, source }: Subject): { text: string; facts: ErrorFacts } {
  if (source.type === 'environment') {
    return { text: `environment variable ${source.variable}`, facts: { variable: source.variable } };
  }
  if (source.type === 'default') return { text: 'defaults', facts: {} };
  const line = lineOf(source.text, keys);
  if (line === undefined) return { text: source.path, facts: { file: source.path } };
  return { text: `${source.path}:${line}`, facts: { file: source.path, line } };
}

export function childOf(section: Section, name: string): Section | Setting<unknown> | undefined {
  return Object.hasOwn(section, name) ? section[name] : undefined;
}

function sectionAt(path: readonly string[]): Section {
  return path.reduce<Section>((section, name) => section[name] as Section, schema);
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
