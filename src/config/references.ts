// Values that refer to others: `$NAME` alone and `${NAME}` anywhere stand for an environment variable, `${other.key}`
// for another setting. A dollar sign anywhere else is a dollar sign; `$$NAME` and `$${` are the texts `$NAME` and `${`.
//
// What comes out of the environment is never searched for references again: a password may hold anything.

import { dirname } from 'node:path';
import { invalidReference, invalidValue, secretNameOf, type Entry } from './entry.ts';
import type { Environment } from './environment.ts';
import { didYouMean } from '../lib/nearest.ts';

/** Who needs more links than this from one setting to the next has made a mistake. */
const maxLinks = 10;

export interface Whereabouts {
  readonly env: Environment;
  /** The home folder of the user. */
  readonly home: string;
  /** Where the search for `heddle.toml` begins, and what relative paths in the environment start from. */
  readonly directory: string;
}

/** Fills in what the entries refer to, checks what comes of it, and returns the finished values by key. */
export function finishEntries(entries: ReadonlyMap<string, Entry>, whereabouts: Whereabouts): Map<string, unknown> {
  const references = new References(entries, whereabouts);
  return new Map([...entries.keys()].map((key) => [key, references.valueOf(key)]));
}

function finishEntry(entry: Entry, value: unknown, { home, directory }: Whereabouts): unknown {
  const { setting, source } = entry;
  const wasFilledIn = value !== entry.value;
  if (setting === undefined) return value;
  const start = source.type === 'file' ? dirname(source.path) : directory;
  const isText = typeof value === 'string' && (wasFilledIn || source.type === 'environment');
  const candidates = isText ? [cast(value), value] : [value];
  const held = candidates.findIndex((candidate) => setting.holds(candidate));
  if (held === -1) throw invalidValue(entry, { wasFilledIn });
  return setting.finish(candidates[held], { home, start });
}

class References {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #whereabouts: Whereabouts;
  readonly #values = new Map<string, unknown>();
  /** The keys whose values are being worked out, each because of the one before. */
  readonly #path: string[] = [];

  constructor(entries: ReadonlyMap<string, Entry>, whereabouts: Whereabouts) {
    this.#entries = entries;
    this.#whereabouts = whereabouts;
  }

  valueOf(key: string): unknown {
    if (this.#values.has(key)) return this.#values.get(key);
    const entry = this.#entries.get(key)!;
    if (this.#path.includes(key)) {
      const cycle = [...this.#path.slice(this.#path.indexOf(key)), key].join(' → ');
      throw invalidReference('INVALID_CONFIG_REFERENCE', entry, `refers to itself: ${cycle}`);
    }
    if (this.#path.length > maxLinks) {
      throw invalidReference(
        'INVALID_CONFIG_REFERENCE',
        entry,
        `is more than ${maxLinks} references away from a value`,
      );
    }
    this.#path.push(key);
    const value = finishEntry(entry, this.#fillIn(entry), this.#whereabouts);
    this.#path.pop();
    this.#values.set(key, value);
    return value;
  }

  #fillIn(entry: Entry): unknown {
    const { value, setting, source } = entry;
    const isVerbatim = setting === undefined && source.type === 'environment';
    if (isVerbatim || typeof value !== 'object') return isVerbatim ? value : this.#replace(value, entry);
    // Before anything is done for each part of it, so that a value of any depth is met by an error.
    if (setting !== undefined && !setting.holds(value)) throw invalidValue(entry);
    return this.#replaceIn(value, entry);
  }

  /** A frozen copy. A secret in a file is as deep as the parser allows, a setting is checked: neither is too deep. */
  #replaceIn(value: unknown, entry: Entry): unknown {
    if (typeof value !== 'object' || value === null) return this.#replace(value, entry);
    if (value instanceof Date) return value.toISOString();
    if (Array.isArray(value)) return Object.freeze(value.map((part) => this.#replaceIn(part, entry)));
    const parts = Object.entries(value).map(([name, part]) => [name, this.#replaceIn(part, entry)] as const);
    return Object.freeze(Object.fromEntries(parts));
  }

  #replace(text: unknown, entry: Entry): unknown {
    if (typeof text !== 'string' || !text.includes('$')) return text;
    const [, variable] = /^\$([A-Za-z_]\w*)$/.exec(text) ?? [];
    if (variable !== undefined) return this.#lookUp(variable, entry);
    if (/^\$\$+[A-Za-z_]\w*$/.test(text)) return text.slice(1);
    const [, whole] = /^\$\{([^{}]+)\}$/.exec(text) ?? [];
    if (whole !== undefined) return this.#lookUp(whole, entry);
    return text.replaceAll(/\$\$\{|\$\{([^{}]*)(\}?)/g, (found, name: string, end: string) => {
      if (found === '$${') return '${';
      if (end !== '') return asText(this.#lookUp(name, entry));
      const message = `has a '\${' without a '}'. Write '$\${' for the text itself.`;
      throw invalidReference('INVALID_CONFIG_REFERENCE', entry, message);
    });
  }

  #lookUp(name: string, entry: Entry): unknown {
    const { env } = this.#whereabouts;
    const isSet = isKey(name) ? this.#entries.has(name) : Object.hasOwn(env, name);
    const value = !isSet ? undefined : isKey(name) ? this.valueOf(name) : env[name];
    if (value === undefined) throw this.#unknown(name, entry);
    return value;
  }

  #unknown(name: string, entry: Entry): Error {
    const remedy = `Write '$$' in place of '$' if a dollar sign is meant.`;
    // The text of a secret may look like a reference by chance, so no part of it is shown.
    const what = isKey(name) ? 'a setting' : 'an environment variable';
    if (secretNameOf(entry) !== undefined) {
      return invalidReference('UNKNOWN_CONFIG_REFERENCE', entry, `refers to ${what} that is not set. ${remedy}`);
    }
    const isUnset = this.#entries.has(name);
    const names = isKey(name) ? this.#entries.keys() : Object.keys(this.#whereabouts.env);
    const hint = isUnset ? '' : didYouMean(name, names) || ` ${remedy}`;
    const text = `refers to '${name}', ${what} that is not set.${hint}`;
    return invalidReference('UNKNOWN_CONFIG_REFERENCE', entry, text);
  }
}

/** Names of variables have no dots in them, keys of settings have one at least. */
function isKey(name: string): boolean {
  return name.includes('.');
}

/** A text as the value that it shows: `true`, `false` and numbers; anything else is text. */
function cast(text: string): unknown {
  const trimmed = text.trim();
  if (/^(?:true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true';
  return /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : text;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
