import type { Chunk } from './array-record.ts';
import type { Attempt } from './events.ts';

/**
 * The chunks of one worker, by attempt, in the order in which they came. There is one for each of its threads, and V8
 * makes the table of a Map anew each time when that runs empty and is filled again: so these are a list.
 */
export class FewChunks {
  readonly #chunks: Chunk[] = [];

  get size(): number {
    return this.#chunks.length;
  }

  get(attempt: Attempt): Chunk | undefined {
    for (const chunk of this.#chunks) if (chunk.attempt === attempt) return chunk;
    return undefined;
  }

  add(chunk: Chunk): void {
    this.#chunks.push(chunk);
  }

  delete(chunk: Chunk): void {
    const chunks = this.#chunks;
    const at = chunks.indexOf(chunk);
    if (at === -1) return;
    for (let next = at + 1; next < chunks.length; next += 1) chunks[next - 1] = chunks[next]!;
    chunks.pop();
  }

  [Symbol.iterator](): IterableIterator<Chunk> {
    return this.#chunks.values();
  }
}
