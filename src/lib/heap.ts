/** A binary heap: `pop` returns the item that `before` puts ahead of all others. */
export class Heap<T> {
  #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let index = items.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(item, items[parent]!)) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length > 0) this.#sink(last!, 0);
    return top;
  }

  /** Drops every item that `isKept` refuses. Takes time in proportion to the size, unlike the other methods. */
  retain(isKept: (item: T) => boolean): void {
    this.#items = this.#items.filter((item) => isKept(item));
    for (let index = (this.#items.length >> 1) - 1; index >= 0; index -= 1) this.#sink(this.#items[index]!, index);
  }

  /** All items, in no order. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values();
  }

  /** Puts `item` at `index` or, while something below should come before it, further down. */
  #sink(item: T, index: number): void {
    const items = this.#items;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1]!, items[child]!)) child += 1;
      if (!this.#before(items[child]!, item)) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = item;
  }
}
