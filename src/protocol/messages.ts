// Everything that crosses a comm. Who sent a message is known from the comm that it came over, so no message says so.
// Every `bytes`, `definition` and `note` is opaque here: only the two ends of a task run know what is in it.

import type { Block, ChunkInput, CodeAddress, Definition, Importing, Loss, Note } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { Placing, Traits } from '../lib/placing.ts';
import type { Range } from '../lib/range.ts';

/** Ends that speak different versions refuse each other. */
export const protocolVersion = 12;

export interface ArrayDefinition {
  readonly array: number;
  readonly name: string;
  readonly length: number;
  readonly definition: Definition;
  /** Index i needs index i of each of these. */
  readonly elementwise: readonly number[];
  /** Every index needs all of each of these. */
  readonly whole: readonly number[];
  readonly timeoutMs?: number;
  /** Where the function's code is, when it is in a file. */
  readonly code?: CodeAddress;
}

export interface Submission extends ArrayDefinition, Placing {
  /** Outcomes that came with it, in order: these indices are never dispatched. */
  readonly given?: readonly Block[];
  /**
   * When its value is what a resource is opened with: the resource's key. Workers that have it open are told to close
   * it as soon as the array is needed no more.
   */
  readonly resource?: string;
}

/** The first message of whoever connects. */
export interface Hello {
  readonly type: 'hello';
  readonly role: 'worker' | 'client';
  readonly protocol: number;
  readonly heddle: string;
  readonly node: string;
  readonly name: string;
  readonly threads: number;
  /** What its clock says, in milliseconds since 1970; absent from older versions, which are told that they are. */
  readonly time?: number;
  /** Of a worker: what it has; nothing if absent. */
  readonly has?: Traits;
  /** Of a client that runs inside of a task: the name of that task's flow run. */
  readonly within?: string;
}

/** The answer to a hello that is accepted: the name that the connection goes by. */
export interface Welcome {
  readonly type: 'welcome';
  readonly name: string;
  /** Nothing heard for so long means that the other end is gone, in milliseconds. */
  readonly heartbeatTimeoutMs: number;
}

/** The answer to a hello that is not. */
export interface Refused {
  readonly type: 'refused';
  readonly code: string;
  readonly message: string;
}

export type FromWorker =
  | Hello
  | {
      readonly type: 'settled';
      readonly attempt: number;
      readonly start: number;
      readonly count: number;
      readonly busyMs: number;
      readonly bytes: Uint8Array;
      /** How many of the runs that ended had been tried again, if any. */
      readonly retried?: number;
      /** The attempt ends with it: there is no `ended` behind it. */
      readonly isLast?: true;
      /** Nothing was run, since this worker is unable to: why, for the log. Another one may be able. */
      readonly unable?: string;
    }
  | {
      readonly type: 'delayed';
      readonly attempt: number;
      readonly index: number;
      readonly delayMs: number;
      readonly note: Uint8Array;
    }
  /** The thread died while it ran these. */
  | { readonly type: 'lost'; readonly attempt: number; readonly indices: readonly number[]; readonly loss: Loss }
  /** The thread was ended because this index ran longer than its timeout. */
  | { readonly type: 'timed-out'; readonly attempt: number; readonly index: number }
  /** The answer to a `recall` of what has begun: these parts of it, perhaps none, have not and will not. */
  | { readonly type: 'returned'; readonly attempt: number; readonly ranges: readonly Range[] }
  | { readonly type: 'ended'; readonly attempt: number }
  /** Without an attempt it is the worker itself that says it. */
  | { readonly type: 'logs'; readonly attempt?: number; readonly records: readonly LogRecord[] }
  /** This attempt has yet to import the module; without one, that is through. */
  | ({ readonly attempt: number } & Importing)
  /** A resource is being opened by this attempt: this worker wants to be told when it is needed no more. */
  | { readonly type: 'opened'; readonly attempt: number; readonly resource: string }
  | { readonly type: 'resource-logs'; readonly resource: string; readonly records: readonly LogRecord[] }
  /** The answer to each `close-resource`; or the worker is about to leave. */
  | { readonly type: 'closed'; readonly resource: string }
  | { readonly type: 'draining' }
  /** Of its process, now: what it takes, what it may take, and whether that is too much to begin anything more. */
  | {
      readonly type: 'vitals';
      readonly memoryBytes: number;
      readonly memoryLimitBytes: number;
      readonly isPaused: boolean;
    }
  /** Which bundle holds the code of an array's function? */
  | { readonly type: 'need-code'; readonly array: number }
  | { readonly type: 'need-bundle'; readonly id: string };

