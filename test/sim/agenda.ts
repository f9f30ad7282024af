// Virtual time: what is to happen, in the order of when. Of 10,000 workers that is a great deal at any moment, so it is
// a heap of its own: the times lie beside each other and not each in an object.

export class Agenda {
  now = 0;
  /** A binary heap. Of each appointment the time, the action, and how many were made before it, at the same place. */
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #actions: (() => void)[] = [];
  #count = 0;

  at(at: number, action: () => void): void {
    let place = this.#times.length;
    // Of those at the same time the first that was made comes first, and this one is the last.
    while (place > 0 && this.#times[(place - 1) >> 1]! > at) {
      this.#move((place - 1) >> 1, place);
      place = (place - 1) >> 1;
    }
    this.#put(place, at, this.#count++, action);
  }

  in(ms: number, action: () => void): void {
    this.at(this.now + ms, action);
  }

  /** Until it is so, or nothing is to happen within the limit. */
  advance({ until, limitMs }: { until: () => boolean; limitMs: number }): void {
    const limit = this.now + limitMs;
    while (!until()) {
      const at = this.#times[0];
      if (at === undefined || at > limit) return;
      const action = this.#take();
      this.now = Math.max(this.now, at);
      action();
    }
  }

  /** The action of the first appointment, which is one no more. */
  #take(): () => void {
    const first = this.#actions[0]!;
    const [at, order, action] = [this.#times.pop()!, this.#orders.pop()!, this.#actions.pop()!];
    const size = this.#times.length;
    if (size === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child + 1 < size && this.#isBefore(child + 1, this.#times[child]!, this.#orders[child]!)) child += 1;
      if (child >= size || !this.#isBefore(child, at, order)) break;
      this.#move(child, place);
      place = child;
    }
    this.#put(place, at, order, action);
    return first;
  }

  #isBefore(place: number, at: number, order: number): boolean {
    const time = this.#times[place]!;
    return time < at || (time === at && this.#orders[place]! < order);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#orders[from]!, this.#actions[from]!);
  }

  #put(place: number, at: number, order: number, action: () => void): void {
    this.#times[place] = at;
    this.#orders[place] = order;
    this.#actions[place] = action;
  }
}
