import { OutcomeBuffer } from './outcome-buffer.ts';
import type { Block } from '../../lib/chunk.ts';

/** How many bytes a block should have at most: a chunk gets whole blocks, and might need little of a large one. */
const enoughBytes = 256 * 1024;

/** Collects the outcomes of a chunk, whose indices may end in any order, until they leave as blocks. */
export class OutcomeBlocks {
  /** One for each row of consecutive indices; at least one. */
  readonly #buffers: OutcomeBuffer[];

  constructor(start: number) {
    this.#buffers = [new OutcomeBuffer(start)];
  }

  /** The buffer for the outcome of an index that has just ended. */
  at(index: number): OutcomeBuffer {
    const last = this.#buffers.at(-1)!;
    if (last.next === index) return last;
    let buffer = this.#buffers.find(({ next }) => next === index);
    if (buffer === undefined) this.#buffers.push((buffer = new OutcomeBuffer(index)));
    return buffer;
  }

  /** How many outcomes were collected. */
  get count(): number {
    return this.#buffers.reduce((sum, { start, next }) => sum + next - start, 0);
  }

  /** Whether what was collected is as much as a block should hold. */
  get isFull(): boolean {
    return this.#buffers.some(({ heldBytes }) => heldBytes >= enoughBytes);
  }

  /** What was collected. */
  take(): readonly Block[] {
    const blocks = this.#buffers.flatMap((buffer): readonly Block[] => {
      const { start, next } = buffer;
      const bytes = buffer.take();
      return bytes === undefined ? [] : [{ start, count: next - start, bytes }];
    });
    if (this.#buffers.length > 1) this.#buffers.splice(0, this.#buffers.length - 1);
    return blocks;
  }
}
