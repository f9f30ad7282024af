// Chunks that were asked for what they have not begun, and have not answered: one for each thread that is free. Whoever
// takes too long for an answer, because it is frozen, far away, or lies, keeps no other from being asked.

import type { Chunk } from './array-record.ts';

export class Asks {
  /** When each was asked, the first of them first. */
  readonly #since = new Map<Chunk, number>();
  readonly #patienceMs: number;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** How many are waited for. */
  get size(): number {
    return this.#since.size;
  }

  /** When one of them is waited for no longer. */
  get nextDue(): number {
    for (const since of this.#since.values()) return since + this.#patienceMs;
    return Infinity;
  }

  add(chunk: Chunk, now: number): void {
    this.#since.set(chunk, now);
  }

  /** It has answered, or is over. */
  delete(chunk: Chunk): void {
    this.#since.delete(chunk);
  }

  expire(now: number): void {
    for (const chunk of this.#since.keys()) {
      if (this.nextDue > now) return;
      this.#since.delete(chunk);
    }
  }
}
