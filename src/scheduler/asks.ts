// Recalled chunks whose workers have not answered: as many as there are free threads. A worker that takes too long to
// answer, because it is frozen, far away, or lies, does not keep others from being asked.

import type { Chunk } from './array-record.ts';

export class Asks {
  /** When each was asked, the earliest first. */
  readonly #since = new Map<Chunk, number>();
  readonly #patienceMs: number;
  readonly #tell: (chunk: Chunk) => void;

  /** `tell` is to tell the worker that a chunk is recalled. */
  constructor(patienceMs: number, tell: (chunk: Chunk) => void) {
    this.#patienceMs = patienceMs;
    this.#tell = tell;
  }

  /** How many answers we wait for. */
  get size(): number {
    return this.#since.size;
  }

  /** When we stop waiting for one of them. */
  get nextDue(): number {
    for (const since of this.#since.values()) return since + this.#patienceMs;
    return Infinity;
  }

  recall(chunk: Chunk, now: number): void {
    this.#since.set(chunk, now);
    chunk.isRecalled = true;
    this.#tell(chunk);
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
