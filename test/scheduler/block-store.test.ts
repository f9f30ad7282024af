import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from '../../src/lib/chunk.ts';
import { BlockStore } from '../../src/scheduler/block-store.ts';

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

test('nothing is found where nothing is', () => {
  assert.deepEqual(storeOf().touching({ start: 0, end: 10 }), []);
  assert.deepEqual(storeOf([0, 2], [6, 2]).touching({ start: 2, end: 6 }), []);
});

function storeOf(...ranges: (readonly [start: number, count: number])[]): BlockStore {
  const store = new BlockStore();
  for (const [start, count] of ranges) store.add({ start, count, bytes: new Uint8Array(0) });
  return store;
}

function startsOf(blocks: readonly Block[]): number[] {
  return blocks.map(({ start }) => start);
}
