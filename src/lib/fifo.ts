/** First in, first out, in the same short time at any length: `shift` of an array would move all the others. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  /** Where the first item is; what stood before it is forgotten. */
  #next = 0;

  get first(): T | undefined {
    return this.#items[this.#next];
  }

  get size(): number {
    return this.#items.length - this.#next;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.first;
    if (this.size === 0) return undefined;
    this.#items[this.#next] = undefined;
    this.#next += 1;
    if (this.#next === this.#items.length) this.clear();
    else if (this.#next >= 1024 && 2 * this.#next >= this.#items.length) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#next = 0;
  }
}
