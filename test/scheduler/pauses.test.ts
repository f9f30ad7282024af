import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../../src/scheduler/core.ts';
import { ended, joined, kept, left, run, scheduler, settled, submitted, traits } from './fixtures.ts';

test('a worker that is paused finishes what it has, and gets nothing more until it is resumed', () => {
  const { on } = scheduler();
  on(joined('alice', 2), joined('bob'), submitted({ array: 1, length: 9 }));

  assert.deepEqual(on(paused('alice'), settled('alice', 1, [0, 1]), ended('alice', 1)).length, 1);
  assert.equal(on(settled('bob', 2, [1, 2]), ended('bob', 2)).at(-1)?.type, 'run-chunk');
  assert.deepEqual(on(paused('alice'), resumed('bob')), []);

  assert.equal(on(resumed('alice')).length, 1);
});

test('a worker may be paused and leave, or be told to leave, in any order', () => {
  const { on, core } = scheduler();
  on(joined('alice'), joined('bob', 2), paused('alice'), { type: 'worker-draining', worker: 'alice' });
  on({ type: 'worker-draining', worker: 'bob' }, paused('bob'), resumed('alice'), resumed('bob'));
  assert.equal(core.fleet.plain.slots, 0);

  on(left('alice'), left('bob'), resumed('alice'));

  assert.deepEqual(on(submitted({ array: 1 })), []);
  assert.equal(core.fleet.plain.slots, 0);
});

test('nothing of a client that is paused is started, and others have the threads meanwhile', () => {
  const { on } = scheduler();
  on(submitted({ array: 1, length: 2, client: 'slow' }, { array: 2, length: 2, client: 'quick' }));
  on({ type: 'client-paused', client: 'slow' });

  assert.deepEqual(on(joined('alice', 2)), [run('alice', 2, [0, 1], 1), run('alice', 2, [1, 2], 2)]);
  assert.deepEqual(
    on(submitted({ array: 3, client: 'slow' }), settled('alice', 1, [0, 1]), ended('alice', 1)).length,
    1,
  );

  assert.deepEqual(on({ type: 'client-resumed', client: 'slow' }), [run('alice', 1, [0, 1], 3)]);
  assert.deepEqual(on({ type: 'client-resumed', client: 'slow' }), []);
});

test('nothing is sent ahead of a client or to a worker that is paused, whatever it needs or is limited by', () => {
  const pauses = [paused('alice'), { type: 'client-paused', client: 'slow' } as const];
  const bounds = [{}, { needs: traits({ gpu: 1 }) }, { limits: [{ tag: 'db', most: 1 }] }];
  for (const [pause, bound] of pauses.flatMap((pause) => bounds.map((bound) => [pause, bound] as const))) {
    const { on } = scheduler();
    on(joined('alice', 1, traits({ gpu: 1 })), submitted({ array: 1, length: 9, client: 'slow', ...bound }), pause);

    assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1])]);
  }
});

test('why nothing starts of a client or on a worker that is paused is told', () => {
  const { on, core } = scheduler();
  on(submitted({ array: 1, client: 'slow' }), { type: 'client-paused', client: 'slow' });
  assert.equal(
    core.explain(1, 0),
    'Index 0 of array 1 is queued until its flow run has taken, and the disk has written, what was done before.',
  );

  on(joined('alice'), paused('alice'), { type: 'client-resumed', client: 'slow' });

  assert.match(core.explain(1, 0), /and the only worker is paused: short of memory, or behind with what was sent/);
});

function paused(worker: string): Event {
  return { type: 'worker-paused', worker };
}

function resumed(worker: string): Event {
  return { type: 'worker-resumed', worker };
}
