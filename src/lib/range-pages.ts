// Sorted ranges of whole numbers that neither overlap nor touch, on pages of bounded size, so that no operation moves
// more than one page and the list of pages, wherever it happens: a flat array would move everything behind each
// insertion.

import { lengthOf, type Range } from './range.ts';

const maxPageLength = 128;

/** Where a range stands: on which page, and where on that page. */
interface RangePlace {
  readonly page: number;
  readonly slot: number;
}

export class RangePages {
  /** No page is empty. */
  #pages: Range[][] = [];
  #size = 0;

  /** How many numbers there are, not how many ranges. */
  get size(): number {
    return this.#size;
  }

  get first(): Range | undefined {
    return this.#pages[0]?.[0];
  }

  get last(): Range | undefined {
    return this.#pages.at(-1)?.at(-1);
  }

  /** Whether there are several ranges. */
  get areSeveral(): boolean {
    return this.#pages.length > 1 || (this.#pages[0] ?? []).length > 1;
  }

  add(range: Range): void {
    let { start, end } = range;
    const place = this.#seek(start);
    const only = this.#onlyMet(place, end);
    // What touches `range` is joined with it, so that ranges which stay never touch.
    if (only !== undefined) {
      const joined = { start: Math.min(start, only.start), end: Math.max(end, only.end) };
      return this.#exchange(place, only, joined);
    }
    for (const met of this.#cut(place, end)) {
      start = Math.min(start, met.start);
      end = Math.max(end, met.end);
    }
    this.#insert({ start, end });
  }

  remove(range: Range): void {
    const { start, end } = range;
    const place = this.#seek(start + 1);
    const only = this.#onlyMet(place, end - 1);
    // Of one range an end is cut off: what stays of it stays where it is.
    if (only !== undefined && only.start < start !== only.end > end) {
      const rest = only.start < start ? { start: only.start, end: start } : { start: end, end: only.end };
      return this.#exchange(place, only, rest);
    }
    for (const met of this.#cut(place, end - 1)) {
      if (met.start < start) this.#insert({ start: met.start, end: start });
      if (met.end > end) this.#insert({ start: end, end: met.end });
    }
  }

  /** Whether every number of `range` is there. */
  covers(range: Range): boolean {
    const { page, slot } = this.#seek(range.start + 1);
    const found = this.#pages[page]?.[slot];
    return found !== undefined && found.start <= range.start && found.end >= range.end;
  }

  /** The parts that lie inside `range`. */
  overlap(range: Range): Range[] {
    const parts: Range[] = [];
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

  *[Symbol.iterator](): Generator<Range, void> {
    for (const page of this.#pages) yield* page;
  }

  /** The place of the first range that ends at `number` or later; past the last page when there is none. */
  #seek(number: number): RangePlace {
    const pages = this.#pages;
    let [page, high] = [0, pages.length];
    while (page < high) {
      const middle = (page + high) >>> 1;
      const ranges = pages[middle]!;
      if (ranges[ranges.length - 1]!.end >= number) high = middle;
      else page = middle + 1;
    }
    const ranges = pages[page];
    return { page, slot: ranges === undefined ? 0 : firstEndingAt(ranges, number) };
  }

  /** The range at a place, if it starts at `high` or sooner and no other behind it does. */
  #onlyMet({ page, slot }: RangePlace, high: number): Range | undefined {
    const met = this.#pages[page]?.[slot];
    if (met === undefined || met.start > high) return undefined;
    const next = this.#pages[page]![slot + 1] ?? this.#pages[page + 1]?.[0];
    return next === undefined || next.start > high ? met : undefined;
  }

  #exchange({ page, slot }: RangePlace, old: Range, range: Range): void {
    this.#pages[page]![slot] = range;
    this.#size += lengthOf(range) - lengthOf(old);
  }

  /** Removes and returns the ranges from a place on that start at `high` or sooner. */
  #cut({ page, slot }: RangePlace, high: number): readonly Range[] {
    const cut: Range[] = [];
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
  #drop({ page, slot }: RangePlace, count: number): boolean {
    const ranges = this.#pages[page]!;
    if (count === ranges.length) {
      if (this.#pages.length === 1) this.#pages.length = 0;
      else this.#pages.splice(page, 1);
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

/** The index of the first range that ends at `number` or later. */
function firstEndingAt(ranges: readonly Range[], number: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.end >= number) high = middle;
    else low = middle + 1;
  }
  return low;
}
