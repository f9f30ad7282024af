import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOf } from '../../src/scheduler/load.ts';
import { ended, joined, scheduler, settled, submitted } from './fixtures.ts';

test('the load is what is queued, by how long an index takes that was measured', () => {
  const { on, core } = scheduler();
  on(submitted({ array: 1, length: 3 }, { array: 2, length: 3, elementwise: [1] }));
  assert.deepEqual(loadOf(core, 0), { busy: 0, arrays: [{ queued: 3, queuedMs: undefined, mostThreads: 3 }] });

  on(joined('alice'), settled('alice', 1, [0, 1], 700));

  const [first, second] = [
    { queued: 2, queuedMs: 1_400, mostThreads: 2 },
    { queued: 1, queuedMs: undefined, mostThreads: 1 },
  ];
  assert.deepEqual(loadOf(core, 0), { busy: 1, arrays: [first, second] });
});

test('as long as nothing has settled, an index takes as long as the first has taken so far', () => {
  const { on, core } = scheduler();
  on(submitted({ array: 1, length: 3 }), joined('alice'));

  assert.deepEqual(loadOf(core, 4_000), { busy: 1, arrays: [{ queued: 2, queuedMs: 8_000, mostThreads: 2 }] });
  on(settled('alice', 1, [0, 1], 10), ended('alice', 1));
  assert.equal(loadOf(core, 9_000).arrays[0]?.queuedMs, 10);
});

test('what overlaps in a thread, and what a limit does not let start, needs fewer threads', () => {
  const { on, core } = scheduler();
  const limits = [{ tag: 'db', most: 3 }];
  on(submitted({ array: 1, length: 95, concurrency: 10 }, { array: 2, length: 100, limits }));

  assert.deepEqual(
    loadOf(core, 0).arrays.map(({ mostThreads }) => mostThreads),
    [10, 3],
  );
});
