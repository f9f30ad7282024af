import type { HeddleError } from '../lib/heddle-error.ts';

/**
 * A channel between two ends: at most once, until it closes, and in order but for big messages: what is sent after one
 * of more than a megabyte may arrive before it, unless `sequenceOf` says that the order of the two matters.
 */
export interface Comm<In, Out> {
  /** Who is at the other end, for people. */
  readonly peer: string;
  /**
   * About how many bytes were sent here and are still held, because the operating system has not taken them: 0 when all
   * is gone, always 0 within one process. Whoever goes on to send while this grows fills this process's memory; at a
   * bound (`maxBacklogBytes`) the comm fails with `PEER_TOO_SLOW`.
   */
  readonly backlogBytes: number;
  /** Resolves once the backlog is at most so many bytes: at once if it is, and at the latest when the comm closes. */
  backlogFallenTo(bytes: number): Promise<void>;
  /** How many bytes have come of big messages that are not whole yet: 0 most of the time. */
  readonly arrivingBytes: number;
  /** Called once. What came before is delivered after this call has returned. */
  listen(handlers: CommHandlers<In>): void;
  /** Never throws. After close it is dropped. The message belongs to the comm from here on: it must not change. */
  send(message: Out): void;
  /** Calls `seen`, before it returns, if any bytes came since the last look, be they part of a frame. */
  look(): void;
  /** Looks, and asks: the other end's process answers, not its user, and `seen` is called when it does. */
  ping(): void;
  /** Flushes what was sent before. From here on this end hears no message any more, only `closed`. */
  close(reason?: string): Promise<void>;
  /** Closes without sending what still waits here. */
  hangUp(reason: string): Promise<void>;
}

export interface CommHandlers<In> {
  message(message: In): void;
  /**
   * The other end lives: it answered a ping, or messages came, or a part of one (called once for those that came
   * together, and first), or bytes came, which is noticed when somebody looks.
   */
  seen(): void;
  /** Exactly once, whoever closed; and nothing after it. */
  closed(closed: CommClosed): void;
}

export type CommClosed =
  | { readonly by: 'this-end'; readonly reason: string }
  | { readonly by: 'other-end'; readonly reason: string }
  /**
   * Nobody wanted it: `CONNECTION_LOST`, `PROTOCOL_VIOLATION`, `MESSAGE_TOO_LARGE` or `PEER_TOO_SLOW`. The reason is
   * its message.
   */
  | { readonly by: 'failure'; readonly reason: string; readonly error: HeddleError };
