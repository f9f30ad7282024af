import type { Comm, CommHandlers } from './comm.ts';
import { Inbox } from './inbox.ts';

/** Two ends in one process. Messages pass by reference, so whoever gets one must treat it as immutable. */
export function inprocPair<A, B>(): [Comm<A, B>, Comm<B, A>] {
  const ofOne = new Inbox<A>();
  const ofOther = new Inbox<B>();
  const channel = { isClosed: false };
  return [new InprocEnd(ofOne, ofOther, channel), new InprocEnd(ofOther, ofOne, channel)];
}

class InprocEnd<In, Out> implements Comm<In, Out> {
  readonly peer = 'this process';
  /** Nothing is copied, so nothing piles up that was not there before. */
  readonly backlogBytes = 0;
  readonly #inbox: Inbox<In>;
  readonly #theirs: Inbox<Out>;
  /** Shared by both ends. */
  readonly #channel: { isClosed: boolean };
  #outgoing: Out[] = [];
  #closing: Promise<void> | undefined;

  constructor(inbox: Inbox<In>, theirs: Inbox<Out>, channel: { isClosed: boolean }) {
    this.#inbox = inbox;
    this.#theirs = theirs;
    this.#channel = channel;
  }

  listen(handlers: CommHandlers<In>): void {
    this.#inbox.listen(handlers);
  }

  backlogFallenTo(): Promise<void> {
    return Promise.resolve();
  }

  send(message: Out): void {
    if (this.#closing !== undefined || this.#channel.isClosed) return;
    this.#outgoing.push(message);
    // One batch an event-loop turn, as over a socket. With microtasks two busy ends would starve all IO.
    if (this.#outgoing.length === 1) setImmediate(() => this.#flush());
  }

  ping(): void {
    setImmediate(() => {
      this.#inbox.seen();
      this.#theirs.seen();
    });
  }

  close(reason = 'closed'): Promise<void> {
    this.#inbox.hush();
    this.#closing ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#flush();
        this.#channel.isClosed = true;
        this.#theirs.close({ by: 'other-end', reason });
        this.#inbox.close({ by: 'this-end', reason });
        resolve();
      });
    });
    return this.#closing;
  }

  #flush(): void {
    const batch = this.#outgoing;
    this.#outgoing = [];
    if (batch.length > 0 && !this.#channel.isClosed) this.#theirs.deliver(batch);
  }
}
