import type { Range } from '../lib/range.ts';

/** What stands for `count` indices from `start` on. */
interface Part {
  readonly start: number;
  readonly count: number;
}

const maxPageLength = 256;

/**
 * The outcomes of one array, as blocks that never overlap, ordered by their first index. They stand on pages of bounded
 * size: of a million blocks, none that comes or goes moves all that are behind it.
 */
export class BlockStore<B extends Part> {
  /** No page is empty, but for the only one. */
  readonly #pages: B[][] = [[]];

  /** The blocks, as they are now. */
  get all(): readonly B[] {
    // Mostly there is one, and to flatten takes longer than all else here.
    return this.#pages.length === 1 ? [...this.#pages[0]!] : this.#pages.flat();
  }

  add(block: B): void {
    const page = this.#pageOf(block.start);
    const blocks = this.#pages[page]!;
    blocks.splice(firstAfter(blocks, block.start), 0, block);
    if (blocks.length > maxPageLength) this.#pages.splice(page + 1, 0, blocks.splice(maxPageLength / 2));
  }

  /** Nothing if it is not there. */
  remove(block: B): void {
    const page = this.#pageOf(block.start);
    const blocks = this.#pages[page]!;
    const slot = firstAfter(blocks, block.start) - 1;
    if (blocks[slot] !== block) return;
    blocks.splice(slot, 1);
    if (blocks.length === 0 && this.#pages.length > 1) this.#pages.splice(page, 1);
  }

  /** The blocks that touch the range; they may reach beyond it. */
  touching({ start, end }: Range): B[] {
    const found: B[] = [];
    let page = this.#pageOf(start);
    let slot = Math.max(0, firstAfter(this.#pages[page]!, start) - 1);
    for (; page < this.#pages.length; page += 1, slot = 0) {
      const blocks = this.#pages[page]!;
      for (; slot < blocks.length; slot += 1) {
        const block = blocks[slot]!;
        if (block.start >= end) return found;
        if (block.start + block.count > start) found.push(block);
      }
    }
    return found;
  }

  /** The last page that begins with `index` or before; the first one if none does. */
  #pageOf(index: number): number {
    let [low, high] = [1, this.#pages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#pages[middle]![0]!.start <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Position of the first block that starts after `index`. */
function firstAfter(blocks: readonly Part[], index: number): number {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle]!.start <= index) low = middle + 1;
    else high = middle;
  }
  return low;
}
