// Chunks that are sent ahead, behind the chunk that runs on their worker, and how they are recalled.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArraySpec, Event } from '../../src/scheduler/core.ts';
import {
  delayed,
  ended,
  joined,
  kept,
  left,
  lost,
  recalled,
  returned,
  released,
  run,
  runBehind,
  scheduler,
  settled,
  settledAtLast,
  submitted,
  traits,
} from './fixtures.ts';

test('while a short chunk runs, the next one waits behind it, and begins when it is over', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 10 }));

  assert.deepEqual(on(ended('alice', 1)), [runBehind(2, 'alice', 1, [2, 3], 3)]);
  assert.deepEqual(on(settled('alice', 2, [1, 2], 10), ended('alice', 2)), [
    kept(1, [1, 2]),
    runBehind(3, 'alice', 1, [3, 4], 4),
  ]);
});

test('nothing is sent ahead while it is not known how long an index takes', () => {
  const { on } = scheduler();

  assert.deepEqual(on(joined('alice'), submitted({ array: 1, length: 10 })), [run('alice', 1, [0, 1], 1)]);
});

for (const [what, busyMs] of [
  ['takes so long that a gap behind it does not count', 11],
  ['grows still', 0.6],
] as const) {
  test(`nothing waits behind a chunk that ${what}`, () => {
    const { on } = scheduler();
    on(joined('alice'), submitted({ array: 1, length: 100 }));

    assert.deepEqual(on(settled('alice', 1, [0, 1], busyMs)), [kept(1, [0, 1])]);
  });
}

for (const [what, gapMs, ahead] of [
  ['long enough to matter: the next one waits behind it', 1, [runBehind(3, 'alice', 1, [3, 4], 4)]],
  ['too short to matter', 0.5, []],
] as const) {
  test(`of a chunk that takes long, the way there and back is ${what}`, () => {
    const { on, sleep } = scheduler();
    on(joined('alice'), submitted({ array: 1, length: 10 }));
    const twelveMs = (attempt: number) => {
      sleep(12 + gapMs);
      return on(settledAtLast('alice', attempt, [attempt - 1, attempt], 12));
    };

    assert.deepEqual(twelveMs(1), [kept(1, [0, 1]), run('alice', 1, [1, 2], 2)], 'an import may be part of the first');
    assert.deepEqual(twelveMs(2), [kept(1, [1, 2]), run('alice', 1, [2, 3], 3), ...ahead]);
  });
}

test('a chunk that was sent ahead says nothing of the way, so the next one goes ahead as well', () => {
  const { on, sleep } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 20 }));
  const after = (ms: number, attempt: number) => {
    sleep(ms);
    return on(settledAtLast('alice', attempt, [attempt - 1, attempt], 12));
  };
  after(13, 1);
  after(13, 2);

  assert.deepEqual(after(13, 3), [kept(1, [2, 3]), runBehind(4, 'alice', 1, [4, 5], 5)]);
  assert.deepEqual(after(12, 4), [kept(1, [3, 4]), runBehind(5, 'alice', 1, [5, 6], 6)]);
  assert.deepEqual(after(12, 5), [kept(1, [4, 5]), runBehind(6, 'alice', 1, [6, 7], 7)]);
});

test('that the way to a worker has become long is believed by and by, since one chunk may be late for other reasons', () => {
  const { on, sleep } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 20 }));
  on(settledAtLast('alice', 1, [0, 1], 40), settledAtLast('alice', 2, [1, 2], 40));
  const late = (attempt: number) => {
    sleep(40 + 30);
    return on(settledAtLast('alice', attempt, [attempt - 1, attempt], 40)).slice(2);
  };

  assert.deepEqual(late(3), []);
  assert.deepEqual(late(4), [runBehind(5, 'alice', 1, [5, 6], 6)]);
});

test('where some workers are far away, only to these more is sent than they run', () => {
  const { on, sleep } = scheduler();
  on(joined('near'), joined('far'), submitted({ array: 1, length: 20 }));
  on(settledAtLast('near', 1, [0, 1], 12), settledAtLast('far', 2, [1, 2], 12));
  sleep(12);
  on(settledAtLast('near', 3, [2, 3], 12));
  sleep(10);

  const commands = on(settledAtLast('far', 4, [3, 4], 12));
  assert.deepEqual(commands, [kept(1, [3, 4]), run('far', 1, [5, 6], 6), runBehind(6, 'far', 1, [6, 7], 7)]);
});