export type ToWorker =
  | Welcome
  | Refused
  | { readonly type: 'define'; readonly definition: ArrayDefinition }
  /** All outcomes of an array that others need whole, for all of them: it is kept until the array is forgotten. */
  | ({ readonly type: 'whole' } & ChunkInput)
  | {
      readonly type: 'run';
      readonly array: number;
      readonly attempt: number;
      /** Its indices, in order; one at least. */
      readonly ranges: readonly Range[];
      /** How many of them may run at once. */
      readonly lanes: number;
      readonly inputs: readonly ChunkInput[];
      readonly notes: readonly Note[];
      readonly timedOut: readonly number[];
      /** It begins on the thread of this attempt, of the same array, when that is over; at once if it is not here. */
      readonly behind?: number;
    }
  /** What has not begun of an attempt is not to begin. If that is all of it, it ends; else the rest is `returned`. */
  | { readonly type: 'recall'; readonly array: number; readonly attempt: number }
  | { readonly type: 'cancel'; readonly array: number; readonly attempt: number; readonly graceMs: number }
  /** Reports of this attempt are not taken for now: whoever makes them is to wait. And they are taken again. */
  | { readonly type: 'hold'; readonly array: number; readonly attempt: number }
  | { readonly type: 'go-on'; readonly array: number; readonly attempt: number }
  | { readonly type: 'forget'; readonly array: number }
  | { readonly type: 'close-resource'; readonly resource: string }
  /** The id of the bundle, or why there is none. */
  | { readonly type: 'code'; readonly array: number; readonly id?: string; readonly problem?: string }
  | { readonly type: 'bundle'; readonly id: string; readonly bytes: Uint8Array }
  | { readonly type: 'close'; readonly reason: string };

export type FromClient =
  | Hello
  | { readonly type: 'submit'; readonly arrays: readonly Submission[] }
  | { readonly type: 'release'; readonly arrays: readonly number[] }
  /** Nothing that is still to be submitted needs them. */
  | { readonly type: 'seal'; readonly arrays: readonly number[] }
  /** Of the block that starts there the head has come: the answer says whether the client wants all of it. */
  | { readonly type: 'take'; readonly array: number; readonly start: number; readonly isWanted: boolean }
  | { readonly type: 'cancel'; readonly graceMs: number }
  /** The bundle that a worker asked for, or why there is none. */
  | {
      readonly type: 'code';
      readonly array: number;
      /** Its bytes come with the first of its modules that is asked for. */
      readonly bundle?: { readonly id: string; readonly bytes?: Uint8Array };
      readonly problem?: string;
    };

export type ToClient =
  | Welcome
  | Refused
  | {
      readonly type: 'settled';
      readonly array: number;
      readonly start: number;
      readonly count: number;
      readonly bytes: Uint8Array;
      /** Present when that is only the head of them: how many there are, for whoever takes them. */
      readonly byteLength?: number;
      /** Where they were run, for how long, and how many again; absent when the means to run them were lost. */
      readonly ran?: { readonly worker: string; readonly busyMs: number; readonly retried?: number };
    }
  /** What was asked for with `take`. */
  | ({ readonly type: 'block'; readonly array: number } & Block)
  | { readonly type: 'started'; readonly array: number; readonly count: number }
  /** Without an array it is the scheduler itself that says it. */
  | { readonly type: 'logs'; readonly array?: number; readonly records: readonly LogRecord[] }
  /** How many there are, and what is to be said of one that joined or was lost, if that is why. */
  | {
      readonly type: 'workers';
      readonly workers: number;
      readonly threads: number;
      readonly joined?: string;
      readonly lost?: string;
    }
  | { readonly type: 'need-code'; readonly array: number }
  /** The scheduler cannot go on with what this client has submitted. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  /** After a cancel: nothing of this client's runs any more, and what it had open is closed. */
  | { readonly type: 'idle' };

/** What reaches a scheduler before the hello has said who is speaking. */
export type FromPeer = FromWorker | FromClient;
export type ToPeer = ToWorker | ToClient;

export type Message = FromPeer | ToPeer;
