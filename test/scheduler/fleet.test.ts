import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from '../../src/scheduler/core.ts';
import { ended, joined, kept, left, run, scheduler, settled, submitted } from './fixtures.ts';

test('a worker that drains finishes what it has and gets no more', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1 }));

  on({ type: 'worker-draining', worker: 'alice' });

  assert.deepEqual(on(submitted({ array: 2 })), []);
  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)), [kept(1, [0, 1])]);
  assert.deepEqual(on(left('alice'), joined('bob')), [run('bob', 2, [0, 1], 2)]);
});

test('a worker that is silent for too long is closed, and what it ran runs elsewhere [D029]', () => {
  const { on, wait } = scheduler({ heartbeatTimeoutMs: 2_000 });
  on({ type: 'ticked' }, joined('alice'), submitted({ array: 1 }));
  assert.deepEqual([wait(1_000), wait(1_000)], [[], []]);

  on(joined('bob'));

  const closed: Command = { type: 'close-worker', worker: 'alice', reason: 'heartbeat-lost' };
  assert.deepEqual(wait(1), [closed, run('bob', 1, [0, 1], 2)]);
  assert.deepEqual(on(left('alice')), []);
});

test('every sign of life is one: to be seen, or to bring news', () => {
  const { on, wait } = scheduler({ heartbeatTimeoutMs: 2_000 });
  on({ type: 'ticked' }, joined('alice'), joined('bob'), submitted({ array: 1 }));
  wait(1_000);

  on(settled('alice', 1, [0, 1]), { type: 'worker-seen', worker: 'bob' });

  assert.deepEqual([wait(1_000), wait(1_000)], [[], []]);
  const closed = ['alice', 'bob'].map((worker) => ({ type: 'close-worker', worker, reason: 'heartbeat-lost' }));
  assert.deepEqual(wait(1), closed);
});

test('a late tick says that we slept, not that they died [N15]', () => {
  const { on, wait } = scheduler({ heartbeatTimeoutMs: 2_000 });
  on({ type: 'ticked' }, joined('alice'));
  wait(1_000);

  assert.deepEqual(wait(60_000), []);

  assert.deepEqual([wait(1_000), wait(1_000)], [[], []]);
  assert.deepEqual(wait(1), [{ type: 'close-worker', worker: 'alice', reason: 'heartbeat-lost' }]);
});

test('workers take turns, so that chunks spread before they pile up [D139]', () => {
  const { on } = scheduler();
  on(joined('alice', 2), joined('bob', 2));

  const commands = on(submitted({ array: 1, length: 3 }));

  assert.deepEqual(commands, [run('alice', 1, [0, 1], 1), run('bob', 1, [1, 2], 2), run('alice', 1, [2, 3], 3)]);
});

test('what a worker that leaves had is queued again, and one that joins takes as much as it can [D018]', () => {
  const { on, core } = scheduler();
  const queued = () => core.arrays.get(1)!.queuedCount;
  on(joined('alice', 2), joined('bob', 2), submitted({ array: 1, length: 10 }));
  assert.equal(queued(), 6);

  on(left('alice'));
  assert.equal(queued(), 8);

  on(joined('carol', 2));
  assert.equal(queued(), 6);
});
