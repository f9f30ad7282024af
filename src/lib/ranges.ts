// A set of whole numbers, kept as sorted ranges that neither overlap nor touch. Ten million numbers in a row cost as
// much as one.
//
// The ranges live on pages of bounded size, so that no operation moves more than one page and the list of pages,
// wherever in the set it happens: a flat array would move everything behind each insertion.

import { lengthOf, type Range } from './range.ts';

const maxPageLength = 128;

/** Where a range stands: on which page, and where on that page. */
interface Place {
  readonly page: number;
  readonly slot: number;
}

export class Ranges {
  /** No page is empty. */
  readonly #pages: Range[][] = [];
  #size = 0;

  static of(range: Range): Ranges {
    const ranges = new Ranges();
    ranges.add(range);
    return ranges;
  }

  /** How many numbers there are, not how many ranges. */
  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** The smallest number. */
  get first(): number | undefined {
    return this.#pages[0]?.[0]?.start;
  }

  get last(): Range | undefined {
    return this.#pages.at(-1)?.at(-1);
  }

  add(range: Range): void {
    if (lengthOf(range) <= 0) return;
    let { start, end } = range;
    // What touches `range` is joined with it, so that ranges which stay never touch.
    for (const met of this.#cut(start, end)) {
      start = Math.min(start, met.start);
      end = Math.max(end, met.end);
    }
    this.#insert({ start, end });
  }

  remove(range: Range): void {
    if (lengthOf(range) <= 0) return;
    const { start, end } = range;
    for (const met of this.#cut(start + 1, end - 1)) {
      if (met.start < start) this.#insert({ start: met.start, end: start });
      if (met.end > end) this.#insert({ start: end, end: met.end });
    }
  }

  has(number: number): boolean {
    return this.covers({ start: number, end: number + 1 });
  }

  /** Whether every number of `range` is in the set. */
  covers(range: Range): boolean {
    if (lengthOf(range) <= 0) return true;
    const { page, slot } = this.#seek(range.start + 1);
    const found = this.#pages[page]?.[slot];
    return found !== undefined && found.start <= range.start && found.end >= range.end;
  }

  /** Removes up to `count` numbers that follow each other, from the front, and returns them. */
  take(count: number): Range | undefined {
    const page = this.#pages[0];
    const front = page?.[0];
    if (page === undefined || front === undefined || count < 1) return undefined;
    const taken = { start: front.start, end: Math.min(front.end, front.start + count) };
    this.#size -= lengthOf(taken);
    if (taken.end < front.end) page[0] = { start: taken.end, end: front.end };
    else this.#drop({ page: 0, slot: 0 }, 1);
    return taken;
  }

  /** The parts of the set that lie inside `range`. */
  overlap(range: Range): Range[] {
    const parts: Range[] = [];
    if (lengthOf(range) <= 0) return parts;
    let { page, slot } = this.#seek(range.start + 1);
    for (; page < this.#pages.length; page += 1, slot = 0) {
      const ranges = this.#pages[page]!;
      for (; slot < ranges.length; slot += 1) {
        const { start, end } = ranges[slot]!;
        if (start >= range.end) return parts;
        parts.push({ start: Math.max(start, range.start), end: Math.min(end, range.end) });
      }
    }
    return parts;
  }

  clear(): void {
    this.#pages.length = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): Generator<Range, void> {
    for (const page of this.#pages) yield* page;
  }

  /** The place of the first range that ends at `number` or later; past the last page when there is none. */
  #seek(number: number): Place {
    const pages = this.#pages;
    const page = lowest(pages.length, (index) => pages[index]!.at(-1)!.end >= number);
    const ranges = pages[page];
    return { page, slot: ranges === undefined ? 0 : lowest(ranges.length, (index) => ranges[index]!.end >= number) };
  }

  /** Removes and returns the ranges that end at `low` or later and start at `high` or sooner. */
  #cut(low: number, high: number): readonly Range[] {
    const cut: Range[] = [];
    let { page, slot } = this.#seek(low);
    for (let ranges = this.#pages[page]; ranges !== undefined; ranges = this.#pages[page]) {
      let end = slot;
      while (end < ranges.length && ranges[end]!.start <= high) end += 1;
      for (let index = slot; index < end; index += 1) cut.push(ranges[index]!);
      const isCutToItsEnd = end === ranges.length;
      const isCutWhole = this.#drop({ page, slot }, end - slot);
      if (!isCutToItsEnd) break;
      if (!isCutWhole) page += 1;
      slot = 0;
    }
    for (const range of cut) this.#size -= lengthOf(range);
    return cut;
  }

  /** Removes `count` ranges of one page, and the page if nothing is left of it: then the answer is yes. */
  #drop({ page, slot }: Place, count: number): boolean {
    const ranges = this.#pages[page]!;
    if (count === ranges.length) {
      this.#pages.splice(page, 1);
      return true;
    }
    if (count > 0) ranges.splice(slot, count);
    return false;
  }

  /** Puts in a range that neither overlaps nor touches any other. */
  #insert(range: Range): void {
    this.#size += lengthOf(range);
    const place = this.#seek(range.start);
    const isLast = place.page === this.#pages.length;
    const page = isLast ? Math.max(0, place.page - 1) : place.page;
    const ranges = (this.#pages[page] ??= []);
    ranges.splice(isLast ? ranges.length : place.slot, 0, range);
    if (ranges.length > maxPageLength) this.#pages.splice(page + 1, 0, ranges.splice(maxPageLength >> 1));
  }
}

/** The lowest of the whole numbers below `end` that passes, where all above a passing one pass; `end` if none does. */
function lowest(end: number, passes: (number: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
