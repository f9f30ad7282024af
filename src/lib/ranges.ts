// A set of whole numbers, kept as ranges. Ten million numbers in a row cost as much as one, and so do they where there
// are millions of sets: nearly all sets are one range, as those of chunks are, and that is two numbers here.

import { RangePages } from './range-pages.ts';
import { lengthOf, type Range } from './range.ts';

export class Ranges {
  /** The only range, while there are no several. */
  #start = 0;
  #end = 0;
  #several: RangePages | undefined;

  static of({ start, end }: Range): Ranges {
    const ranges = new Ranges();
    ranges.#start = start;
    ranges.#end = end;
    return ranges;
  }

  /** How many numbers there are, not how many ranges. */
  get size(): number {
    return this.#several === undefined ? this.#end - this.#start : this.#several.size;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** The smallest number. */
  get first(): number | undefined {
    if (this.#several !== undefined) return this.#several.first!.start;
    return this.isEmpty ? undefined : this.#start;
  }

  get last(): Range | undefined {
    if (this.#several !== undefined) return this.#several.last;
    return this.isEmpty ? undefined : { start: this.#start, end: this.#end };
  }

  /** The ranges, as they are now. */
  get all(): readonly Range[] {
    if (this.#several !== undefined) return [...this.#several];
    return this.isEmpty ? [] : [{ start: this.#start, end: this.#end }];
  }

  add(range: Range): void {
    const { start, end } = range;
    if (lengthOf(range) <= 0) return;
    if (this.#several !== undefined) {
      this.#several.add(range);
      this.#joinSeveral();
    } else if (this.isEmpty) {
      this.#start = start;
      this.#end = end;
    } else if (start <= this.#end && end >= this.#start) {
      this.#start = Math.min(start, this.#start);
      this.#end = Math.max(end, this.#end);
    } else this.#split({ start: this.#start, end: this.#end }, range);
  }

  remove(range: Range): void {
    const { start, end } = range;
    if (lengthOf(range) <= 0) return;
    if (this.#several !== undefined) {
      this.#several.remove(range);
      this.#joinSeveral();
    } else if (end <= this.#start || start >= this.#end) return;
    else if (start <= this.#start) this.#start = Math.min(end, this.#end);
    else if (end >= this.#end) this.#end = start;
    else this.#split({ start: this.#start, end: start }, { start: end, end: this.#end });
  }

  has(number: number): boolean {
    return this.covers({ start: number, end: number + 1 });
  }

  /** Whether every number of `range` is in the set. */
  covers(range: Range): boolean {
    if (lengthOf(range) <= 0) return true;
    if (this.#several !== undefined) return this.#several.covers(range);
    return range.start >= this.#start && range.end <= this.#end;
  }

  /** Removes up to `count` numbers that follow each other, from the front, and returns them. */
  take(count: number): Range | undefined {
    if (this.isEmpty || count < 1) return undefined;
    const { start, end } = this.#several?.first ?? { start: this.#start, end: this.#end };
    const taken = { start, end: Math.min(end, start + count) };
    this.remove(taken);
    return taken;
  }

  /** Likewise up to `count` numbers with gaps between them, as far as they lie less than `span` behind the first. */
  takeWithin(count: number, span: number): Ranges | undefined {
    const front = this.take(count);
    if (front === undefined) return undefined;
    const taken = Ranges.of(front);
    const end = front.start + span;
    while (taken.size < count && !this.isEmpty && this.first! < end) {
      taken.add(this.take(Math.min(count - taken.size, end - this.first!))!);
    }
    return taken;
  }

  /** The parts of the set that lie inside `range`. */
  overlap(range: Range): Range[] {
    if (lengthOf(range) <= 0) return [];
    if (this.#several !== undefined) return this.#several.overlap(range);
    const [start, end] = [Math.max(this.#start, range.start), Math.min(this.#end, range.end)];
    return start < end ? [{ start, end }] : [];
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
    this.#several = undefined;
  }

  *[Symbol.iterator](): Generator<Range, void> {
    if (this.#several !== undefined) yield* this.#several;
    else if (!this.isEmpty) yield { start: this.#start, end: this.#end };
  }

  #split(one: Range, other: Range): void {
    this.#several = new RangePages();
    this.#several.add(one);
    this.#several.add(other);
  }

  /** Where one is left of several, or none, they are not needed. */
  #joinSeveral(): void {
    const several = this.#several!;
    if (several.areSeveral) return;
    const { start, end } = several.first ?? { start: 0, end: 0 };
    this.#start = start;
    this.#end = end;
    this.#several = undefined;
  }
}
