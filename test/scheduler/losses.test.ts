import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchedulerCore, type Event } from '../../src/scheduler/core.ts';
import {
  crashed,
  delayed,
  ended,
  joined,
  kept,
  left,
  lost,
  measured,
  released,
  returned,
  run,
  runAll,
  scheduler,
  settled,
  submitted,
} from './fixtures.ts';

test('a chunk of one that is lost with its worker runs again elsewhere, under a new attempt number [D004]', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1 }), joined('bob'));

  assert.deepEqual(on({ type: 'worker-left', worker: 'alice' }), [run('bob', 1, [0, 1], 2)]);
  assert.deepEqual(on(settled('alice', 1, [0, 1])), []);
  assert.deepEqual(on(settled('bob', 2, [0, 1])), [kept(1, [0, 1])]);
});

test('an index that ends thread after thread is given up, and its dependents run', () => {
  const { on } = scheduler({ allowedFailures: 2 });
  on(joined('alice'), submitted({ array: 1 }, { array: 2, elementwise: [1] }));

  assert.deepEqual(on(lost('alice', 1, 0), ended('alice', 1)), [run('alice', 1, [0, 1], 2)]);
  assert.deepEqual(on(lost('alice', 2, 0), ended('alice', 2)), [run('alice', 1, [0, 1], 3)]);
  assert.deepEqual(on(lost('alice', 3, 0), ended('alice', 3)), [crashed(1, 0, 3), run('alice', 2, [0, 1], 4)]);
});

test('many indices that may have ended their thread run again in smaller and smaller chunks', () => {
  const { on } = scheduler();
  on(...measured({ length: 200 }), settled('alice', 2, [1, 9]), ended('alice', 2));

  const many = Array.from({ length: 64 }, (_, place) => 9 + place);
  assert.deepEqual(on(lost('alice', 3, ...many), ended('alice', 3)), [run('alice', 1, [9, 17], 4)]);
  assert.deepEqual(on(lost('alice', 4, ...many.slice(0, 8)), ended('alice', 4)), [run('alice', 1, [9, 10], 5)]);
});

test('with no failures allowed, one loss is enough [D013]', () => {
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
  const rest = runAll('alice', 1, [[0, 1], [4, 12]], 5, 4); // prettier-ignore
  assert.deepEqual(on(settled('alice', 4, [3, 4], 9_000), ended('alice', 4)).at(-1), rest);
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

test('an index that must not run twice crashes when its thread or worker is lost', () => {
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

test('an index that must not run twice crashes when its chunk ends without its outcome', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, crashesWhenLost: true }, { array: 2, elementwise: [1] }));

  assert.deepEqual(on(ended('alice', 1)), [crashed(1, 0, 1), run('alice', 2, [0, 1], 2)]);
});

test('an index that must not run twice runs elsewhere when it comes back unbegun, also if nobody asked', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, crashesWhenLost: true }));

  assert.deepEqual(on(returned('alice', 1, [0, 1]), ended('alice', 1)), [run('alice', 1, [0, 1], 2)]);
});

test('of two indices lost with their worker, neither is given up before it ran alone on a lost one [D015]', () => {
  const { on } = scheduler({ allowedFailures: 1 });
  on(joined('alice', 2), submitted({ array: 1, length: 2 }), joined('bob', 2));

  assert.deepEqual(on(left('alice')), [run('bob', 1, [0, 1], 3), run('bob', 1, [1, 2], 4)]);
  assert.deepEqual(on(left('bob')), []);
  assert.deepEqual(on(joined('carol', 2)), [run('carol', 1, [0, 1], 5)]);
  assert.deepEqual(on(settled('carol', 5, [0, 1]), ended('carol', 5)).at(-1), run('carol', 1, [1, 2], 6));
  assert.deepEqual(on(submitted({ array: 2 })), []);
  assert.deepEqual(on(left('carol')), [crashed(1, 1, 3)]);
});

test('a chunk that must run alone waits until its worker is empty, where nothing else begins', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(joined('alice', 2), submitted({ array: 1, length: 2 }), submitted({ array: 2 }, { array: 3 }), joined('bob', 3));

  assert.deepEqual(on(left('alice')), []);
  assert.deepEqual(on(submitted({ array: 4, priority: 1 })), []);
  assert.deepEqual(on(ended('bob', 3)), []);
  assert.deepEqual(on(settled('bob', 4, [0, 1]), ended('bob', 4)), [kept(3, [0, 1]), run('bob', 1, [0, 1], 5)]);
  assert.deepEqual(on(settled('bob', 5, [0, 1]), ended('bob', 5)), [kept(1, [0, 1]), run('bob', 4, [0, 1], 6)]);
});

