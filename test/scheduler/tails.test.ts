// What a chunk that takes long has not begun, and how it comes to threads that have nothing to do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArraySpec, CoreOptions } from '../../src/scheduler/core.ts';
import {
  delayed,
  ended,
  joined,
  kept,
  left,
  lost,
  measured,
  recalled,
  released,
  returned,
  run,
  scheduler,
  settled,
  submitted,
  traits,
} from './fixtures.ts';

test('a free thread gets what a long-running chunk has not begun', () => {
  const { core, on, wait } = sharing();

  assert.equal(core.nextDue, 20);
  assert.deepEqual(wait(19), []);
  assert.deepEqual(wait(1), [recalled('alice', 2)]);
  assert.deepEqual(on(returned('alice', 2, [2, 3])), [run('dave', 1, [2, 3], 5)]);
  assert.deepEqual(on(settled('alice', 2, [1, 2], 30), ended('alice', 2)), [kept(1, [1, 2])]);
});

test('the patience with a chunk does not depend on how long chunks should take', () => {
  const { core } = sharing({}, { patienceMs: 7 });

  assert.equal(core.nextDue, 7);
});

test('a chunk is asked once, and nobody is woken for it again', () => {
  const { core, on, wait } = sharing();
  wait(20);

  assert.equal(core.nextDue, Infinity);
  assert.deepEqual(wait(100), []);
  assert.deepEqual(on(returned('alice', 2)), [], 'it has begun all');
  assert.deepEqual(wait(100), []);
});

test('nothing is recalled while no thread is free', () => {
  const { core, on, wait } = sharing();
  on(submitted({ array: 2 }));

  assert.equal(core.nextDue, Infinity);
  assert.deepEqual(wait(100), []);
});

test('a long-running chunk is recalled for an array that is to run before it', () => {
  const { core, on, wait } = sharing();
  on(submitted({ array: 2 }), submitted({ array: 3, length: 2, priority: 1 }));

  assert.equal(core.nextDue, 20);
  assert.deepEqual(wait(19), []);
  assert.deepEqual(wait(1), [recalled('alice', 2)]);
  assert.deepEqual(on(returned('alice', 2, [2, 3])), []);
  assert.deepEqual(on(settled('alice', 2, [1, 2], 20), ended('alice', 2)).at(-1), run('alice', 3, [0, 1], 6));
});

test('a long-running chunk is recalled only where the array that needs a worker can run', () => {
  const { on, wait } = scheduler();
  const [ada, bob] = [traits({}, 'ada'), traits({}, 'bob')];
  on(joined('ada', 1, ada), submitted({ array: 1, length: 40 }), settled('ada', 1, [0, 1], 1), ended('ada', 1));
  on(joined('bob', 1, bob), submitted({ array: 2, priority: 1, needs: bob }));

  assert.deepEqual(wait(20), [recalled('bob', 4)]);
});

test('a long-running chunk is recalled, even when others have run for longer', () => {
  const { on, wait } = sharing({ priority: 1 });
  on(delayed('bob', 3, 3, 5), ended('bob', 3), submitted({ array: 2 }, { array: 3, length: 40 }));
  on(settled('bob', 6, [0, 1], 1), ended('bob', 6));

  assert.deepEqual(wait(20), [recalled('bob', 7)]);
});

test('a long-running chunk is not recalled for an array that comes later', () => {
  const { core, on, wait } = sharing();
  on(submitted({ array: 2, length: 2 }, { array: 3, length: 2, priority: -1 }));

  assert.equal(core.nextDue, Infinity);
  assert.deepEqual(wait(100), []);
});

test('chunks of suspects are not recalled', () => {
  const { on, wait } = scheduler();
  on(...measured({ length: 161 }), settled('alice', 2, [1, 9]), ended('alice', 2), left('alice'));
  assert.deepEqual(on(joined('bob')), [run('bob', 1, [9, 17], 4)]);
  on(submitted({ array: 2, priority: 1 }));

  assert.deepEqual(wait(100), []);
});

test('a chunk with one index left is not recalled', () => {
  const { on, wait } = sharing();
  on(settled('alice', 2, [1, 2], 15));

  assert.deepEqual(wait(100), []);
});

test('a chunk that has ended is not recalled', () => {
  const { core, on, wait } = sharing();
  on(settled('alice', 2, [1, 3], 15), ended('alice', 2));

  assert.equal(core.nextDue, Infinity);
  assert.deepEqual(wait(100), []);
});

test('one chunk is recalled for each free thread, until it has answered or ended', () => {
  const { on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 5 }, { array: 2, length: 5 }));
  on(settled('alice', 1, [0, 1], 1), ended('alice', 1), joined('bob'), joined('carol'));
  const running = on(joined('dave'), joined('erin'), joined('fay'));
  assert.deepEqual(running, [run('dave', 2, [0, 1], 5), run('erin', 2, [1, 2], 6), run('fay', 2, [2, 3], 7)]);
  on(settled('fay', 7, [2, 3], 1), ended('fay', 7));

  on(joined('gina'), joined('hank'));

  assert.deepEqual(wait(20), [recalled('alice', 2)]);
});

