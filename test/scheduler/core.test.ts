import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArraySpec, Event } from '../../src/scheduler/core.ts';
import { checkInvariants } from './invariants.ts';
import {
  delayed,
  ended,
  given,
  joined,
  kept,
  lost,
  run,
  scheduler,
  settled,
  settledAtLast,
  submitted,
} from './fixtures.ts';

test('what was settled is counted once, whoever says it again', () => {
  const { core, on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 3, given: [{ start: 0, end: 1 }] }));

  on(settled('alice', 1, [1, 2]), settled('alice', 1, [1, 2]), ended('alice', 1));

  assert.equal(core.totals.settled, 1);
});

test('what is ready with the last word of an attempt has the thread that said it', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1 }, { array: 2, whole: [1] }));

  assert.deepEqual(on(settledAtLast('alice', 1, [0, 1])), [kept(1, [0, 1]), run('alice', 2, [0, 1], 2)]);
});

test('what is ready later has the worker whose turn it is: the last one may be quick because it is broken', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1 }), settledAtLast('alice', 1, [0, 1]));

  assert.deepEqual(on(submitted({ array: 2 })), [run('bob', 2, [0, 1], 2)]);
});

test('an attempt is over with its last word, though nobody believes it', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1 }));

  assert.deepEqual(on(settledAtLast('alice', 1, [5, 9])), [run('alice', 1, [0, 1], 2)]);
});

test('a pipeline that was begun goes before one that was not [D130]', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 2 }, { array: 2, length: 2, elementwise: [1] }));

  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)), [kept(1, [0, 1]), run('alice', 2, [0, 1], 2)]);
});

test('of two that are equally deep the first submitted runs first, whichever came last to the queue [D131]', () => {
  const { on } = scheduler();

  on(submitted({ array: 9 }), submitted({ array: 8 }), submitted({ array: 10 }));

  assert.deepEqual(on(joined('alice', 3)), [
    run('alice', 9, [0, 1], 1),
    run('alice', 8, [0, 1], 2),
    run('alice', 10, [0, 1], 3),
  ]);
});

test('priority goes before depth [D129]', () => {
  const { on } = scheduler();
  on(submitted(given({ array: 1 }), { array: 2, elementwise: [1] }, { array: 3, priority: 1 }));

  assert.deepEqual(on(joined('alice', 2)), [run('alice', 3, [0, 1], 1), run('alice', 2, [0, 1], 2)]);
});

test('an index is ready when it is settled in all its elementwise upstreams', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1 }, { array: 2 }, { array: 3, elementwise: [1, 2] }));

  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)), [kept(1, [0, 1])]);
  assert.deepEqual(on(settled('alice', 2, [0, 1])), [kept(2, [0, 1]), run('alice', 3, [0, 1], 3)]);
});

test('whoever needs the whole of an array waits for its last index', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, length: 2 }, { array: 2, whole: [1] }));

  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)), [kept(1, [0, 1])]);
  assert.deepEqual(on(settled('alice', 2, [1, 2])), [kept(1, [1, 2]), run('alice', 2, [0, 1], 3)]);
});

test('an array that is given is settled from the start', () => {
  const { on } = scheduler();
  on(joined('alice', 3));

  const commands = on(submitted(given({ array: 1, length: 2 }), { array: 2, length: 2, elementwise: [1], whole: [1] }));

  assert.deepEqual(commands, [run('alice', 2, [0, 1], 1), run('alice', 2, [1, 2], 2)]);
});

test('of an array that is given in part, only the rest is dispatched, and its dependents go on with both', () => {
  const { on } = scheduler();
  on(joined('alice', 3));
  const inPart = { array: 1, length: 3, given: [{ start: 1, end: 2 }] };

  const commands = on(submitted(inPart, { array: 2, length: 3, elementwise: [1] }));
  const later = on(settled('alice', 2, [0, 1]), ended('alice', 2));

  assert.deepEqual(commands, [run('alice', 2, [1, 2], 1), run('alice', 1, [0, 1], 2), run('alice', 1, [2, 3], 3)]);
  assert.deepEqual(later, [kept(1, [0, 1]), run('alice', 2, [0, 1], 4)]);
});

test('an empty array is settled at once, whatever it would wait for', () => {
  const { on } = scheduler();
  on(joined('alice', 2));

  const commands = on(
    submitted({ array: 1 }, { array: 2, length: 0, whole: [1] }, { array: 3, whole: [2] }, { array: 4, whole: [1] }),
  );

  assert.deepEqual(commands, [run('alice', 3, [0, 1], 1), run('alice', 1, [0, 1], 2)]);
});

test('an array that is submitted late finds what is settled already', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, length: 3 }), settled('alice', 2, [1, 2]));

  assert.deepEqual(on(submitted({ array: 2, length: 3, elementwise: [1] })), []);
  assert.deepEqual(on(ended('alice', 2)), [run('alice', 2, [1, 2], 3)]);
});

test('an upstream that is named twice counts once', () => {
  const { on } = scheduler();
  on(joined('alice', 2), submitted({ array: 1 }, { array: 2, elementwise: [1, 1], whole: [1, 1] }));

  assert.deepEqual(on(settled('alice', 1, [0, 1])), [kept(1, [0, 1]), run('alice', 2, [0, 1], 2)]);
});