test('nothing is sent ahead when fewer chunks are left than there are threads', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 4 }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1]), runBehind(1, 'alice', 1, [2, 3], 3)]);
  assert.deepEqual(on(settled('bob', 2, [1, 2], 10)), [kept(1, [1, 2])]);
});

const bound: Readonly<Record<string, Partial<ArraySpec>>> = {
  'that must not be lost': { allowedFailures: 0 },
  'that crashes when it is lost': { crashesWhenLost: true },
};
for (const [what, spec] of Object.entries(bound)) {
  test(`of an array ${what} nothing is sent ahead`, () => {
    const { on } = scheduler();
    on(joined('alice'), submitted({ array: 1, length: 10, ...spec }));

    assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1])]);
  });
}

test('nothing is sent ahead behind a chunk whose thread died, or behind its second attempt', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 10 }), ended('alice', 1));

  // Attempt 3 takes the slot; what was lost runs next, with nothing behind it.
  assert.deepEqual(on(lost('alice', 2, 1), ended('alice', 2)), []);
  assert.deepEqual(on(settled('alice', 3, [2, 3], 10), ended('alice', 3)), [
    kept(1, [2, 3]),
    run('alice', 1, [1, 2], 4),
  ]);
});

test('an array with a higher priority runs next: chunks that were sent ahead are recalled', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 10 }), ended('alice', 1));

  assert.deepEqual(on(submitted({ array: 2, length: 10, priority: 1 })), [recalled('alice', 3)]);
  assert.deepEqual(on(returned('alice', 3, [2, 3])), []);
  assert.deepEqual(on(ended('alice', 3)), []);
  assert.deepEqual(on(settled('alice', 2, [1, 2], 10), ended('alice', 2)).at(-1), run('alice', 2, [0, 1], 4));
});

test('nothing is sent ahead on a worker that an array with needs is to have first', () => {
  const { on } = scheduler();
  on(joined('alice', 1, traits({}, 'gpu')), submitted({ array: 1, length: 10 }), settled('alice', 1, [0, 1], 10));

  const labelled = { array: 2, length: 2, priority: 1, needs: traits({}, 'gpu') };
  assert.deepEqual(on(submitted(labelled)), [recalled('alice', 2)]);
  assert.deepEqual(on(ended('alice', 2)), []);
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 2, [0, 1], 3)]);
});

test('no later array is sent ahead on a worker that an array with needs waits for', () => {
  const { on } = scheduler();
  const gpu = traits({}, 'gpu');
  on(joined('alice', 1, gpu), submitted({ array: 1, length: 10 }), submitted({ array: 2, priority: 1, needs: gpu }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1])]);
});

test('what needs labels is sent ahead as well, and called back when a thread is free that has them', () => {
  const { on } = scheduler();
  const eu = traits({}, 'eu');
  on(joined('alice', 1, eu), submitted({ array: 1, length: 4, needs: eu }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1]), runBehind(1, 'alice', 1, [1, 2], 2)]);
  assert.deepEqual(on(joined('bob')), [], 'bob has them not');
  assert.deepEqual(on(joined('carol', 2, eu)), [run('carol', 1, [2, 3], 3), run('carol', 1, [3, 4], 4)]);
  assert.deepEqual(on(joined('dave', 1, eu)), [recalled('alice', 2)]);
});

test('arrays of different needs are sent ahead beside each other, each on workers of its own', () => {
  const { on } = scheduler();
  const eu = traits({}, 'eu');
  on(joined('alice', 1, eu), joined('bob'));
  on(submitted({ array: 1, length: 10, priority: 1, needs: eu }, { array: 2, length: 10 }));

  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)).at(-1), runBehind(1, 'alice', 1, [1, 2], 3));
  assert.deepEqual(on(settled('bob', 2, [0, 1], 10)).at(-1), runBehind(2, 'bob', 2, [1, 2], 4));
});

test('an array of which too little is left keeps no other one from being sent ahead elsewhere', () => {
  const { on } = scheduler();
  const eu = traits({}, 'eu');
  on(joined('alice', 2, eu), joined('bob'));
  on(submitted({ array: 1, length: 3, priority: 1, needs: eu }, { array: 2, length: 10 }));
  assert.deepEqual(on(settled('alice', 1, [0, 1], 10)), [kept(1, [0, 1])]);

  assert.deepEqual(on(settled('bob', 3, [0, 1], 10)).at(-1), runBehind(3, 'bob', 2, [1, 2], 4));
});

