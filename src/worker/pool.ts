import type { ChunkMessage, Dispatch, Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { Range } from '../lib/range.ts';

/** A chunk on its way to a thread. */
export interface PooledChunk extends Dispatch {
  /** How long one index may take; a thread that is busy for longer is ended. */
  readonly timeoutMs: number | undefined;
}

/** How a chunk was cut short: which indices were running, and what became of their thread. */
export interface ChunkLoss {
  readonly indices: readonly number[];
  readonly loss: Loss;
}

/** How a chunk ended: what it said last, to be told with its end, and how it was cut short, if it was. */
export interface ChunkEnd {
  readonly last: readonly ChunkReport[];
  readonly loss?: ChunkLoss | undefined;
}

/** A report about a chunk: from its runner; or, once it was recalled, what of it will not be run here. */
export type ChunkReport = ChunkMessage | { readonly type: 'returned'; readonly ranges: readonly Range[] };

/** Takes a report. If it returns a promise, the reporter is to wait for it: then there is room for more. */
export type Emit = (report: ChunkReport) => Promise<void> | undefined;

/** Whoever runs chunks for a worker: some threads, or the thread of the flow itself. */
export interface ChunkPool extends AsyncDisposable {
  /** How many chunks run at once. */
  readonly threads: number;
  /** From here on `died` is told why a thread died while it ran nothing, since no chunk can report that. */
  listen?(died: (why: string) => void): void;
  /**
   * Runs a chunk and reports through `emit`. However the chunk ends, it resolves when all is reported but what it
   * resolves with.
   */
  run(chunk: PooledChunk, emit: Emit): Promise<ChunkEnd>;
  /** Closes a resource on every thread that has it open, once what runs there has ended. Never rejects. */
  closeResource(key: string, log: (record: LogRecord) => void): Promise<void>;
  /** Begins nothing more of the attempt, and reports as `returned` what that is. Does nothing if it is over. */
  recall(attempt: number): void;
  /** Tells the running function to stop, and ends its thread after `graceMs`. Does nothing if the attempt is over. */
  cancel(attempt: number, graceMs: number): void;
}
