import { nodeCrypto } from '../lib/lazy-node.ts';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, win32 } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { config } from '../config/config.ts';
import { expandHome } from '../config/home-folder.ts';
import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { makeFolder } from './make-folder.ts';
import { checkOptions, describe, rules } from '../lib/options.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { Result, ResultDescription } from './result.ts';
import { isSerializer, type Serializer } from './serializer.ts';
import { sentNameOf, serializerOf } from './serializer-names.ts';
import { serializers } from './serializers.ts';

export interface LocalResultOptions {
  /**
   * Where the files are; as configured (`[results] directory`, `~/.heddle/results`) if not given. A `~` at its start is
   * the home of the user.
   */
  readonly directory?: string;
  /** `serializers.v8` if not given. */
  readonly serializer?: Serializer;
}

/**
 * Results as files of this machine: the location is the path below the directory. A file is written beside its place
 * and then moved there, so a reader sees the old one or the new one whole, and of several writers the last wins. A
 * writer that is killed may leave a `.heddle-….tmp` behind. A crash of the machine itself may lose what was written
 * last.
 */
export class LocalResult implements Result {
  readonly directory: string;
  readonly serializer: Serializer;
  /** The default directory is as whoever asks has configured it: it may be another on another machine. */
  readonly #hasOwnDirectory: boolean;

  constructor(options: LocalResultOptions = {}) {
    checkOptions('LocalResult', options, {
      directory: { ...rules.text, elsewhere: ['dir'] },
      serializer: { expected: 'a serializer, such as serializers.json', holds: isSerializer },
    });
    const { directory, serializer = serializers.v8 } = options;
    this.#hasOwnDirectory = directory !== undefined;
    this.directory = resolve(directory === undefined ? config().results.directory : expandHome(directory));
    this.serializer = serializer;
  }

  /** Throws `UNKNOWN_SERIALIZER` for a serializer that a worker could not find: it is not registered. */
  describe(): ResultDescription {
    const serializer = sentNameOf(this.serializer);
    return { kind: 'local', serializer, ...(this.#hasOwnDirectory && { directory: this.directory }) };
  }

  async read(location: string): Promise<unknown> {
    const path = this.#pathOf(location);
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw isMissing(cause) ? notFound(location, path) : unreadable({ location, path, cause });
    });
    try {
      return this.serializer.deserialize(bytes);
    } catch (cause) {
      throw unreadable({ location, path, cause, serializer: this.serializer.name });
    }
  }

  async write(value: unknown, location: string): Promise<void> {
    const path = this.#pathOf(location);
    const bytes = this.serializer.serialize(value);
    const draft = join(dirname(path), `.heddle-${nodeCrypto().randomUUID()}.tmp`);
    try {
      const write = () => writeFile(draft, bytes, { flag: 'wx' });
      await write().catch(async (error: unknown) => {
        if (!isMissing(error)) throw error;
        makeFolder(dirname(path));
        await write();
      });
      await moveOver(draft, path);
    } catch (cause) {
      // The first error is the one to report, also when the draft cannot be removed.
      await rm(draft, { force: true }).catch(() => undefined);
      const another = this.#hasOwnDirectory ? anotherOfOwn : anotherConfigured;
      const remedy = remedies[(cause as NodeJS.ErrnoException).code ?? ''];
      const what = remedy === undefined ? another : `${remedy}, or ${another}`;
      const message = `the result '${location}' could not be written to ${path}: ${messageIn(cause)}; ${what}`;
      throw new HeddleError('RESULT_UNWRITABLE', message, { location, path, cause });
    }
  }

  async exists(location: string): Promise<boolean> {
    const path = this.#pathOf(location);
    try {
      return (await stat(path)).isFile();
    } catch (cause) {
      if (isMissing(cause)) return false;
      throw unreadable({ location, path, cause });
    }
  }

  #pathOf(location: string): string {
    const problem = problemOf(location);
    if (problem === undefined) return join(this.directory, location);
    const message =
      `${describe(location)} is no location below ${this.directory}: ${problem}. ` +
      `Write it like 'flow/2024-05-01/task-0.bin'. If a path is part of it, take the name of the file alone, in a ` +
      'function: target: ({ inputs: [path] }) => `sizes/${basename(path)}.json`';
    throw new UsageError('INVALID_LOCATION', message, { location, directory: this.directory });
  }
}

/** Makes again what its `describe` described. */
export function localResultOf({ directory, serializer }: ResultDescription): LocalResult {
  return new LocalResult({
    serializer: serializerOf(String(serializer)),
    ...(directory !== undefined && { directory: directory as string }),
  });
}

/** What may be done about it, by the code of the system's error. */
const remedies: Readonly<Record<string, string>> = {
  EACCES: 'let whoever runs the task write there',
  EPERM: 'let whoever runs the task write there',
  ENOSPC: 'make room there',
  EDQUOT: 'make room there',
  ENOTDIR: 'move away the file that is where a folder is to be',
  EISDIR: 'move away the folder that is where the file is to be',
};
const anotherOfOwn = 'give LocalResult another directory';
const anotherConfigured =
  'set another folder as results.directory in the configuration where the task runs (or HEDDLE__RESULTS__DIRECTORY)';

/**
 * Why a location is refused. What leads out of the directory is, on any system, since a location may be made of
 * parameters; and so are two ways to write one path.
 */
function problemOf(location: unknown): string | undefined {
  if (typeof location !== 'string') return 'it is not a text';
  if (location === '') return 'it is empty';
  if (location.includes('\0')) return 'it holds a NUL character';
  if (location.startsWith('/') || win32.parse(location).root !== '') return 'it is an absolute path';
  const parts = location.split(/[/\\]/);
  if (parts.includes('..')) return "it leads out of a directory with '..'";
  return parts.includes('') || parts.includes('.') ? 'one of its parts is empty' : undefined;
}

/** So long somebody may keep it from being done, in milliseconds. */
const longestHoldMs = 3_000;
const holds: ReadonlySet<unknown> = new Set(['EACCES', 'EBUSY', 'EPERM']);

/** Windows refuses it while somebody reads the old file, or a program that looks for viruses reads the new one. */
async function moveOver(draft: string, path: string): Promise<void> {
  const until = performance.now() + longestHoldMs;
  for (;;) {
    try {
      return await rename(draft, path);
    } catch (error) {
      if (performance.now() > until || !holds.has((error as NodeJS.ErrnoException).code)) throw error;
    }
    await delay(10);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function notFound(location: string, path: string): HeddleError {
  return new HeddleError('RESULT_NOT_FOUND', `there is no result '${location}': ${path} does not exist`, {
    location,
    path,
  });
}

interface Unreadable {
  readonly location: string;
  readonly path: string;
  readonly cause: unknown;
  /** Present when the file was read, and its content was not understood. */
  readonly serializer?: string;
}

function unreadable({ location, path, cause, serializer }: Unreadable): HeddleError {
  const message =
    serializer === undefined
      ? `the result '${location}' could not be read from ${path}: ${messageIn(cause)}`
      : `the result '${location}' is not what the serializer '${serializer}' writes, or it was damaged ` +
        `(${messageIn(cause)}): ${path}. Remove the file to have it made again, or read it with its own serializer.`;
  return new HeddleError('RESULT_UNREADABLE', message, {
    location,
    path,
    cause,
    ...(serializer !== undefined && { serializer }),
  });
}
