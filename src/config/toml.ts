import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as smolToml from 'smol-toml';
import { UsageError } from '../lib/heddle-error.ts';
import { messageIn } from '../lib/thrown-text.ts';

/** Loaded when there is a file to read: every thread would pay for it. */
const toml = () => createRequire(import.meta.url)('smol-toml') as typeof smolToml;

/** What is deeper than this is no configuration. It also bounds the recursion of those who walk over a value. */
const maxDepth = 100;

/** A longer file is not searched for the line of a key, which takes time in proportion to the square of its length. */
const maxSearchedLines = 1_000;

/** The text of the file, or nothing if there is none. */
export function readText(path: string): string | undefined {
  try {
    if (!existsSync(path)) return undefined;
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    // Node's permission model does not let it be asked for.
    if ((error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED') return undefined;
    const why = messageIn(error);
    throw new UsageError('INVALID_CONFIG_FILE', `${path} cannot be read: ${why}`, { file: path, cause: error });
  }
}

export function parseToml(text: string, path: string): object {
  try {
    return toml().parse(text, { maxDepth });
  } catch (error) {
    if (!(error instanceof toml().TomlError)) throw error;
    const { line, column } = error;
    // The parser's error quotes the lines around the fault, and there may be secrets on them: it is neither shown nor
    // kept as the cause.
    const [why = ''] = error.message.split('\n');
    const message = `${path}:${line}:${column}: ${why.replace('Invalid TOML document: ', 'not valid TOML: ')}`;
    throw new UsageError('INVALID_CONFIG_FILE', message, { file: path, line, column });
  }
}

/**
 * The line on which a key is set, counted from 1. The parser does not tell, so it is asked again with one line more
 * each time: the key is set by the first statement after which it is there.
 */
export function lineOf(text: string, keys: readonly string[]): number | undefined {
  const lines = text.split('\n');
  if (lines.length > maxSearchedLines) return undefined;
  let start = 1;
  for (let count = 1; count <= lines.length; count += 1) {
    const table = tryParse(lines.slice(0, count).join('\n'));
    if (table === undefined) continue;
    if (isSet(table, keys)) return start;
    start = count + 1;
  }
  return undefined;
}

/** Nothing, if the text ends in the middle of a statement. */
function tryParse(text: string): object | undefined {
  try {
    return toml().parse(text, { maxDepth });
  } catch {
    return undefined;
  }
}

function isSet(table: object, keys: readonly string[]): boolean {
  let value: unknown = table;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<string, unknown>)[key];
  }
  return true;
}
