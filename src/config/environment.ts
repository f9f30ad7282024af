// Settings as environment variables: `HEDDLE__LOGGING__EXTRA_LOGGERS` is `logging.extraLoggers`. Behind `HEDDLE__`,
// small and capital letters and single underscores make no difference, except in the name of a secret, which is the
// user's.

import { UsageError } from '../lib/heddle-error.ts';
import { childOf, secretEntry, unknownKey, type Entry, type Source } from './entry.ts';
import { isSetting, schema, settings, type Section, type Setting } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const prefix = 'HEDDLE__';
const secretPrefix = `${prefix}SECRETS__`;

/** What the environment sets. An empty variable counts as one that is not set. */
export function* environmentEntries(env: Environment): Generator<Entry> {
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || value === undefined || value === '') continue;
    const source: Source = { type: 'environment', variable };
    if (isSecretVariable(variable)) yield secretEntry(variable.slice(secretPrefix.length), value, source);
    else yield settingEntry(variable, value, source);
  }
}

function settingEntry(variable: string, value: string, source: Source): Entry {
  const path: string[] = [];
  let node: Section | Setting<unknown> = schema;
  for (const word of variable.slice(prefix.length).split('__')) {
    if (isSetting(node) || (path.length === 0 && /^secrets$/i.test(word))) throw notOneSetting(path, variable);
    const name = nameOf(word, node);
    if (name === undefined) throw unknownKey(path, word.toLowerCase(), source);
    path.push(name);
    node = childOf(node, name)!;
  }
  if (!isSetting(node)) throw notOneSetting(path, variable);
  return { key: path.join('.'), value: parseIfJson(value), setting: node, source };
}

function nameOf(word: string, section: Section): string | undefined {
  const wanted = word.replaceAll('_', '').toLowerCase();
  return Object.keys(section).find((name) => name.toLowerCase() === wanted);
}

/** The variable names a section, or something below a setting. */
function notOneSetting(path: readonly string[], variable: string): UsageError {
  const key = path.join('.');
  const meant = [...settings.keys()].find((name) => name === key || name.startsWith(`${key}.`));
  const example = meant === undefined ? `${secretPrefix}NAME` : variableOf(meant);
  const message = `environment variable ${variable}: it does not name one setting, as ${example} does`;
  return new UsageError('UNKNOWN_CONFIG_KEY', message, { key, variable });
}

/** Variables such as `HEDDLE_LOG_LEVEL`, which seem to be meant to set something, each with the one that does. */
export function* misspeltIn(env: Environment): Generator<readonly [variable: string, meant: string]> {
  for (const variable of Object.keys(env)) {
    const [, rest] = /^heddle_(.+)/i.exec(variable) ?? [];
    if (rest === undefined || variable.startsWith(prefix)) continue;
    const [, secret] = /^_?secrets?_+(.+)/i.exec(rest) ?? [];
    const word = rest.replaceAll('_', '').toLowerCase();
    const key = [...settings.keys()].find((name) => isMeant(word, name));
    if (secret !== undefined) yield [variable, secretPrefix + secret];
    else if (key !== undefined) yield [variable, variableOf(key)];
  }
}

/** Whether the word is the key, of whose section it may have only the beginning: `loglevel` is `logging.level`. */
function isMeant(word: string, key: string): boolean {
  const at = key.lastIndexOf('.');
  const [section, name] = [key.slice(0, at).replaceAll('.', ''), key.slice(at + 1)];
  if (!word.endsWith(name.toLowerCase())) return false;
  const before = word.slice(0, word.length - name.length);
  return before === '' ? /[A-Z]/.test(name) : section.startsWith(before);
}

function isSecretVariable(variable: string): boolean {
  return variable.length > secretPrefix.length && variable.startsWith(secretPrefix);
}

/** The variables that may hold a secret, the one that wins first. */
export function secretVariables(name: string): readonly string[] {
  return [secretPrefix + name, name];
}

/** The names of all secrets that the environment might hold. */
export function secretNamesIn(env: Environment): string[] {
  return Object.keys(env).map((variable) =>
    isSecretVariable(variable) ? variable.slice(secretPrefix.length) : variable,
  );
}

/** The list or object that a text shows, frozen, or the text. */
export function parseIfJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text, (_, part: unknown) => Object.freeze(part));
  } catch {
    return text;
  }
}

function variableOf(key: string): string {
  const words = key.split('.').map((word) => word.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return prefix + words.join('__');
}
