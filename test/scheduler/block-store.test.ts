import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockStore } from '../../src/scheduler/block-store.ts';

interface Part {
  readonly start: number;
  readonly count: number;
}

test('blocks stand in the order of their indices, whenever they came', () => {
  const store = storeOf([4, 2], [0, 2], [8, 1], [2, 2], [6, 2]);

  assert.deepEqual(startsOf(store.all), [0, 2, 4, 6, 8]);
});

for (const [start, end, found] of [
  [0, 1, [0]],
  [2, 4, [2]],
  [3, 5, [2, 4]],
  [0, 9, [0, 2, 4, 6, 8]],
  [8, 9, [8]],
  [5, 7, [4, 6]],
] as const) {
  test(`indices ${start} to ${end} are in the blocks that start at ${found.join(', ')}, and in no neighbours`, () => {
    const store = storeOf([0, 2], [2, 2], [4, 2], [6, 2], [8, 1]);

    assert.deepEqual(startsOf(store.touching({ start, end })), found);
  });
}

test('a block that is removed is found no more, and its neighbours are', () => {
  const store = storeOf([0, 2], [2, 2], [4, 2]);
  const [block] = store.touching({ start: 3, end: 4 });

  store.remove(block!);
  store.remove({ start: 2, count: 2 });
  store.remove({ start: 0, count: 2 });

  assert.deepEqual(startsOf(store.touching({ start: 0, end: 6 })), [0, 4]);
});

test('nothing is found where nothing is', () => {
  assert.deepEqual(storeOf().touching({ start: 0, end: 10 }), []);
  assert.deepEqual(storeOf([0, 2], [6, 2]).touching({ start: 2, end: 6 }), []);
});

function storeOf(...ranges: (readonly [start: number, count: number])[]): BlockStore<Part> {
  const store = new BlockStore<Part>();
  for (const [start, count] of ranges) store.add({ start, count });
  return store;
}

function startsOf(blocks: readonly Part[]): number[] {
  return blocks.map(({ start }) => start);
}
