import { settings, type Settings } from './schema.ts';

/**
 * What is configured, frozen. `secrets` and `files` are not enumerable: who prints, copies or sends a configuration
 * does not print, copy or send secrets.
 */
export interface Config extends Settings {
  /** By name. Each is a text, or the list or object that a text showed as JSON. */
  readonly secrets: Readonly<Record<string, unknown>>;
  /** The files that were read, or would have been, the one that wins last. */
  readonly files: readonly ConfigFile[];
}

export interface ConfigFile {
  readonly kind: 'user' | 'project';
  /** For a project without one, where it would be nearest. */
  readonly path: string;
  readonly isFound: boolean;
}

export interface ConfigParts {
  /** By dotted key; all there are. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly secrets: ReadonlyMap<string, unknown>;
  readonly files: readonly ConfigFile[];
}

export function makeConfig({ values, secrets, files }: ConfigParts): Config {
  const root: Tree = {};
  const sections = new Set([root]);
  for (const key of settings.keys()) {
    const names = key.split('.');
    const last = names.pop()!;
    let section = root;
    for (const name of names) {
      section = (section[name] ??= {}) as Tree;
      sections.add(section);
    }
    section[last] = values.get(key);
  }
  Object.defineProperty(root, 'secrets', { value: Object.freeze(Object.fromEntries(secrets)) });
  Object.defineProperty(root, 'files', { value: Object.freeze(files.map((file) => Object.freeze({ ...file }))) });
  for (const section of sections) Object.freeze(section);
  return root as unknown as Config;
}

interface Tree {
  [name: string]: unknown;
}
