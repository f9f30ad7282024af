import assert from 'node:assert/strict';
import type { CommClosed, CommHandlers } from './comm.ts';

/** The hearing half of a comm: keeps what comes before anybody listens, and says goodbye exactly once. */
export class Inbox<In> {
  #handlers: CommHandlers<In> | undefined;
  #isListening = false;
  /** What came before the handlers were ready, in order. */
  #early: In[] = [];
  #isHushed = false;
  #closed: CommClosed | undefined;

  listen(handlers: CommHandlers<In>): void {
    assert(!this.#isListening, 'a comm is listened to once');
    this.#isListening = true;
    // Not within this call: the caller may not be ready for news before it has returned.
    queueMicrotask(() => this.#begin(handlers));
  }

  deliver(messages: readonly In[]): void {
    if (this.#isHushed || this.#closed !== undefined) return;
    if (this.#handlers === undefined) {
      for (const message of messages) this.#early.push(message);
      return;
    }
    this.#handlers.seen();
    for (const message of messages) {
      // A handler may close the comm while a batch is handed out.
      if (this.#isHushed) return;
      this.#handlers.message(message);
    }
  }

  seen(): void {
    if (this.#closed === undefined) this.#handlers?.seen();
  }

  /** No message is handed out from here on. */
  hush(): void {
    this.#isHushed = true;
    this.#early = [];
  }

  close(closed: CommClosed): void {
    if (this.#closed !== undefined) return;
    this.#closed = closed;
    this.#handlers?.closed(closed);
  }

  #begin(handlers: CommHandlers<In>): void {
    const closed = this.#closed;
    this.#closed = undefined;
    this.#handlers = handlers;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) this.deliver(early);
    if (closed !== undefined) this.close(closed);
  }
}
