// Virtual time: what is to happen, in the order of when.

import { Heap } from '../../src/lib/heap.ts';

interface Appointment {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

export class Agenda {
  now = 0;
  readonly #appointments = new Heap<Appointment>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #count = 0;

  at(at: number, action: () => void): void {
    this.#appointments.push({ at, order: this.#count++, action });
  }

  in(ms: number, action: () => void): void {
    this.at(this.now + ms, action);
  }

  /** Until it is so, or nothing is to happen within the limit. */
  advance({ until, limitMs }: { until: () => boolean; limitMs: number }): void {
    const limit = this.now + limitMs;
    while (!until()) {
      const next = this.#appointments.peek();
      if (next === undefined || next.at > limit) return;
      this.#appointments.pop();
      this.now = Math.max(this.now, next.at);
      next.action();
    }
  }
}
