/** An item in a line, with its neighbours. */
export interface Place<T> {
  readonly item: T;
  previous: Place<T> | undefined;
  next: Place<T> | undefined;
}

/** Finds the place of an item in a line. */
export interface Places<T> {
  get(item: T): Place<T> | undefined;
  set(item: T, place: Place<T>): unknown;
  delete(item: T): unknown;
}

/**
 * Keeps the places in a field of the items, which is faster than a map. An item can be in one such line for a field.
 */
export function placesIn<Key extends string, T extends { [Each in Key]: Place<T> | undefined }>(key: Key): Places<T> {
  return {
    get: (item) => item[key],
    set: (item, place) => ((item as { [Each in Key]: Place<T> | undefined })[key] = place),
    delete: (item) => ((item as { [Each in Key]: Place<T> | undefined })[key] = undefined),
  };
}

/** A queue whose items join at its end and leave from anywhere, in constant time. */
export class Turns<T> {
  readonly #places: Places<T>;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  constructor(places: Places<T> = new Map<T, Place<T>>()) {
    this.#places = places;
  }

  get first(): T | undefined {
    return this.#first?.item;
  }

  get size(): number {
    return this.#size;
  }

  /** The item after this one. */
  behind(item: T): T | undefined {
    return this.#places.get(item)?.next?.item;
  }

  has(item: T): boolean {
    return this.#places.get(item) !== undefined;
  }

  /** Puts `item` at the end of the line, where it stays if it is in the line already. */
  add(item: T): void {
    if (this.#places.get(item) !== undefined) return;
    const place: Place<T> = { item, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    this.#places.set(item, place);
    this.#size += 1;
  }

  delete(item: T): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    this.#size -= 1;
    if (place.previous === undefined) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === undefined) this.#last = place.previous;
    else place.next.previous = place.previous;
  }

  /** In order. An item may leave the line before the next one is asked for. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let place = this.#first; place !== undefined;) {
      const { item, next } = place;
      yield item;
      place = next;
    }
  }
}
