import { HeddleError } from '../lib/heddle-error.ts';
import { assertName } from '../lib/options.ts';
import { parseIfJson, secretNamesIn, secretVariables, type Environment } from './environment.ts';
import type { Config } from './tree.ts';
import { didYouMean } from '../lib/nearest.ts';

/** Where secrets are looked for. */
export interface SecretPlaces {
  /** The secrets that came with the context of the run, by name. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  readonly config: Pick<Config, 'secrets' | 'files'>;
}

/**
 * The value of a secret, from the first of these that has it:
 *
 * 1. the context of the run,
 * 2. the environment variable `HEDDLE__SECRETS__<name>`, then `<name>`; an empty one counts as not set,
 * 3. `[secrets]` of the configuration files, the project's before the user's.
 *
 * A text that is a JSON list or object is parsed. Other texts stay what they are: a password of digits is no number.
 */
export function findSecret(name: string, { context = {}, env, config }: SecretPlaces): unknown {
  assertName(name, 'the name of a secret should be a text that is not empty');
  const variables = secretVariables(name).map((variable) => own(env, variable));
  const candidates = [own(context, name), ...variables.map((text) => text || undefined), own(config.secrets, name)];
  const value = candidates.find((candidate) => candidate !== undefined);
  if (value === undefined) throw notFound(name, { context, env, config });
  return typeof value === 'string' ? parseIfJson(value) : value;
}

/**
 * Every text in a secret that must not be shown: the secret itself, or all that stands in its lists and objects. For
 * `createMask`.
 */
export function textsOfSecret(secret: unknown): string[] {
  const texts: string[] = [];
  const seen = new Set([secret]);
  for (const value of seen) {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'number' || typeof value === 'bigint') texts.push(String(value));
    else for (const part of partsOf(value)) seen.add(part);
  }
  return texts;
}

function partsOf(value: unknown): Iterable<unknown> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  return value instanceof Map || value instanceof Set ? value.values() : Object.values(value);
}

/** Says where the secret is not, and how to put it there. Names only: no value of any secret is part of it. */
function notFound(name: string, { context = {}, env, config }: SecretPlaces): HeddleError {
  const given = Object.keys(context).filter((key) => context[key] !== undefined);
  const places = [
    `the secrets that the run was given, which are: ${given.join(', ') || 'none'}`,
    ...secretVariables(name).map(
      (variable) => `the environment variable ${variable}, which is ${own(env, variable) === '' ? 'empty' : 'not set'}`,
    ),
    ...config.files.toReversed().map(({ kind, path, isFound }) => {
      if (isFound) return `[secrets] in ${path}, which does not name it`;
      return `${path}, which does not exist${kind === 'project' ? ', nor does one in a folder above' : ''}`;
    }),
  ];
  const known = [...given, ...Object.keys(config.secrets), ...secretNamesIn(env)];
  const key = /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
  const property = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
  const user = config.files.find(({ kind }) => kind === 'user');
  const file = user === undefined ? '' : ` in ${user.path}`;
  const variable = /^\w+$/.test(name) ? `set the environment variable ${name} there, or ` : '';
  const message =
    `secret '${name}' was not found where it was asked for.${didYouMean(name, known)} Give it to the run, which ` +
    `takes it along: flow.run({ secrets: { ${property}: … } }); or ${variable}write ${key} = "…" under ` +
    `[secrets]${file} there. Looked in:\n${places.map((place) => `- ${place}`).join('\n')}`;
  return new HeddleError('SECRET_NOT_FOUND', message, { secret: name, places });
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
