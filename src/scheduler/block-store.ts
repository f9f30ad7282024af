import type { Range } from '../lib/range.ts';

/** What stands for `count` indices from `start` on. */
interface Part {
  readonly start: number;
  readonly count: number;
}

/** The outcomes of one array, as blocks that never overlap, ordered by their first index. */
export class BlockStore<B extends Part> {
  readonly #blocks: B[] = [];

  get all(): readonly B[] {
    return this.#blocks;
  }

  add(block: B): void {
    const blocks = this.#blocks;
    const last = blocks.at(-1);
    if (last === undefined || last.start < block.start) blocks.push(block);
    else blocks.splice(this.#firstAfter(block.start), 0, block);
  }

  /** Nothing if it is not there. */
  remove(block: B): void {
    const position = this.#firstAfter(block.start) - 1;
    if (this.#blocks[position] === block) this.#blocks.splice(position, 1);
  }

  /** The blocks that touch the range; they may reach beyond it. */
  touching({ start, end }: Range): B[] {
    const found: B[] = [];
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
