import type { HeddleError } from '../lib/heddle-error.ts';

/** A channel between two ends: ordered, at most once, until it closes. */
export interface Comm<In, Out> {
  /** Who is at the other end, for people. */
  readonly peer: string;
  /** Bytes that were sent here and that the operating system has not taken yet. */
  readonly backlogBytes: number;
  /** Called once. What came before is delivered after this call has returned. */
  listen(handlers: CommHandlers<In>): void;
  /** Never throws. After close it is dropped. The message belongs to the comm from here on: it must not change. */
  send(message: Out): void;
  /** The other end's process answers, not its user: `seen` is called when it does. */
  ping(): void;
  /** Flushes what was sent before. From here on this end hears no message any more, only `closed`. */
  close(reason?: string): Promise<void>;
}

export interface CommHandlers<In> {
  message(message: In): void;
  /**
   * The other end lives: it answered a ping, or messages came (called once for those that came together, and first).
   */
  seen(): void;
  /** Exactly once, whoever closed; and nothing after it. */
  closed(closed: CommClosed): void;
}

export type CommClosed =
  | { readonly by: 'this-end'; readonly reason: string }
  | { readonly by: 'other-end'; readonly reason: string }
  /** Nobody wanted it: `CONNECTION_LOST`, `PROTOCOL_VIOLATION` or `MESSAGE_TOO_LARGE`. The reason is its message. */
  | { readonly by: 'failure'; readonly reason: string; readonly error: HeddleError };
