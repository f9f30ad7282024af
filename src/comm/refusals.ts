import { plural } from '../lib/plural.ts';

/** Called for each connection that is refused: from where it came, and one of few reasons. */
export type NoteRefusal = (address: string, why: string) => void;

/** Hears of them in words; the address comes with the first from there for a reason, and not with how many it were. */
export type TellRefusals = (news: string, firstFrom?: string) => void;

const quietMs = 10_000;
const mostAddresses = 8;

/**
 * Tells of the first connection that is refused for a reason, of each of the first addresses, and then no more often
 * than every ten seconds how many it were: whoever knocks without end fills nobody's log.
 */
export class Refusals implements Disposable {
  readonly #tell: TellRefusals;
  /** By reason, as long as it is not quiet: those who were told of, and how many were refused since. */
  readonly #knocking = new Map<string, { readonly from: Set<string>; untold: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: TellRefusals) {
    this.#tell = tell;
  }

  readonly note: NoteRefusal = (address, why) => {
    const knocking = this.#knocking.get(why) ?? { from: new Set(), untold: 0 };
    this.#knocking.set(why, knocking);
    const isFirst = !knocking.from.has(address) && knocking.from.size < mostAddresses;
    if (isFirst) this.#tell(`refused a connection from ${address}: ${why}`, address);
    if (isFirst) knocking.from.add(address);
    else knocking.untold += 1;
    this.#timer ??= setInterval(() => this.#tellCounts(), quietMs).unref();
  };

  [Symbol.dispose](): void {
    this.#tellCounts();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tellCounts(): void {
    for (const [why, knocking] of this.#knocking) {
      const { untold } = knocking;
      if (untold > 0) this.#tell(`refused ${plural(untold, 'more connection')}: ${why}`);
      if (untold > 0) knocking.untold = 0;
      else this.#knocking.delete(why);
    }
    if (this.#knocking.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
