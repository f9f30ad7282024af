import type { Comm } from '../comm/comm.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';

/** A scheduler and the means to have workers. What a cluster factory returns. */
export interface Cluster extends AsyncDisposable {
  /** Starts the scheduler and such workers as the cluster brings along. Starting twice is one start. */
  start(): Promise<void>;
  /** Whether somebody started it. A run closes only a cluster that was not when it began, and that nobody else uses. */
  readonly isStarted: boolean;
  /** A new connection of a client to the scheduler. */
  connect(): Promise<Comm<ToClient, FromClient>>;
  /** In a few words, for the log: `2 workers with 1 thread each`. */
  readonly description: string;
  /** What to do when no worker is there, if that can be; for the log. */
  readonly advice?: string;
  /** Whether all of its workers are threads of this process, so that they can look at the same memory. */
  readonly sharesMemory?: boolean;
  /**
   * Whether all of its workers import the very files that this process does, so that a task made inside a function can
   * be sent to them with what it captures: the rest of what it uses is in those files.
   */
  readonly sharesFiles?: boolean;
  /** Ends what was started. The same as disposing of it. */
  close(): Promise<void>;
}

export function isCluster(value: unknown): value is Cluster {
  const { start, connect } = (value ?? {}) as Partial<Cluster>;
  return typeof start === 'function' && typeof connect === 'function';
}