test('a submission that does not fit our books stops us [D165]', () => {
  const submit = (...arrays: Partial<ArraySpec>[]) => scheduler().on(submitted(...arrays));

  assert.throws(() => submit({ array: 1 }, { array: 1 }), /array 1 was already submitted/);
  assert.throws(() => submit({ array: 1, whole: [7] }), /array 1 needs array 7, which is unknown/);
  assert.throws(() => submit({ array: 1, length: 2 }, { array: 2, length: 3, elementwise: [1] }), /is shorter/);
});

test('an elementwise dependent may be shorter, and then waits only for what it has', () => {
  const { on } = scheduler();
  on(submitted({ array: 1, length: 2 }, { array: 2, length: 1, elementwise: [1] }), joined('alice'));

  const first = on(settled('alice', 1, [0, 1]), ended('alice', 1));
  assert.deepEqual(first.at(-1), run('alice', 2, [0, 1], 2));
  on(settled('alice', 2, [0, 1]), ended('alice', 2));

  assert.deepEqual(on(settled('alice', 3, [1, 2])), [kept(1, [1, 2])]);
});

test('old news changes nothing [D105 D107 D110]', () => {
  const { on } = scheduler();
  on(joined('alice'), joined('bob'), submitted({ array: 1, length: 3 }), settled('alice', 1, [0, 1]));
  on(ended('alice', 1));

  const lies: Event[] = [
    settled('alice', 1, [0, 1]), // ended
    settled('alice', 2, [1, 2]), // of another worker
    settled('bob', 9, [1, 2]), // never begun
    settled('carol', 2, [1, 2]), // from a stranger
    settled('bob', 2, [0, 2]), // more than the chunk
    settled('bob', 2, [1, 1]), // nothing
    settled('bob', 2, [1, 1.5]),
    settled('bob', 2, [1.5, 2]),
    settled('bob', 2, [Number.NaN, 2]),
    delayed('bob', 2, 0),
    delayed('alice', 2, 1),
    lost('bob', 2, 2),
    lost('alice', 2, 1),
    ended('alice', 1),
    ended('alice', 2),
    { type: 'worker-left', worker: 'carol' },
    { type: 'worker-seen', worker: 'carol' },
    { type: 'worker-draining', worker: 'carol' },
    { type: 'arrays-released', arrays: [99] },
  ];

  for (const lie of lies) assert.deepEqual(on(lie), [], JSON.stringify(lie));
  assert.deepEqual(on(settled('bob', 2, [1, 2])), [kept(1, [1, 2])]);
});

test('news that arrives twice counts once', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1 }));

  assert.deepEqual(on(settled('alice', 1, [0, 1])), [kept(1, [0, 1])]);
  assert.deepEqual(on(settled('alice', 1, [0, 1])), []);
});

test('an index that asked to be run later holds no slot and is not run sooner', () => {
  const { on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 2 }));

  assert.deepEqual(on(delayed('alice', 1, 0, 300)), [{ type: 'delayed', array: 1, index: 0 }]);
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 1, [1, 2], 2)]);
  on(settled('alice', 2, [1, 2]), ended('alice', 2));
  assert.deepEqual(wait(299), []);
  assert.deepEqual(wait(1), [run('alice', 1, [0, 1], 3)]);
});

for (const delayMs of [-5, Number.NaN, Infinity, -Infinity]) {
  test(`a delay of ${delayMs} ms makes no sense, and counts as none`, () => {
    const { on } = scheduler();
    on(joined('alice'), submitted({ array: 1 }));

    const commands = on({ type: 'index-delayed', worker: 'alice', attempt: 1, index: 0, delayMs }, ended('alice', 1));

    assert.deepEqual(commands, [{ type: 'delayed', array: 1, index: 0 }, run('alice', 1, [0, 1], 2)]);
  });
}

test('the core says when the next delayed index is due', () => {
  const { on, core } = scheduler();
  on(joined('alice', 2), submitted({ array: 1, length: 2 }));
  assert.equal(core.nextDue, Infinity);

  on(delayed('alice', 1, 0, 300), delayed('alice', 2, 1, 200));

  assert.equal(core.nextDue, 200);
});

test('any event wakes what is due', () => {
  const { on, sleep } = scheduler();
  on(joined('alice'), submitted({ array: 1 }), delayed('alice', 1, 0, 300), ended('alice', 1));

  sleep(300);

  assert.deepEqual(on({ type: 'worker-seen', worker: 'alice' }), [run('alice', 1, [0, 1], 2)]);
});

test('a hundred thousand delayed indices wake together as one range', () => {
  const { core } = scheduler();
  const length = 100_000;
  core.handle(joined('alice'), 0);
  core.handle(submitted({ array: 1, length }), 0);
  for (let index = 0; index < length; index += 1) {
    core.handle(delayed('alice', index + 1, index, 500 + (index % 7)), 0);
    core.handle(ended('alice', index + 1), 0);
  }
  assert.equal(core.arrays.get(1)!.delayed.size, length);

  core.handle({ type: 'ticked' }, 1_000);

  checkInvariants(core);
  assert.deepEqual([...core.arrays.get(1)!.queued], [{ start: 1, end: length }]);
});

test('time does not go back', () => {
  const { core } = scheduler();
  core.handle({ type: 'ticked' }, 10);

  assert.throws(() => core.handle({ type: 'ticked' }, 9), /time went back from 10 to 9/);
});
