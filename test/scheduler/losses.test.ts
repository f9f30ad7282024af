import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulerCore, type Event } from '../../src/scheduler/core.ts';
import { crashed, ended, joined, kept, left, lost, measured, run, scheduler, settled, submitted } from './fixtures.ts';

test('a chunk of one that is lost with its worker runs again elsewhere, under a new attempt number [D004]', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1 }), joined('bob'));

  assert.deepEqual(on({ type: 'worker-left', worker: 'alice' }), [run('bob', 1, [0, 1], 2)]);
  assert.deepEqual(on(settled('alice', 1, [0, 1])), []);
  assert.deepEqual(on(settled('bob', 2, [0, 1])), [kept(1, [0, 1])]);
});

test('an index that takes thread after thread with it is given up, and its dependents are asked', () => {
  const { on } = scheduler({ allowedFailures: 2 });
  on(joined('alice'), submitted({ array: 1 }, { array: 2, elementwise: [1] }));

  assert.deepEqual(on(lost('alice', 1, 0), ended('alice', 1)), [run('alice', 1, [0, 1], 2)]);
  assert.deepEqual(on(lost('alice', 2, 0), ended('alice', 2)), [run('alice', 1, [0, 1], 3)]);
  assert.deepEqual(on(lost('alice', 3, 0), ended('alice', 3)), [crashed(1, 0, 3), run('alice', 2, [0, 1], 4)]);
});

test('with no failures allowed, one is enough [D013]', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(joined('alice'), submitted({ array: 1 }));

  assert.deepEqual(on({ type: 'worker-left', worker: 'alice' }), [crashed(1, 0, 1)]);
});

test('three failures are allowed unless told otherwise', () => {
  const core = new SchedulerCore({ heartbeatTimeoutMs: 2_000 });
  const on = (...events: Event[]) => events.flatMap((event) => [...core.handle(event, 0)]);
  on(joined('alice'), submitted({ array: 1 }));

  const threeDeaths = [1, 2, 3].flatMap((attempt) => [lost('alice', attempt, 0), ended('alice', attempt)]);

  assert.deepEqual(
    on(...threeDeaths),
    [2, 3, 4].map((attempt) => run('alice', 1, [0, 1], attempt)),
  );
  assert.deepEqual(on(lost('alice', 4, 0)), [crashed(1, 0, 4)]);
});

test('when a thread dies, its slot is free and its neighbours run on, unblamed, once the chunk has ended', () => {
  const { on } = scheduler();
  on(...measured({ length: 161 }));

  assert.deepEqual(on(settled('alice', 2, [1, 3]), lost('alice', 2, 3)), [kept(1, [1, 3])]);
  assert.deepEqual(on(ended('alice', 2)), [run('alice', 1, [3, 4], 3)]);
  assert.deepEqual(on(settled('alice', 3, [3, 4]), ended('alice', 3)).at(-1), run('alice', 1, [4, 68], 4));
});

test('when a whole worker is lost, what it left runs in smaller and smaller chunks until one is to blame', () => {
  const { on, core } = scheduler();
  on(...measured({ length: 10_000 }), settled('alice', 2, [1, 9], 0), ended('alice', 2));
  assert.deepEqual(on(settled('alice', 3, [9, 10], 0)), [kept(1, [9, 10])]);
  on(left('alice'));

  assert.deepEqual(on(joined('bob')), [run('bob', 1, [10, 14], 4)]);
  assert.deepEqual(on(left('bob'), joined('carol')), [run('carol', 1, [10, 11], 5)]);
  assert.deepEqual([...core.arrays.get(1)!.losses], []);

  on(left('carol'));
  assert.deepEqual([...core.arrays.get(1)!.losses], [[10, 1]]);
});

test('suspects that come back unheard of stay suspects', () => {
  const { on } = scheduler();
  on(...measured({ length: 10_000 }), left('alice'));
  assert.deepEqual(on(joined('bob')), [run('bob', 1, [1, 2], 3)]);

  assert.deepEqual(on(ended('bob', 3)), [run('bob', 1, [1, 2], 4)]);
});

test('a worker that leaves after its thread died takes no second index with it', () => {
  const { on, core } = scheduler();
  on(...measured({ length: 161 }), settled('alice', 2, [1, 7]), lost('alice', 2, 7));

  on(left('alice'));

  assert.deepEqual([...core.arrays.get(1)!.losses], [[7, 1]]);
  assert.deepEqual(on(joined('bob')), [run('bob', 1, [7, 8], 3)]);
});

test('what a lost worker had finished stays finished', () => {
  const { on } = scheduler();
  on(...measured({ length: 161 }), settled('alice', 2, [1, 9]));

  assert.deepEqual(on(left('alice'), joined('bob')), [run('bob', 1, [9, 73], 3)]);
});

test('of several that ran in the thread that died each runs alone next, and what had not begun is above suspicion [N06]', () => {
  const { on, core } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 12, concurrency: 4 }), settled('alice', 1, [2, 3]));

  assert.deepEqual(on(lost('alice', 1, 3, 1), ended('alice', 1)), [run('alice', 1, [1, 2], 2)]);
  assert.deepEqual([...core.arrays.get(1)!.losses], []);
  assert.deepEqual(on(settled('alice', 2, [1, 2]), ended('alice', 2)).at(-1), run('alice', 1, [3, 4], 3));
  assert.deepEqual(on(lost('alice', 3, 3), ended('alice', 3)), [run('alice', 1, [3, 4], 4)]);
  assert.deepEqual([...core.arrays.get(1)!.losses], [[3, 1]]);
  assert.deepEqual(on(settled('alice', 4, [3, 4], 9_000), ended('alice', 4)).at(-1), run('alice', 1, [0, 1], 5));
});

test('a loss that names an index twice, or one that is through, is no news', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 4, concurrency: 4 }), settled('alice', 1, [2, 3]));

  assert.deepEqual(on(lost('alice', 1, 1, 1), lost('alice', 1, 1, 2), ended('alice', 1)).length, 1);
});

test('an array may say for itself how many losses are allowed', () => {
  const { on } = scheduler({ allowedFailures: 3 });
  on(joined('alice', 2), submitted({ array: 1, allowedFailures: 0 }, { array: 2 }));

  assert.deepEqual(on(lost('alice', 1, 0), ended('alice', 1)), [crashed(1, 0, 1)]);
  assert.deepEqual(on(lost('alice', 2, 0), ended('alice', 2)), [run('alice', 2, [0, 1], 3)]);
});

test('what must not run twice crashes with the thread or worker that had it, and by itself', () => {
  const { on } = scheduler({ allowedFailures: 3 });
  on(joined('alice'), submitted({ array: 1, length: 100, concurrency: 2, crashesWhenLost: true }));
  assert.deepEqual(on(settled('alice', 1, [0, 2], 0), ended('alice', 1)).at(-1), run('alice', 1, [2, 4], 2, 2));

  assert.deepEqual(on(lost('alice', 2, 2, 3), ended('alice', 2)), [
    crashed(1, 2, 1),
    crashed(1, 3, 1),
    run('alice', 1, [4, 6], 3, 2),
  ]);
  assert.deepEqual(on(left('alice')), [crashed(1, 4, 1), crashed(1, 5, 1)]);
});

test('what must not run twice crashes when its chunk ended without a word of it', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, crashesWhenLost: true }, { array: 2, elementwise: [1] }));

  assert.deepEqual(on(ended('alice', 1)), [crashed(1, 0, 1), run('alice', 2, [0, 1], 2)]);
});
