// The contract between those who hand out chunks (worker, and protocol for the way there) and those who run them
// (engine). Neither side may import the other, so what both must agree on stands on the ground floor.

import { byteLengthOf } from './attachments.ts';
import { formatBytes } from './byte-size.ts';
import type { Control } from './control.ts';
import type { LogRecord } from './log-record.ts';
import type { Range } from './range.ts';
import { unreachable } from './unreachable.ts';

/** The outcomes of `count` indices from `start` on, in bytes that only the engine opens. */
export interface Block {
  readonly start: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** The blocks of one upstream array that a chunk needs. */
export interface ChunkInput {
  readonly array: number;
  readonly blocks: readonly Block[];
}

/** What an index that asked to be run again wants to be told then; opaque but to the engine. */
export interface Note {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** How the means to run an index were lost. Times in milliseconds, memory in megabytes. */
export interface Loss {
  readonly kind:
    | 'not-started'
    | 'exit'
    | 'out-of-memory'
    | 'worker-memory'
    | 'error'
    | 'worker-left'
    | 'timeout'
    | 'cancelled';
  readonly exitCode?: number;
  readonly memoryLimitMb?: number;
  /** Of a worker's process: what it took, and what it may take. */
  readonly memoryBytes?: number;
  readonly memoryLimitBytes?: number;
  readonly message?: string;
  /** Of the error that nobody caught. */
  readonly stack?: string;
  /** The run that had left behind what threw that error, if it is not one of those that were lost. */
  readonly leftBy?: string;
}

/** Where a task's code is: enough for a worker to tell whether it has it, and for a flow to bundle it. */
export interface CodeAddress {
  /** URL of the module's file, where the flow was started. */
  readonly module: string;
  /** The same from the project's folder. */
  readonly path: string;
  /** A hash of the file's bytes. */
  readonly fingerprint: string;
  /** URLs of the other modules of its flow: they are bundled together, so that they share what they import. */
  readonly also?: readonly string[];
  /** The bundle of all that, where it is made already: a worker that has it need not ask. */
  readonly bundle?: string;
}

/** The modules that are bundled together, as a text. */
export function modulesOf({ module, also = [] }: CodeAddress): string {
  return [module, ...also].toSorted().join(' ');
}

/** How a worker gets at a task's code, when it is not simply to import the module. */
export interface CodeSource {
  /** URL of the file that holds the module with all its imports. */
  readonly bundle?: string;
  /** Why there is none, though one was asked for. */
  readonly problem?: string;
}

/** What a thread that runs chunks shares with the one who hands them out. */
export interface ThreadMemory {
  /** See `controlWords`. */
  readonly control: Control;
  /** For `UnsaidLines`, where the thread can end at any time. */
  readonly unsaid?: SharedArrayBuffer;
}

/** What to call and with what; only the engine opens it. */
export interface Definition {
  /** As far as that is text, which costs less to pass on than bytes, and is seldom long. */
  readonly parts: readonly string[];
  /** What no text keeps exactly, if there is any. */
  readonly values?: Uint8Array;
}

/** That of an array of which nothing is run. */
export const noDefinition: Definition = { parts: [] };

/** One dispatch of some of an array's indices. */
export interface Dispatch {
  /** For messages. */
  readonly name: string;
  /** Of the array. */
  readonly length: number;
  readonly array: number;
  readonly attempt: number;
  /** Its indices, in order; one at least. */
  readonly ranges: readonly Range[];
  /** How many of them may run at once. */
  readonly lanes: number;
  /** The same for every chunk of the array. */
  readonly definition: Definition;
  readonly code: CodeSource;
  /** One for each elementwise upstream, in the order of the definition. */
  readonly elementwise: readonly ChunkInput[];
  /** One for each upstream that is needed whole, in the order of the definition. */
  readonly whole: readonly ChunkInput[];
  readonly notes: readonly Note[];
  /** Indices whose last attempt was ended because its time was up. They are not called again, only judged. */
  readonly timedOut: readonly number[];
}

/** The same on the thread that runs it. */
export interface ChunkTask extends Dispatch, ThreadMemory {}

/** What the runner of a chunk reports, in order. */
export type ChunkMessage =
  | {
      readonly type: 'settled';
      readonly start: number;
      readonly count: number;
      readonly busyMs: number;
      readonly bytes: Uint8Array;
      /** How many of the runs that ended since the last such report had been tried again. */
      readonly retried?: number;
      /** None of them was run, since the function could not be had from its module here: why, for the log. */
      readonly unable?: string;
    }
  | { readonly type: 'delayed'; readonly index: number; readonly delayMs: number; readonly note: Uint8Array }
  | { readonly type: 'logs'; readonly records: readonly LogRecord[] }
  | Importing
  | ResourceOpened;

/** About how much memory a report takes, in kilobytes, rounded up. */
export function weightOf(message: ChunkMessage): number {
  switch (message.type) {
    case 'settled':
      return Math.ceil(byteLengthOf(message.bytes) / 1_024);
    case 'delayed':
      return Math.ceil(message.note.byteLength / 1_024);
    case 'logs':
      return Math.ceil(message.records.reduce((sum, record) => sum + 200 + record.message.length, 0) / 1_024);
    case 'importing':
    case 'opened':
      return 1;
    default:
      return unreachable(message);
  }
}

/** The module of the task is being imported, which runs its top level; without one, that is through. */
export interface Importing {
  readonly type: 'importing';
  readonly module?: string;
}

/** Something is being opened on the thread, which has to be told when nobody needs it any more. */
export interface ResourceOpened {
  readonly type: 'opened';
  readonly resource: string;
  /** For messages. */
  readonly name: string;
  /** How long the thread may take to close it, in milliseconds. */
  readonly closingMs: number;
}

/** The kinds of blocks: the first byte of a block's bytes. Only `crashed` ones are made outside of the engine. */
export const blockKinds = { succeeded: 0, mixed: 1, crashed: 2 } as const;

/** So many bytes of a block at its beginning say what kind it is, and how many of its outcomes did not just succeed. */
export const blockHeadBytes = 21;

/** What is known of an index that was given up, because the means to run it were lost too often. */
export interface Crash {
  readonly task: string;
  readonly losses: number;
  readonly worker?: string;
  readonly loss?: Loss;
  /** The last lines that it wrote into the log. */
  readonly lastLines?: readonly string[];
  /** It may have run, and its task says that it is not to run again. */
  readonly isFinal?: true;
}

/** What to do where no thread can be started, as a sentence without its end. */
export const notStartedAdvice =
  'Its process may be short of memory, of processes or of open files: look at its limits (ulimit -a). Or what Node ' +
  'loads there first cannot be had: look at NODE_OPTIONS, --import and --require';

/** What happened, as the end of a sentence; by default, that its worker left. */
export function describeLoss(loss: Loss = { kind: 'worker-left' }): string {
  switch (loss.kind) {
    case 'not-started':
      return `no thread could be started: ${loss.message}`;
    case 'out-of-memory':
      if (loss.memoryLimitMb === undefined) return 'its thread ran out of memory';
      return `its thread ran out of memory (limit ${loss.memoryLimitMb} MB; see memoryLimit)`;
    case 'worker-memory': {
      const { memoryBytes = 0, memoryLimitBytes = 0 } = loss;
      const much = `${formatBytes(memoryBytes)} of the ${formatBytes(memoryLimitBytes)} that it may`;
      return `its worker took ${much} (see workerMemory), so what it had begun last was ended`;
    }
    case 'exit':
      return `its thread ended with exit code ${loss.exitCode} (process.exit() in a task ends its thread)`;
    case 'error':
      if (loss.leftBy !== undefined)
        return `what ${loss.leftBy} had left behind on its thread ended that: ${loss.message}`;
      return `an error of a timer, a listener or a promise, which nobody caught, ended its thread: ${loss.message}`;
    case 'timeout':
      return 'its thread was ended because the time was up';
    case 'cancelled':
      return 'it was cancelled';
    case 'worker-left':
      return `its worker was lost${loss.message === undefined ? '' : ` (${loss.message})`}`;
    default:
      return unreachable(loss.kind);
  }
}

/**
 * The outcome of a crashed index, as a block like any other: dependents and clients read it where they read the rest.
 */
export function crashBlock(index: number, crash: Crash): Block {
  const body = Buffer.from(JSON.stringify(crash));
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = blockKinds.crashed;
  bytes.set(body, 1);
  return { start: index, count: 1, bytes };
}
