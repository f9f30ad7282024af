import type { Block } from '../lib/chunk.ts';
import type { Range } from '../lib/range.ts';

/** The outcomes of one array, as blocks that never overlap, ordered by their first index. */
export class BlockStore {
  readonly #blocks: Block[] = [];
  /** How many bytes its blocks have together. */
  byteLength = 0;

  get all(): readonly Block[] {
    return this.#blocks;
  }

  add(block: Block): void {
    const blocks = this.#blocks;
    this.byteLength += block.bytes.byteLength;
    const last = blocks.at(-1);
    if (last === undefined || last.start < block.start) blocks.push(block);
    else blocks.splice(this.#firstAfter(block.start), 0, block);
  }

  /** The blocks that touch the range; they may reach beyond it. */
  touching({ start, end }: Range): Block[] {
    const found: Block[] = [];
    for (let position = Math.max(0, this.#firstAfter(start) - 1); position < this.#blocks.length; position += 1) {
      const block = this.#blocks[position]!;
      if (block.start >= end) break;
      if (block.start + block.count > start) found.push(block);
    }
    return found;
  }

  /** Position of the first block that starts after `index`. */
  #firstAfter(index: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle]!.start <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
