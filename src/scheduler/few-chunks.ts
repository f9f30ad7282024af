import assert from 'node:assert/strict';
import type { Chunk } from './array-record.ts';
import type { Attempt } from './events.ts';

/**
 * The chunks of one worker, by attempt, in the order in which they came. They are as few as its threads, so each chunk
 * names the next one: a list or a table for each worker would fill most of the processor's caches.
 */
export class FewChunks {
  #first: Chunk | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** One of them, or one that waits behind one of them. */
  get(attempt: Attempt): Chunk | undefined {
    for (let chunk = this.#first; chunk !== undefined; chunk = chunk.beside) {
      if (chunk.attempt === attempt) return chunk;
      if (chunk.next?.attempt === attempt) return chunk.next;
    }
    return undefined;
  }

  /** Those that wait behind one of them. */
  get ahead(): readonly Chunk[] {
    return [...this].flatMap(({ next }) => next ?? []);
  }

  add(chunk: Chunk): void {
    const last = this.#lastBefore(undefined);
    if (last === undefined) this.#first = chunk;
    else last.beside = chunk;
    this.#size += 1;
  }

  delete(chunk: Chunk): void {
    const previous = this.#lastBefore(chunk);
    assert(previous !== undefined || this.#first === chunk, 'the chunk is of another worker');
    if (previous === undefined) this.#first = chunk.beside;
    else previous.beside = chunk.beside;
    chunk.beside = undefined;
    this.#size -= 1;
  }

  /** The chunk before this one, or the last one if `end` is `undefined`; nothing for a chunk that is not here. */
  #lastBefore(end: Chunk | undefined): Chunk | undefined {
    let previous: Chunk | undefined;
    for (let chunk = this.#first; chunk !== undefined; chunk = chunk.beside) {
      if (chunk === end) return previous;
      previous = chunk;
    }
    return end === undefined ? previous : undefined;
  }

  *[Symbol.iterator](): IterableIterator<Chunk> {
    for (let chunk = this.#first; chunk !== undefined; chunk = chunk.beside) yield chunk;
  }
}
