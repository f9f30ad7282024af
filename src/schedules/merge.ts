/** All items of `streams`, each of which ascends, in ascending order; of equals, those of the earlier stream first. */
export function* merge<T>(streams: readonly Iterable<T>[], orderOf: (item: T) => number): Generator<T> {
  const iterators = streams.map((stream) => stream[Symbol.iterator]());
  const heads = iterators.map((iterator) => iterator.next());
  try {
    for (;;) {
      const first = indexOfLeast(heads, orderOf);
      if (first === undefined) return;
      yield heads[first]!.value as T;
      heads[first] = iterators[first]!.next();
    }
  } finally {
    for (const iterator of iterators) iterator.return?.();
  }
}

function indexOfLeast<T>(heads: readonly IteratorResult<T>[], orderOf: (item: T) => number): number | undefined {
  let least: number | undefined;
  let leastOrder = Infinity;
  for (const [index, head] of heads.entries()) {
    if (head.done === true) continue;
    const order = orderOf(head.value);
    if (order >= leastOrder) continue;
    least = index;
    leastOrder = order;
  }
  return least;
}