test('an array that needs other workers does not keep chunks from being sent ahead here', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob', 1, traits({}, 'gpu')));
  on(submitted({ array: 1, priority: 2, needs: traits({}, 'gpu') }), submitted({ array: 2, length: 10 }));

  on(submitted({ array: 3, priority: 1, needs: traits({}, 'gpu') }));
  assert.deepEqual(on(settled('alice', 2, [0, 1], 10)), [kept(2, [0, 1]), runBehind(2, 'alice', 2, [1, 2], 3)]);
});

for (const [what, spec, first, second] of [
  ['of what is to run before it two are ready', { length: 2, priority: 1 }, [3, 4], []],
  ['of what is to run before it one is ready', { length: 6, elementwise: [1] }, [3], [4]],
] as const) {
  test(`so many are called back, and others when there is no answer: ${what}`, () => {
    const { core, on, wait } = scheduler();
    on(joined('alice', 2), submitted({ array: 1, length: 6 }), settled('alice', 1, [0, 1], 10));

    const called = (attempts: readonly number[]) => attempts.map((attempt) => recalled('alice', attempt));
    assert.deepEqual(on(submitted({ array: 2, ...spec })), called(first));
    assert.equal(core.nextDue, second.length > 0 ? 100 : Infinity);
    assert.deepEqual(wait(100), called(second));
  });
}

test('a chunk that was sent ahead is recalled before one that runs, which is asked after the answer', () => {
  const { on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 12 }), settled('alice', 1, [0, 1], 3));
  assert.deepEqual(on(ended('alice', 1)), [runBehind(2, 'alice', 1, [4, 7], 3)]);
  wait(20);

  assert.deepEqual(on(submitted({ array: 2, priority: 1 })), [recalled('alice', 3)]);
  assert.deepEqual(on(ended('alice', 3)), [recalled('alice', 2)]);
});

test('as many chunks are recalled at once as are to run first', () => {
  const { on } = scheduler();
  on(joined('alice', 40), submitted({ array: 1, length: 120 }), settled('alice', 1, [0, 1], 10));

  const waiting = Array.from({ length: 40 }, (_, index) => recalled('alice', 41 + index));
  assert.deepEqual(on(submitted({ array: 2, length: 40, priority: 1 })), waiting);
});

test('chunks are recalled both for a free worker and for an array that it cannot run', () => {
  const { on } = scheduler();
  const gpu = traits({}, 'gpu');
  on(joined('alice', 2, gpu), submitted({ array: 1, length: 6 }), settled('alice', 1, [0, 1], 10));
  on(joined('bob'), joined('carol'));
  assert.deepEqual(on(joined('dave')), [recalled('alice', 3)]);

  assert.deepEqual(on(submitted({ array: 2, priority: 1, needs: gpu })), [recalled('alice', 4)]);
});

test('a chunk that was sent ahead is not recalled for an array that comes later', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 10 }), ended('alice', 1));

  assert.deepEqual(on(submitted({ array: 2, length: 10 }, { array: 3, length: 10, priority: -1 })), []);
});

test('a chunk that comes later is recalled for an earlier array, also when 30 others wait longer', () => {
  const { on } = scheduler();
  on(joined('alice', 30), submitted({ array: 1, length: 90, priority: 2 }), settled('alice', 1, [0, 1], 10));
  on(joined('bob', 30), submitted({ array: 2, length: 100 }), joined('carol'));
  assert.deepEqual(on(settled('carol', 91, [0, 1], 10)).at(-1), runBehind(91, 'carol', 2, [1, 2], 92));

  assert.deepEqual(on(submitted({ array: 3, priority: 1 })), [recalled('carol', 92)]);
});

test('a chunk that was sent ahead is recalled when another thread is free, and given to that one', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 3 }), ended('alice', 1));

  assert.deepEqual(on(joined('bob')), [recalled('alice', 3)]);
  assert.deepEqual(on(joined('carol')), [], 'nothing is called back twice');
  assert.deepEqual(on(ended('alice', 3)), [run('bob', 1, [2, 3], 4)]);
});

test('the chunk behind the one that has run longest is recalled first, one for each free worker', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, length: 6 }), settled('alice', 1, [0, 1], 10));

  assert.deepEqual(on(joined('bob'), joined('carol')), [run('bob', 1, [4, 5], 5), run('carol', 1, [5, 6], 6)]);
  assert.deepEqual(on(joined('dave')), [recalled('alice', 3)]);
  assert.deepEqual(on(joined('erin')), [recalled('alice', 4)]);
});

