import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../src/scheduler/pace.ts';
import type { Event } from '../../src/scheduler/core.ts';
import {
  delayed,
  ended,
  given,
  joined,
  kept,
  measured,
  run,
  runBehind,
  scheduler,
  settled,
  settledAtLast,
  submitted,
} from './fixtures.ts';

test('the indices of an array are dealt out in turn, one at a time while nothing is measured', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'));

  assert.deepEqual(on(submitted({ array: 1, length: 3 })), [run('alice', 1, [0, 1], 1), run('bob', 1, [1, 2], 2)]);
  assert.deepEqual(on(settled('bob', 2, [1, 2])), [kept(1, [1, 2])]);
  assert.deepEqual(on(ended('bob', 2)), [run('bob', 1, [2, 3], 3)]);
});

test('a chunk grows to what is done in the target time, at most eightfold at once', () => {
  const { on } = scheduler({ targetChunkMs: 10 });
  on(joined('alice'), submitted({ array: 1, length: 1_000_000 }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 0.0097), ended('alice', 1)).at(-1), run('alice', 1, [1, 9], 2));
  assert.deepEqual(on(settled('alice', 2, [1, 9], 0.0776), ended('alice', 2)).at(-1), run('alice', 1, [9, 73], 3));
  assert.deepEqual(on(settled('alice', 3, [9, 73], 0.6208), ended('alice', 3)).at(-1), run('alice', 1, [73, 585], 4));
  assert.deepEqual(on(settled('alice', 4, [73, 585], 4.9664)).at(-1), runBehind(4, 'alice', 1, [585, 1615], 5));
});

test('one measurement lets no chunk grow further than eightfold, however many are started on it', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 10_000 }));

  const commands = on(settled('alice', 1, [0, 1], 0), ended('alice', 1), joined('bob', 2));

  const started = [run('alice', 1, [1, 9], 2), run('bob', 1, [9, 17], 3), run('bob', 1, [17, 25], 4)];
  assert.deepEqual(commands, [kept(1, [0, 1]), ...started]);
});

test('a chunk is never more than the fair share of what is queued, so that all end together', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 13 }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 0), ended('alice', 1)).at(-1), run('alice', 1, [1, 7], 2));
  assert.deepEqual(on(joined('bob')), [run('bob', 1, [7, 8], 3)]);
});

test('the share is that of the slots that a limit lets work', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), joined('carol'));
  on(submitted({ array: 1, length: 13, limits: [{ tag: 'db', most: 1 }] }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 0), ended('alice', 1)).at(-1), run('bob', 1, [1, 7], 2));
});

test('a chunk goes on to the next stage whole, since what waits counts as left', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 1_000 }, { array: 2, length: 1_000, elementwise: [1] }));
  on(settled('alice', 1, [0, 1]), ended('alice', 1), settled('alice', 2, [0, 1]), ended('alice', 2));

  assert.deepEqual(on(settled('alice', 3, [1, 9]), ended('alice', 3)).at(-1), run('alice', 2, [1, 9], 4));
});

test('a chunk holds no more indices than have inputs that fit into one message', () => {
  const { on } = scheduler({ chunkInputBytes: 100 });
  on(joined('alice'), submitted({ array: 1, length: 1_000 }, { array: 2, length: 1_000, elementwise: [1] }));
  on({ ...settled('alice', 1, [0, 1]), bytes: 30 } as Event, ended('alice', 1));
  on(settled('alice', 2, [0, 1]), ended('alice', 2));
  on({ ...settled('alice', 3, [1, 9]), bytes: 8 * 30 } as Event);

  assert.deepEqual(on(ended('alice', 3)), [run('alice', 2, [1, 4], 4)]);
});

test('a list that came with the flow counts as so many bytes for each index', () => {
  const { on } = scheduler({ chunkInputBytes: 100 });
  on(joined('alice'), submitted({ ...given({ array: 1, length: 1_000 }), givenBytes: 20_000 }));
  on(submitted({ array: 2, length: 1_000, elementwise: [1] }));

  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)).at(-1), run('alice', 2, [1, 6], 2));
});

test('a message has room for whole indices, also where a queue has gaps', () => {
  const { on } = scheduler({ chunkInputBytes: 100 });
  on(joined('alice'), submitted({ ...given({ array: 1, length: 10 }), givenBytes: 300 }, { array: 2, length: 10 }));
  on(submitted({ array: 3, length: 10, elementwise: [1, 2] }));
  on(settled('alice', 1, [0, 1]), ended('alice', 1), settled('alice', 2, [0, 1]), ended('alice', 2));
  on(settled('alice', 3, [1, 2]), settled('alice', 3, [4, 5]));

  assert.deepEqual(on(ended('alice', 3)), [run('alice', 3, [1, 2], 4)]);
});

test('indices that take longer than the target run one at a time', () => {
  const { on } = scheduler({ targetChunkMs: 10 });
  on(joined('alice'), submitted({ array: 1, length: 1_000 }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 11), ended('alice', 1)).at(-1), run('alice', 1, [1, 2], 2));
});

