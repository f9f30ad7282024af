import type { Comm, CommClosed } from '../../src/comm/comm.ts';

/** Listens to a comm, keeps what it hears, and lets a test wait for it. */
export class Ear<In> {
  readonly messages: In[] = [];
  readonly goodbyes: CommClosed[] = [];
  seen = 0;
  readonly #waiting = new Set<() => void>();

  static at<In>(comm: Comm<In, never>, onMessage: (message: In) => void = () => {}): Ear<In> {
    const ear = new Ear<In>();
    comm.listen({
      message(message) {
        ear.messages.push(message);
        onMessage(message);
        ear.#wake();
      },
      seen() {
        ear.seen += 1;
        ear.#wake();
      },
      closed(closed) {
        ear.goodbyes.push(closed);
        ear.#wake();
      },
    });
    return ear;
  }

  async until(isSo: (ear: this) => boolean): Promise<this> {
    while (!isSo(this)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this;
  }

  async closed(): Promise<CommClosed> {
    await this.until((ear) => ear.goodbyes.length > 0);
    return this.goodbyes[0]!;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
