import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
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

test('of many blocks, none that comes or goes moves many others', (t) => {
  const lists = Object.getPrototypeOf([]) as unknown[];
  const { splice } = lists;
  let moved = 0;
  lists.splice = function (this: unknown[], ...given: Parameters<typeof splice>) {
    moved += this.length - given[0];
    return splice.apply(this, given);
  };
  t.after(() => Object.assign(lists, { splice }));
  const [odd, even] = [1, 0].map((first) =>
    Array.from({ length: 5_000 }, (_, at) => ({ start: 2 * at + first, count: 1 })),
  );
  const store = new BlockStore<Part>();

  for (const block of [...odd!, ...even!]) store.add(block);
  const { all } = store;
  for (const block of all) store.remove(block);

  assert.deepEqual(startsOf(all), [...Array(10_000).keys()]);
  assert.deepEqual(store.all, []);
  assert.ok(moved < 20_000 * 500, `${moved} were moved`);
});

test('whatever comes and goes, those that touch a range are found', () => {
  const step = fc.record({ start: fc.nat(3000), isAdded: fc.boolean(), isMany: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const store = new BlockStore<Part>();
      const known = new Map<number, Part>();
      for (const { start, isAdded, isMany } of steps) {
        for (let next = start; next < start + (isMany ? 400 : 1); next += 1) {
          const block = known.get(next) ?? { start: next * 2, count: 2 };
          if (isAdded === known.has(next)) continue;
          if (isAdded) store.add(block);
          else store.remove(block);
          if (isAdded) known.set(next, block);
          else known.delete(next);
        }
        const there = [...known.keys()].toSorted((a, b) => a - b).map((key) => known.get(key)!);
        const range = { start: start * 2 + 1, end: start * 2 + 300 };

        assert.deepEqual(store.all, there);
        const touching = there.filter((block) => block.start < range.end && block.start + 2 > range.start);
        assert.deepEqual(store.touching(range), touching);
      }
    }),
    { numRuns: 50 },
  );
});

function storeOf(...ranges: (readonly [start: number, count: number])[]): BlockStore<Part> {
  const store = new BlockStore<Part>();
  for (const [start, count] of ranges) store.add({ start, count });
  return store;
}

function startsOf(blocks: readonly Part[]): number[] {
  return blocks.map(({ start }) => start);
}
