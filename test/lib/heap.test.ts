import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Heap } from '../../src/lib/heap.ts';

test('an empty heap has nothing to show or to give', () => {
  const heap = new Heap<number>((a, b) => a < b);

  assert.equal(heap.peek(), undefined);
  assert.equal(heap.pop(), undefined);
  assert.equal(heap.size, 0);
});

test('looking at the first item leaves it there', () => {
  const heap = heapOf([2, 1]);

  assert.deepEqual([heap.peek(), heap.peek(), heap.size], [1, 1, 2]);
});

test('items come out in order, whatever the order in which they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = heapOf(numbers);

      assert.deepEqual(
        [...heap].sort((a, b) => a - b),
        sorted(numbers),
      );
      assert.deepEqual(drain(heap), sorted(numbers));
    }),
  );
});

test('what is not retained is gone, and the rest stays in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = heapOf(numbers);

      heap.retain((number) => number % 3 !== 0);

      assert.deepEqual(drain(heap), sorted(numbers.filter((number) => number % 3 !== 0)));
    }),
  );
});

// Fixtures

function heapOf(numbers: readonly number[]): Heap<number> {
  const heap = new Heap<number>((a, b) => a < b);
  for (const number of numbers) heap.push(number);
  return heap;
}

function drain(heap: Heap<number>): number[] {
  const drained: number[] = [];
  for (let next = heap.pop(); next !== undefined; next = heap.pop()) drained.push(next);
  return drained;
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}
