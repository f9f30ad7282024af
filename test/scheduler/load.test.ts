import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOf } from '../../src/scheduler/load.ts';
import { ended, joined, scheduler, settled, submitted } from './fixtures.ts';

test('the load is what is queued, by how long an index takes that was measured', () => {
  const { on, core } = scheduler();
  on(submitted({ array: 1, length: 3 }, { array: 2, length: 3, elementwise: [1] }));
  assert.deepEqual(loadOf(core, 0), { busy: 0, queued: 3, queuedMs: 0, unknown: 1 });

  on(joined('alice'), settled('alice', 1, [0, 1], 700));

  assert.deepEqual(loadOf(core, 0), { busy: 1, queued: 3, queuedMs: 1_400, unknown: 1 });
});

test('as long as nothing has settled, an index takes as long as the first has taken so far', () => {
  const { on, core } = scheduler();
  on(submitted({ array: 1, length: 3 }), joined('alice'));

  assert.deepEqual(loadOf(core, 4_000), { busy: 1, queued: 2, queuedMs: 8_000, unknown: 0 });
  on(settled('alice', 1, [0, 1], 10), ended('alice', 1));
  assert.equal(loadOf(core, 9_000).queuedMs, 10);
});