test('chunks that must run alone go to the workers with the least to do, each to another', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(joined('alice', 2), submitted({ array: 1, length: 2 }));
  on(joined('bob', 3), joined('carol', 3), submitted({ array: 2, length: 3 }));

  assert.deepEqual(on(left('alice')), []);
  assert.deepEqual(on(settled('bob', 3, [0, 1]), ended('bob', 3)), [kept(2, [0, 1])]);
  assert.deepEqual(on(settled('carol', 4, [1, 2]), ended('carol', 4)).at(-1), run('carol', 1, [0, 1], 6));
  assert.deepEqual(on(settled('bob', 5, [2, 3]), ended('bob', 5)).at(-1), run('bob', 1, [1, 2], 7));
});

test('a held chunk moves to a worker that is empty sooner, and frees the first one', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(...oneToRunAlone(), submitted({ array: 3 }));

  assert.deepEqual(on(joined('carol', 2)), [run('carol', 1, [0, 1], 5), run('bob', 3, [0, 1], 6)]);
});

test('a held chunk does not begin while its client is paused', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(...oneToRunAlone());

  on({ type: 'client-paused', client: 'run' });
  assert.deepEqual(on(joined('carol', 2)), []);
  assert.deepEqual(on({ type: 'client-resumed', client: 'run' }), [run('carol', 1, [0, 1], 5)]);
});

for (const type of ['worker-draining', 'worker-paused', 'worker-left'] as const) {
  test(`a held chunk is neither charged nor held up by ${type}`, () => {
    const { on, core } = scheduler({ allowedFailures: 0 });
    on(...oneToRunAlone());

    assert.deepEqual(on({ type, worker: 'bob' }), type === 'worker-left' ? [crashed(2, 0, 1)] : []);
    assert.deepEqual([...core.arrays.get(1)!.losses], [[0, 1]]);
    assert.deepEqual(on(joined('carol', 2)), [run('carol', 1, [0, 1], 5)]);
  });
}

test('a held chunk is cancelled without a message to its worker', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(...oneToRunAlone());

  assert.deepEqual(on(released(1)), [{ type: 'forgotten', array: 1 }]);
  assert.deepEqual(on(submitted({ array: 3 })), [run('bob', 3, [0, 1], 5)]);
});

test('a held chunk does not run once nobody needs it', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(joined('alice', 2), submitted({ array: 1, length: 2 }), left('alice'), submitted({ array: 2 }));

  on(released(1));

  assert.deepEqual(on(joined('bob')), [run('bob', 2, [0, 1], 3)]);
});

test('of workers with equally little to do, the next in turn gets a chunk that must run alone', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(joined('alice', 2), submitted({ array: 1, length: 2 }), joined('bob'), joined('carol'));

  assert.deepEqual(on(left('alice')), [run('bob', 1, [0, 1], 3), run('carol', 1, [1, 2], 4)]);
});

test('a worker is not told of a held chunk', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(...oneToRunAlone());

  assert.deepEqual(on(settled('bob', 4, [0, 1]), delayed('bob', 4, 0), lost('bob', 4, 0), ended('bob', 4)), []);
});

test('an index that ran alone and came back without an outcome runs alone again', () => {
  const { on } = scheduler({ allowedFailures: 0 });
  on(...oneToRunAlone(), settled('bob', 3, [0, 1]), ended('bob', 3), submitted({ array: 3 }));

  assert.deepEqual(on(ended('bob', 4)), [run('bob', 1, [0, 1], 5)]);
  assert.deepEqual(on(left('bob')), [crashed(1, 0, 2)]);
});

/** Alice was lost with two chunks, and index 0 of array 1 waits, as attempt 4, for Bob to end array 2. */
function oneToRunAlone(): Event[] {
  const lostWithAlice = [joined('alice', 2), submitted({ array: 1, length: 2 }), settled('alice', 2, [1, 2])];
  return [...lostWithAlice, submitted({ array: 2 }), joined('bob', 3), left('alice')];
}
