/** Who is next? A line whose members come to its end, and leave from anywhere, in the same short time at any length. */
export class Turns<T> {
  readonly #nodes = new Map<T, Node<T>>();
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;

  get first(): T | undefined {
    return this.#first?.item;
  }

  get size(): number {
    return this.#nodes.size;
  }

  has(item: T): boolean {
    return this.#nodes.has(item);
  }

  /** Puts `item` at the end of the line, where it stays if it is in the line already. */
  add(item: T): void {
    if (this.#nodes.has(item)) return;
    const node: Node<T> = { item, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#nodes.set(item, node);
  }

  delete(item: T): void {
    const node = this.#nodes.get(item);
    if (node === undefined) return;
    this.#nodes.delete(item);
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
  }

  /** In the order of the line. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#nodes.keys();
  }
}

interface Node<T> {
  readonly item: T;
  previous: Node<T> | undefined;
  next: Node<T> | undefined;
}
