import { dirname, join, resolve } from 'node:path';
import { entriesOf, secretNameOf, type Entry, type Source } from './entry.ts';
import { environmentEntries, parseIfJson } from './environment.ts';
import { finishEntries, type Whereabouts } from './references.ts';
import { settings } from './schema.ts';
import { parseToml, readText } from './toml.ts';
import { makeConfig, type Config, type ConfigFile } from './tree.ts';

/**
 * Puts the configuration together. Each of these wins over the ones before:
 *
 * 1. what every setting is without anybody's doing,
 * 2. `~/.heddle/config.toml`,
 * 3. the project's `heddle.toml`: the nearest one, from `directory` upwards,
 * 4. environment variables such as `HEDDLE__LOGGING__LEVEL`.
 *
 * An unknown key, a wrong value or a reference to nothing is a `UsageError` that says where it is written.
 */
export function loadConfig(whereabouts: Whereabouts): Config {
  const { env, home, directory } = whereabouts;
  const user = readFile(join(home, '.heddle', 'config.toml'), 'user');
  const files = [user, findProjectFile(resolve(directory))];
  const entries = new Map<string, Entry>();
  const add = (layer: Iterable<Entry>) => {
    for (const entry of layer) entries.set(entry.key, entry);
  };
  add(defaults());
  for (const { path, text } of files) if (text !== undefined) add(fileEntries(path, text));
  add(environmentEntries(env));

  const values = finishEntries(entries, whereabouts);
  const secrets = [...entries.values()].flatMap((entry) => {
    const name = secretNameOf(entry);
    return name === undefined ? [] : [[name, asSecret(values.get(entry.key))] as const];
  });
  return makeConfig({ values, secrets: new Map(secrets), files: files.map(described) });
}

interface TextFile extends Omit<ConfigFile, 'isFound'> {
  /** Absent if there is no such file. */
  readonly text?: string;
}

function readFile(path: string, kind: ConfigFile['kind']): TextFile {
  const text = readText(path);
  return text === undefined ? { kind, path } : { kind, path, text };
}

function findProjectFile(directory: string): TextFile {
  for (let folder = directory; ; folder = dirname(folder)) {
    const file = readFile(join(folder, 'heddle.toml'), 'project');
    if (file.text !== undefined) return file;
    if (folder === dirname(folder)) return { kind: 'project', path: join(directory, 'heddle.toml') };
  }
}

function described({ kind, path, text }: TextFile): ConfigFile {
  return { kind, path, isFound: text !== undefined };
}

function* defaults(): Generator<Entry> {
  for (const [key, setting] of settings) yield { key, value: setting.initial, setting, source: { type: 'default' } };
}

function fileEntries(path: string, text: string): Iterable<Entry> {
  const source: Source = { type: 'file', path, text };
  return entriesOf(parseToml(text, path), source);
}

/** One secret is of one type, wherever it is kept: in the environment, a number is a text too. */
function asSecret(value: unknown): unknown {
  if (typeof value === 'string') return parseIfJson(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
