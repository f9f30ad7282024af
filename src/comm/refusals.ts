/** Called for each connection that is refused: from where it came, and one of few reasons. */
export type NoteRefusal = (address: string, why: string) => void;

const quietMs = 10_000;

/**
 * Tells of the first connection that is refused for a reason, and then no more often than every ten seconds how many it
 * were: whoever knocks without end fills nobody's log.
 */
export class Refusals implements Disposable {
  readonly #tell: (news: string) => void;
  /** How many were refused since it was last told, by reason. */
  readonly #untold = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (news: string) => void) {
    this.#tell = tell;
  }

  readonly note: NoteRefusal = (address, why) => {
    const untold = this.#untold.get(why);
    this.#untold.set(why, untold === undefined ? 0 : untold + 1);
    if (untold === undefined) this.#tell(`refused a connection from ${address}: ${why}`);
    this.#timer ??= setInterval(() => this.#tellCounts(), quietMs).unref();
  };

  [Symbol.dispose](): void {
    this.#tellCounts();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tellCounts(): void {
    for (const [why, count] of this.#untold) {
      if (count > 0) this.#tell(`refused ${count} more connections: ${why}`);
      if (count > 0) this.#untold.set(why, 0);
      else this.#untold.delete(why);
    }
    if (this.#untold.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
