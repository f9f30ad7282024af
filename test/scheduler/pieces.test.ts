// Chunks of indices that do not follow each other: what is tried again is what is left between those that are through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../src/scheduler/core.ts';
import {
  delayed,
  ended,
  given,
  joined,
  kept,
  left,
  lost,
  measured,
  recalled,
  returned,
  run,
  runAll,
  scheduler,
  settled,
  submitted,
} from './fixtures.ts';

test('what woke while its thread was busy goes on together, as many at once as may overlap', () => {
  const { on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 10, concurrency: 10 }));
  for (const index of [2, 5, 6, 9]) on(delayed('alice', 1, index, 20));
  on(settled('alice', 1, [0, 2]), settled('alice', 1, [3, 5]), settled('alice', 1, [7, 9]));

  assert.deepEqual(wait(20), [], 'its slot is taken');
  assert.deepEqual(on(ended('alice', 1)), [runAll('alice', 1, [[2, 3], [5, 7], [9, 10]], 2, 4)]); // prettier-ignore
  assert.deepEqual(on(settled('alice', 2, [5, 7]), settled('alice', 2, [2, 3])), [kept(1, [5, 7]), kept(1, [2, 3])]);
  assert.deepEqual(on(settled('alice', 2, [8, 10])), [], 'index 8 is not of it');
  assert.deepEqual(on(settled('alice', 2, [9, 10])), [kept(1, [9, 10])]);
});

test('what is tried again goes with what was not begun, and shares its places', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 100, concurrency: 10 }));
  on(settled('alice', 1, [0, 4], 40), delayed('alice', 1, 4, 0), settled('alice', 1, [5, 10], 50));

  assert.deepEqual(on(ended('alice', 1)), [runAll('alice', 1, [[4, 5], [10, 89]], 2, 10)]); // prettier-ignore
});

test('threads that are free share what woke', () => {
  const { on, wait } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 4, concurrency: 10 }));
  for (const index of [0, 1]) on(delayed('alice', 1, index, 20));
  on(settled('bob', 2, [3, 4]), delayed('bob', 2, 2, 20), ended('alice', 1), ended('bob', 2));

  assert.deepEqual(wait(20), [run('alice', 1, [0, 2], 3, 2), run('bob', 1, [2, 3], 4)]);
});

test('runs that do not overlap are tried again in one chunk too', () => {
  const { on } = scheduler();
  on(...measured({ length: 17 }));
  for (const index of [2, 4, 6]) on(delayed('alice', 2, index, 0));
  for (const index of [1, 3, 5, 7, 8]) on(settled('alice', 2, [index, index + 1]));

  assert.deepEqual(on(ended('alice', 2)), [runAll('alice', 1, [[2, 3], [4, 5], [6, 7], [9, 11]], 3)]); // prettier-ignore
});

test('a chunk spans no more indices than have inputs that fit into one message', () => {
  const { on } = scheduler({ chunkInputBytes: 100 });
  on({ ...submitted({ ...given({ array: 1, length: 1_000 }), givenBytes: 10_000 }) });
  on(joined('alice'), submitted({ array: 2, length: 30, elementwise: [1], concurrency: 30 }));
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 2, [0, 10], 2, 10)]);
  on(settled('alice', 2, [0, 2]), delayed('alice', 2, 2, 0), settled('alice', 2, [3, 7]), delayed('alice', 2, 7, 0));
  on(settled('alice', 2, [8, 10]));

  // Ten from index 2 on end before index 12.
  assert.deepEqual(on(ended('alice', 2)), [runAll('alice', 2, [[2, 3], [7, 8], [10, 12]], 3, 4)]); // prettier-ignore
});

test('what is given back of a chunk may be in pieces', () => {
  const { on, wait } = scheduler();
  on(...inPieces(), joined('bob'));
  assert.deepEqual(wait(20), [recalled('alice', 3)]);
  on(settled('alice', 3, [3, 4]));

  assert.deepEqual(on(returned('alice', 3, [13, 14], [3, 4])), [], 'index 3 is through');
  const [again] = on(returned('alice', 3, [13, 14], [15, 16], [17, 26]));
  assert.deepEqual(again, runAll('bob', 1, [[13, 14], [15, 16], [17, 20]], 4, 2)); // prettier-ignore
});

test('what a lost worker had in pieces is suspected as much as what it has in a row', () => {
  const { on } = scheduler();
  on(...inPieces(), left('alice'));

  assert.deepEqual(on(joined('bob')), [runAll('bob', 1, [[3, 4], [5, 6]], 4, 2)]); // prettier-ignore
});

test('what a lost thread left in pieces is run again together, but for what it ran', () => {
  const { on } = scheduler();
  on(...inPieces(), lost('alice', 3, 3, 9));

  assert.deepEqual(on(ended('alice', 3)), [run('alice', 1, [3, 4], 4)]);
  assert.deepEqual(on(settled('alice', 4, [3, 4]), ended('alice', 4)).at(-1), run('alice', 1, [9, 10], 5));
  const rest = runAll('alice', 1, [[5, 6], [7, 8], [11, 12], [13, 14], [15, 16], [17, 26]], 6, 2); // prettier-ignore
  assert.deepEqual(on(settled('alice', 5, [9, 10]), ended('alice', 5)).at(-1), rest);
});

/** Alice runs index 3 and each second one to 15, and 17 to 25, of array 1 as attempt 3, two at a time: 16 in all. */
function inPieces(): Event[] {
  const array = submitted({ array: 1, length: 26, concurrency: 2 });
  const before = [2, 4, 6, 8, 10, 12, 14, 16];
  return [
    joined('alice'),
    array,
    settled('alice', 1, [0, 2], 20),
    ended('alice', 1),
    ...before.flatMap((index) => [settled('alice', 2, [index, index + 1], 10), delayed('alice', 2, index + 1, 0)]),
    ended('alice', 2),
  ];
}
