import type { ChunkMessage, ChunkTask, Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { Range } from '../lib/range.ts';

/** A chunk on its way to a thread, before the thread's control words are known. */
export interface PooledChunk extends Omit<ChunkTask, 'control' | 'unsaid'> {
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

/** What is told of a chunk: what its runner reports, and, once it was called back, what will not be run of it here. */
export type ChunkReport = ChunkMessage | { readonly type: 'returned'; readonly ranges: readonly Range[] };

/** Takes a report. What it gives settles when there is room for more: whoever reports is to wait for that. */
export type Emit = (report: ChunkReport) => Promise<void> | undefined;

/** Whoever runs chunks for a worker: some threads, or the thread of the flow itself. */
export interface ChunkPool extends AsyncDisposable {
  /** How many chunks run at once. */
  readonly threads: number;
  /** `died` hears from here on what a thread died of while it ran nothing: no chunk can tell that. */
  listen?(died: (why: string) => void): void;
  /**
   * Runs a chunk and reports through `emit`. Resolves, always, once nothing more will come but what comes with that.
   */
  run(chunk: PooledChunk, emit: Emit): Promise<ChunkEnd>;
  /** Closes a resource on every thread that has it open, once what runs there has ended. Never rejects. */
  closeResource(key: string, log: (record: LogRecord) => void): Promise<void>;
  /** Reports as `returned` what of the attempt is not begun, and then does not begin. Nothing if it is over. */
  recall(attempt: number): void;
  /** Tells the function that is running, and after `graceMs` ends its thread. Nothing if the attempt is over. */
  cancel(attempt: number, graceMs: number): void;
}