test('when a recall is not answered for long, the next chunk is recalled', () => {
  const { core, on, wait } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, length: 6 }), settled('alice', 1, [0, 1], 10));
  on(joined('bob'), joined('carol'));
  wait(5);
  assert.deepEqual(on(joined('dave')), [recalled('alice', 3)]);

  assert.equal(core.nextDue, 105);
  assert.deepEqual(wait(99), []);
  assert.deepEqual(wait(1), [recalled('alice', 4)]);
  assert.equal(core.nextDue, Infinity);
  assert.deepEqual(on(ended('alice', 3)), [run('dave', 1, [2, 3], 7)]);
});

test('a chunk that was recalled too late runs where it is, and is settled once', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 3 }), ended('alice', 1), joined('bob'));

  assert.deepEqual(on(ended('alice', 2)), [run('bob', 1, [1, 2], 4)]);
  assert.deepEqual(on(settled('alice', 3, [2, 3], 10), ended('alice', 3)), [kept(1, [2, 3])]);
});

test('a chunk that was recalled too late is charged like any other when its worker is lost', () => {
  const { core, on } = scheduler();
  on(...inTenMs({ length: 3 }), ended('alice', 1), joined('bob'), ended('alice', 2), left('alice'));

  assert.deepEqual([...core.arrays.get(1)!.losses], [[2, 1]]);
});

test('a chunk that reports before the one that it waits for has ended has begun all the same', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 3 }), ended('alice', 1));

  assert.deepEqual(on(delayed('alice', 3, 2, 50)), [{ type: 'delayed', array: 1, index: 2 }]);
  assert.deepEqual(on(joined('bob')), [], 'so it is not called back');
  assert.deepEqual(on(ended('alice', 3), settled('alice', 2, [1, 2], 10), ended('alice', 2)), [kept(1, [1, 2])]);
});

test('a worker that is paused or drains begins nothing more', () => {
  for (const type of ['worker-paused', 'worker-draining'] as const) {
    const { on } = scheduler();
    on(...inTenMs({ length: 10 }), ended('alice', 1));

    assert.deepEqual(on({ type, worker: 'alice' }), [recalled('alice', 3)]);
    assert.deepEqual(on(ended('alice', 3), settled('alice', 2, [1, 2], 10), ended('alice', 2)), [kept(1, [1, 2])]);
  }
});

test('nothing more of a paused client begins', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 10 }), ended('alice', 1), submitted({ array: 2, client: 'other' }));

  assert.deepEqual(on({ type: 'client-paused', client: 'other' }), []);
  assert.deepEqual(on({ type: 'client-paused', client: 'run' }), [recalled('alice', 3)]);
});

test('chunks that nobody needs are cancelled, also those sent ahead, and hold their places until they end', () => {
  const { on } = scheduler();
  on(...inTenMs({ length: 10 }), ended('alice', 1), submitted({ array: 2 }));

  assert.deepEqual(on(released(1)), [
    { type: 'cancel-chunk', worker: 'alice', attempt: 2 },
    { type: 'cancel-chunk', worker: 'alice', attempt: 3 },
    { type: 'forgotten', array: 1 },
  ]);
  assert.deepEqual(on(joined('bob'), ended('alice', 2)), [run('bob', 2, [0, 1], 4)]);
});

test('a chunk that was sent ahead and lost with its worker is not charged, and is not sent ahead again', () => {
  const { on, core } = scheduler({ allowedFailures: 1 });
  on(...inTenMs({ length: 4 }), ended('alice', 1), left('alice'));

  assert.deepEqual([...core.arrays.get(1)!.losses], [[1, 1]]);
  assert.equal(core.totals.lost, 2);
  assert.deepEqual(on(joined('bob')), [run('bob', 1, [1, 2], 4)]);
  assert.deepEqual(on(settled('bob', 4, [1, 2], 10), ended('bob', 4)), [kept(1, [1, 2]), run('bob', 1, [2, 3], 5)]);
  assert.deepEqual(on(settled('bob', 5, [2, 3], 10), ended('bob', 5)), [kept(1, [2, 3]), run('bob', 1, [3, 4], 6)]);
});

test('explain names the attempt that a chunk waits behind', () => {
  const { on, core } = scheduler();
  on(...inTenMs({ length: 10 }), ended('alice', 1));

  assert.equal(
    core.explain(1, 2),
    'Index 2 of array 1 was given to worker alice 0 ms ago, as attempt 3, to begin when attempt 2 is over.',
  );
});

/** Alice has done index 0 of array 1 in 10 ms, as attempt 1, behind which attempt 2 waits. */
function inTenMs({ length }: { length: number }): Event[] {
  return [joined('alice'), submitted({ array: 1, length }), settled('alice', 1, [0, 1], 10)];
}