test('chunks that never give back what they have not begun are no longer than others are to wait', () => {
  for (const [bound, end] of [
    [{}, 9],
    [{ allowedFailures: 0 }, 5],
  ] as const) {
    const { on } = scheduler({ targetChunkMs: 100, patienceMs: 20 });
    on(joined('alice'), submitted({ array: 1, length: 1_000, ...bound }));

    assert.deepEqual(on(settled('alice', 1, [0, 1], 5), ended('alice', 1)).at(-1), run('alice', 1, [1, end], 2));
  }
});

test('the mean follows the recent chunks, so that a slow start is forgotten', () => {
  const pace = new Pace();
  const whole = { indices: 10, size: 10, plannedSize: 10 };
  pace.measured({ ...whole, busyMs: 1_000 });
  assert.equal(pace.nextSize({ left: 1_000, slots: 1, busy: 0, lanes: 1, targetMs: 10 }), 1);

  for (let chunk = 0; chunk < 30; chunk += 1) pace.measured({ ...whole, busyMs: 10 });

  // A mean of everything would still say 4 ms an index, and so 2; the recent ones took 1 ms, and a little is left.
  assert.equal(pace.nextSize({ left: 1_000, slots: 1, busy: 0, lanes: 1, targetMs: 10 }), 9);
});

test('a chunk has grown that takes half of the target time', () => {
  const pace = new Pace();
  pace.measured({ indices: 1, size: 1, plannedSize: 1, busyMs: 1 });

  assert.deepEqual(
    [4, 5].map((size) => pace.isGrown(size, 10)),
    [false, true],
  );
});

test('a chunk lasts for as long as the way to its worker and back takes', () => {
  const { on, sleep } = scheduler({ targetChunkMs: 20 });
  on(joined('alice'), submitted({ array: 1, length: 1_000 }), settledAtLast('alice', 1, [0, 1], 1));
  sleep(8 + 30);

  assert.deepEqual(on(settledAtLast('alice', 2, [1, 9], 8)), [
    kept(1, [1, 9]),
    run('alice', 1, [9, 39], 3),
    runBehind(3, 'alice', 1, [39, 69], 4),
  ]);
});

test('how long a run took that is tried again is not taken for a long way', () => {
  const { on, sleep } = scheduler({ targetChunkMs: 20 });
  on(joined('alice'), submitted({ array: 1, length: 1_000 }), settledAtLast('alice', 1, [0, 1], 4));
  sleep(500);
  on(delayed('alice', 2, 1));
  sleep(16);

  const commands = on(settledAtLast('alice', 2, [2, 6], 16));
  assert.deepEqual(commands, [kept(1, [2, 6]), runBehind(3, 'alice', 1, [11, 16], 4)]);
});

test('what is left is not cut into ever smaller chunks if it takes no longer than the way', () => {
  const { on, sleep } = scheduler({ targetChunkMs: 10 });
  on(joined('alice'), submitted({ array: 1, length: 9 + 64 }), settledAtLast('alice', 1, [0, 1], 0.05));
  sleep(0.25);
  on(settled('alice', 2, [1, 6], 0.25));
  sleep(0.15 + 4);

  const commands = on(settledAtLast('alice', 2, [6, 9], 0.15));
  assert.deepEqual(commands, [kept(1, [6, 9]), run('alice', 1, [9, 73], 3)]);
});

test('a measurement that makes no sense is worth nothing', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 1_000 }));

  on(settled('alice', 1, [0, 1], Number.NaN));

  assert.deepEqual(on(ended('alice', 1)), [run('alice', 1, [1, 9], 2)]);
});

test('each thread of a worker holds one chunk', () => {
  const { on } = scheduler();

  on(joined('alice', 2));

  const commands = on(submitted({ array: 1, length: 3 }));
  assert.deepEqual(commands, [run('alice', 1, [0, 1], 1), run('alice', 1, [1, 2], 2)]);
});

test('what is left of a chunk that ended goes back to the queue', () => {
  const { on } = scheduler();
  on(...measured({ length: 161 }));
  on(settled('alice', 2, [1, 4]));

  assert.deepEqual(on(ended('alice', 2)), [run('alice', 1, [4, 68], 3)]);
});

test('of those that overlap, a chunk holds several times as many, so that one slow run leaves one place empty', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 1_000, concurrency: 50 }));

  on(settled('alice', 1, [0, 50], 50 * 30));
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 1, [100, 500], 3, 50)]);

  on(settled('bob', 2, [50, 100], 50 * 30));
  assert.deepEqual(on(ended('bob', 2)), [run('bob', 1, [500, 750], 4, 50)]);
});

test('where they are short, a chunk holds as many as take some seconds, unless it is never recalled', () => {
  for (const [bound, end] of [
    [{}, 50 + 2_500],
    [{ limits: [{ tag: 'api', most: 50 }] }, 50 + 2_500],
    [{ allowedFailures: 0 }, 50 + 400],
  ] as const) {
    const { on } = scheduler({ overlappingMs: 5_000 });
    on(joined('alice'), submitted({ array: 1, length: 10_000, concurrency: 50, ...bound }));

    on(settled('alice', 1, [0, 50], 50 * 2));

    assert.deepEqual(on(ended('alice', 1)), [run('alice', 1, [50, end], 2, 50)]);
  }
});
