// What the scheduler's core is told, and what it tells its shell to do. The core never sees a value, only how many
// bytes it has, so no event and no command carries one.

import type { Range } from '../lib/range.ts';
import type { Placing, Traits } from '../lib/placing.ts';

export type ArrayId = number;
export type WorkerId = string;
export type ClientId = string;

/** Numbers the dispatches of chunks, from 1: no two dispatches have the same number. */
export type Attempt = number;

/** The children of one mapped task, or, as an array of length 1, a task that is not mapped. */
export interface ArraySpec extends Placing {
  readonly array: ArrayId;
  readonly client: ClientId;
  readonly length: number;
  /** Index i needs index i of each of these; none of them is shorter. */
  readonly elementwise: readonly ArrayId[];
  /** Every index needs all of each of these. */
  readonly whole: readonly ArrayId[];
  /** What came with it: settled from the start, never dispatched. In order, without overlap. */
  readonly given: readonly Range[];
  /** How many bytes that is; 0 by default. */
  readonly givenBytes?: number;
  /** Who cannot load one of a client's arrays cannot load another one for which this is the same. */
  readonly loadedAs?: string;
}

/** What happened, in the past tense. */
export type Event =
  /** Upstream before downstream; the shell has checked that ids are new, upstreams are known and lengths fit. */
  | { readonly type: 'arrays-submitted'; readonly arrays: readonly ArraySpec[] }
  /** The client needs them no longer. */
  | { readonly type: 'arrays-released'; readonly arrays: readonly ArrayId[] }
  /** Each connection is a new worker with an id of its own. */
  | {
      readonly type: 'worker-joined';
      readonly worker: WorkerId;
      readonly threads: number;
      /** Default: nothing. */
      readonly has?: Traits;
    }
  | WorkerNews
  /** Nothing more of this client is started for now; or it is again. */
  | { readonly type: 'client-paused' | 'client-resumed'; readonly client: ClientId }
  | ChunkNews
  | { readonly type: 'ticked' };

/** What becomes of a worker that has joined. */
export interface WorkerNews {
  readonly type:
    | 'worker-seen'
    /** It gets no more chunks and finishes what it has. */
    | 'worker-draining'
    | 'worker-left'
    /** It gets no more chunks for now; or it gets them again. */
    | 'worker-paused'
    | 'worker-resumed';
  readonly worker: WorkerId;
}

/** What a worker says of a chunk. It is a peer: whatever does not fit our books is ignored, never asserted. */
export type ChunkNews =
  /** Part of a chunk is done, whatever its outcomes: it took `busyMs`, and they have `bytes`, if that is known. */
  | (NewsOf<'indices-settled'> & {
      readonly range: Range;
      readonly busyMs: number;
      readonly bytes?: number;
      /** With it the attempt has ended: `chunk-ended` does not follow. */
      readonly isLast?: boolean;
      /** Its worker could not load what runs it, and others perhaps can: see `declined`. */
      readonly isUnable?: boolean;
    })
  /** An index asks to be run again later. It holds no slot while it waits. */
  | (NewsOf<'index-delayed'> & { readonly index: number; readonly delayMs: number })
  /** What a recalled chunk had not begun; perhaps nothing. */
  | (NewsOf<'indices-returned'> & { readonly ranges: readonly Range[] })
  /** The thread died while it ran exactly these, so one of them may be to blame. `chunk-ended` follows. */
  | (NewsOf<'indices-lost'> & {
      readonly indices: readonly number[];
      /** Its worker could start no thread, so that nothing of the chunk has begun: see `declined`. */
      readonly isUnable?: boolean;
    })
  /** There is no more news of this attempt, and its slot is free. */
  | NewsOf<'chunk-ended'>;

interface NewsOf<Type extends string> {
  readonly type: Type;
  readonly worker: WorkerId;
  readonly attempt: Attempt;
}

/** Who is to run what a worker was unable to run: other workers, other threads of this one, or nobody. */
export type InsteadOf = 'others' | 'its-others' | 'nobody';

/** What to do about it, in the imperative; or which news was accepted, so that the shell keeps its bytes. */
export type Command =
  | {
      readonly type: 'run-chunk';
      readonly worker: WorkerId;
      readonly array: ArrayId;
      /** In order. */
      readonly ranges: readonly Range[];
      readonly attempt: Attempt;
      /** How many of its indices may run at once. */
      readonly lanes: number;
      /** An attempt of the same array on the same worker: it begins on that one's thread, when that is over. */
      readonly behind?: Attempt;
    }
  /** The worker is to begin nothing more of it. If nothing had begun, the attempt ends. */
  | { readonly type: 'recall-chunk'; readonly worker: WorkerId; readonly attempt: Attempt }
  | { readonly type: 'cancel-chunk'; readonly worker: WorkerId; readonly attempt: Attempt }
  | { readonly type: 'close-worker'; readonly worker: WorkerId; readonly reason: 'heartbeat-lost' }
  | { readonly type: 'settled'; readonly array: ArrayId; readonly range: Range }
  /**
   * What its worker was unable to run is to be run by other workers, or by other threads of this one: it is as if that
   * had never been given it. If nobody else is there, what the worker says of it becomes its outcome, or its loss.
   */
  | {
      readonly type: 'declined';
      readonly array: ArrayId;
      readonly worker: WorkerId;
      readonly by: InsteadOf;
    }
  | { readonly type: 'delayed'; readonly array: ArrayId; readonly index: number }
  /** Given up, because it was lost more often than is allowed: it is settled. */
  | { readonly type: 'crashed'; readonly array: ArrayId; readonly index: number; readonly losses: number }
  /** Something of it is queued that no worker here can ever run. Told once for each array. */
  | { readonly type: 'stranded'; readonly array: ArrayId }
  /** Nobody needs it any more: the shell drops its bytes. */
  | { readonly type: 'forgotten'; readonly array: ArrayId };

export interface CoreOptions {
  /** How many deaths of a thread or a worker one index may cause; one more, and it is `crashed`. Default: 3. */
  readonly allowedFailures?: number;
  /** A worker that was silent for longer than this is closed. */
  readonly heartbeatTimeoutMs: number;
  /** How long a chunk should take. Default: 200. */
  readonly targetChunkMs?: number;
  /** When others wait for a thread, a chunk that has run for longer gives back what is not begun. Default: 25. */
  readonly patienceMs?: number;
  /**
   * How long a chunk whose indices overlap may take, when it can be recalled. The longer it is, the less its last
   * indices matter, which leave lanes empty; but what is tried again waits until it is over. Default: 5,000.
   */
  readonly overlappingMs?: number;
  /** How long an array waits for another worker when all that are there are unable to run it. Default: 60,000. */
  readonly unableWaitMs?: number;
  /** How many bytes the inputs of a chunk may have, unless it has only one index. Default: 8 MB. */
  readonly chunkInputBytes?: number;
}

/** The defaults. */
export const usualOptions = {
  allowedFailures: 3,
  targetChunkMs: 200,
  patienceMs: 25,
  overlappingMs: 5_000,
  unableWaitMs: 60_000,
  chunkInputBytes: 8 * 2 ** 20,
};