test('a worker that does not answer in time does not keep others from being asked, and may still answer', () => {
  const { core, on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 5 }), settled('alice', 1, [0, 1], 1), ended('alice', 1));
  on(submitted({ array: 2, length: 9, priority: 1 }), joined('bob'), settled('bob', 3, [0, 1], 1), ended('bob', 3));
  on(joined('carol', 8), joined('dave'));
  assert.deepEqual(wait(20), [recalled('alice', 2)]);

  assert.equal(core.nextDue, 120);
  assert.deepEqual(wait(99), []);
  assert.deepEqual(wait(1), [recalled('bob', 4)]);
  assert.deepEqual(on(returned('alice', 2, [2, 3])), [run('dave', 1, [2, 3], 13)]);
});

test('when a recalled chunk has ended, the next is recalled for the free thread', () => {
  const { core, on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 5 }), settled('alice', 1, [0, 1], 1), ended('alice', 1));
  on(submitted({ array: 2, length: 9, priority: 1 }), joined('bob'), settled('bob', 3, [0, 1], 1), ended('bob', 3));
  on(joined('carol', 8), joined('dave'));
  assert.deepEqual(wait(20), [recalled('alice', 2)]);

  on(submitted({ array: 3 }));
  assert.equal(core.nextDue, Infinity, 'no thread is free any more');

  assert.deepEqual(on(settled('alice', 2, [1, 3], 20), ended('alice', 2)).at(-1), recalled('bob', 4));
});

test('when a recalled chunk has begun all, the next is recalled at once', () => {
  const { on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 5 }), settled('alice', 1, [0, 1], 1), ended('alice', 1));
  on(submitted({ array: 2, length: 9, priority: 1 }), joined('bob'), settled('bob', 3, [0, 1], 1), ended('bob', 3));
  on(joined('carol', 8), joined('dave'));
  assert.deepEqual(wait(20), [recalled('alice', 2)]);

  assert.deepEqual(on(returned('alice', 2)), [recalled('bob', 4)]);
});

test('indices that are not outstanding are not taken back', () => {
  const { on, wait } = sharing();

  assert.deepEqual(wait(20), [recalled('alice', 2)]);
  for (const range of [
    [0, 1],
    [2, 4],
    [3, 2],
    [Number.NaN, 3],
  ] as const) {
    assert.deepEqual(on(returned('alice', 2, [...range])), []);
  }
  assert.deepEqual(on(returned('bob', 2, [2, 3])), []);
  assert.deepEqual(on(settled('alice', 2, [1, 3], 30)), [kept(1, [1, 3])]);
});

test('no index is charged for being given back', () => {
  const { core, on, wait } = sharing();
  wait(20);
  on(returned('alice', 2, [2, 3]));

  assert.deepEqual(on(left('alice')), []);
  assert.deepEqual([...core.arrays.get(1)!.losses], [[1, 1]]);
  assert.equal(core.totals.lost, 1);
});

test('an index that dies while its chunk is asked is charged, and the rest goes on', () => {
  const { core, on, wait } = sharing();
  wait(20);

  assert.deepEqual(on(lost('alice', 2, 1)), [run('dave', 1, [1, 2], 5)]);
  assert.deepEqual(on(ended('alice', 2)), [run('alice', 1, [2, 3], 6)]);
  assert.deepEqual([...core.arrays.get(1)!.losses], [[1, 1]]);
});

test('indices that nobody needs any more are not queued again when they are given back', () => {
  const { on, wait } = sharing();
  wait(20);
  on(released(1));

  assert.deepEqual(on(returned('alice', 2, [2, 3]), ended('alice', 2)), []);
});

const bound: Readonly<Record<string, Partial<ArraySpec>>> = {
  'must not be lost': { allowedFailures: 0 },
  'crashes when it is lost': { crashesWhenLost: true },
};
for (const [what, spec] of Object.entries(bound)) {
  test(`an array that ${what} keeps its chunks as they are`, () => {
    const { wait } = sharing(spec);

    assert.deepEqual(wait(100), []);
  });
}

/** Alice runs indices 1 and 2 of array 1 as attempt 2, bob and carol one index each, and dave has nothing to do. */
function sharing(spec: Partial<ArraySpec> = {}, options: Partial<CoreOptions> = {}) {
  const all = scheduler(options);
  const has = traits({ gpu: 1 });
  all.on(joined('alice', 1, has), submitted({ array: 1, length: 5, ...spec }), settled('alice', 1, [0, 1], 1));
  all.on(ended('alice', 1), joined('bob', 1, has), joined('carol', 1, has), joined('dave', 1, has));
  return all;
}
