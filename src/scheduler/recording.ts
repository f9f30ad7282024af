// Records what happens to a scheduler in a file, so that its core can be given the same events again: it decides by
// events and times alone. No user value is in it, since the core sees none.
//
// The first line has the options of the core. Each other line is an event: its time, a hash of the commands, the event.

import { close, closeSync, openSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { HeddleError } from '../lib/heddle-error.ts';
import { version } from '../lib/version.ts';
import { messageIn } from '../lib/thrown-text.ts';
import { SchedulerCore, type Command, type CoreOptions, type Event } from './core.ts';

interface Heading {
  /** The version that wrote it. */
  readonly heddle: string;
  readonly options: CoreOptions;
}

export interface Replay {
  /** As it was at the end. */
  readonly core: SchedulerCore;
  readonly events: number;
  readonly commands: number;
  readonly spanMs: number;
  /** Its last line was cut off, and is left out. */
  readonly isCut: boolean;
}

/** How many characters are collected before they are written; at a tick, all are. */
const batchLength = 2 ** 16;

export class Recorder {
  readonly #file: string;
  readonly #warn: (message: string) => void;
  #descriptor: number | undefined;
  #batch: string;

  /** Throws `RECORDING_FAILED` when the file cannot be written; `warn` hears that it cannot be written any more. */
  constructor(file: string, { warn, ...options }: CoreOptions & { readonly warn: (message: string) => void }) {
    this.#file = file;
    this.#warn = warn;
    this.#batch = `${JSON.stringify({ heddle: version, options } satisfies Heading)}\n`;
    try {
      this.#descriptor = openSync(file, 'w');
    } catch (cause) {
      throw new HeddleError('RECORDING_FAILED', this.#problem(cause), { file, cause });
    }
  }

  note(event: Event, now: number, commands: readonly Command[]): void {
    if (this.#descriptor === undefined) return;
    this.#batch += `${JSON.stringify([now, hashOf(commands), event])}\n`;
    if (event.type === 'ticked' || this.#batch.length >= batchLength) this.#flush();
  }

  close(): void {
    this.#flush();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = '';
    try {
      if (this.#descriptor !== undefined) writeFileSync(this.#descriptor, batch);
    } catch (error) {
      // Scheduling goes on without a recording.
      close(this.#descriptor!, () => {});
      this.#descriptor = undefined;
      this.#warn(this.#problem(error));
    }
  }

  #problem(error: unknown): string {
    return `what happens to the scheduler cannot be recorded in ${this.#file}: ${messageIn(error)}`;
  }
}

/**
 * Goes through a recording. Rejects with `RECORDING_UNREADABLE` for what is no recording, and with `RECORDING_DIFFERS`
 * when the core decides something else than was decided then.
 */
export async function replay(file: string): Promise<Replay> {
  let [line, events, commands, startedAt, endedAt] = [0, 0, 0, 0, 0];
  let core: SchedulerCore | undefined;
  let problem: HeddleError | undefined;
  for await (const text of linesOf(file)) {
    // The line that makes no sense was not the last one, so it was not merely cut off.
    if (problem !== undefined) throw problem;
    line += 1;
    const parsed = parse(text);
    if (core === undefined) core = coreOf(parsed);
    else if (isEntry(parsed)) {
      const [now, expected, event] = parsed;
      const given = core.handle(event, now);
      if (hashOf(given) !== expected) throw differs({ file, line }, event, given);
      if (events === 0) startedAt = now;
      [events, commands, endedAt] = [events + 1, commands + given.length, now];
    } else problem = unreadable(file, line);
    if (core === undefined) throw unreadable(file, line);
  }
  if (core === undefined) throw unreadable(file, 1);
  return { core, events, commands, spanMs: endedAt - startedAt, isCut: problem !== undefined };
}

type Entry = readonly [now: number, hash: string, event: Event];

async function* linesOf(file: string): AsyncGenerator<string, void> {
  try {
    await using handle = await open(file);
    yield* handle.readLines();
  } catch (cause) {
    if (cause instanceof HeddleError) throw cause;
    const why = messageIn(cause);
    throw new HeddleError('RECORDING_UNREADABLE', `the recording ${file} cannot be read: ${why}`, { file, cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function coreOf(heading: unknown): SchedulerCore | undefined {
  const options = (heading as Partial<Heading> | undefined)?.options;
  return options === undefined ? undefined : new SchedulerCore(options);
}

function isEntry(parsed: unknown): parsed is Entry {
  return Array.isArray(parsed) && parsed.length === 3;
}

function unreadable(file: string, line: number): HeddleError {
  const remedy = 'heddle scheduler --record writes one.';
  const message = `${file} is no recording of a scheduler: line ${line} makes no sense. ${remedy}`;
  return new HeddleError('RECORDING_UNREADABLE', message, { file, line });
}

function differs({ file, line }: { file: string; line: number }, event: Event, given: readonly Command[]): HeddleError {
  const message =
    `Heddle ${version} decides otherwise than the scheduler that was recorded, from line ${line} of ${file} on: ` +
    `after ${JSON.stringify(event)} it would ${given.length === 0 ? 'do nothing' : JSON.stringify(given)}`;
  return new HeddleError('RECORDING_DIFFERS', message, { file, line });
}

/** FNV-1a. */
function hashOf(commands: readonly Command[]): string {
  let hash = 0x811c9dc5;
  const text = JSON.stringify(commands);
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16);
}
