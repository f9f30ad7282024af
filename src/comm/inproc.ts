import { setImmediate } from 'node:timers';
import type { Comm, CommHandlers } from './comm.ts';
import { Inbox } from './inbox.ts';
import { soon } from './soon.ts';

type Later = (flush: () => void) => void;

/**
 * Two ends in one process. Messages pass by reference, so whoever gets one must treat it as immutable. What the first
 * end sends arrives soon; if that is not urgent, as one batch in the next turn of the event loop.
 */
export function inprocPair<A, B>({ isUrgent = true } = {}): [Comm<A, B>, Comm<B, A>] {
  const ofOne = new Inbox<A>();
  const ofOther = new Inbox<B>();
  return [new InprocEnd(ofOne, ofOther, isUrgent ? soon : nextTurn), new InprocEnd(ofOther, ofOne, soon)];
}

const nextTurn: Later = (flush) => void setImmediate(flush);

class InprocEnd<In, Out> implements Comm<In, Out> {
  readonly peer = 'this process';
  /** Nothing is copied, so nothing piles up that was not there before. */
  readonly backlogBytes = 0;
  readonly arrivingBytes = 0;
  readonly #inbox: Inbox<In>;
  readonly #theirs: Inbox<Out>;
  readonly #later: Later;
  #outgoing: Out[] = [];
  #closing: Promise<void> | undefined;

  constructor(inbox: Inbox<In>, theirs: Inbox<Out>, later: Later) {
    this.#inbox = inbox;
    this.#theirs = theirs;
    this.#later = later;
  }

  listen(handlers: CommHandlers<In>): void {
    this.#inbox.listen(handlers);
  }

  backlogFallenTo(): Promise<void> {
    return Promise.resolve();
  }

  send(message: Out): void {
    if (this.#closing !== undefined) return;
    this.#outgoing.push(message);
    if (this.#outgoing.length === 1) this.#later(() => this.#flush());
  }

  /** What comes is whole. */
  look(): void {}

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
        this.#theirs.close({ by: 'other-end', reason });
        this.#inbox.close({ by: 'this-end', reason });
        resolve();
      });
    });
    return this.#closing;
  }

  /** Nothing waits here for longer than a turn. */
  hangUp(reason: string): Promise<void> {
    return this.close(reason);
  }

  #flush(): void {
    const batch = this.#outgoing;
    this.#outgoing = [];
    // One that is closed takes nothing.
    if (batch.length > 0) this.#theirs.deliver(batch);
  }
}
