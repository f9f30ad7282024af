import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delayed, ended, joined, kept, left, lost, released, run, scheduler, settled, submitted } from './fixtures.ts';

test('an array that its client lets go of is forgotten, and what runs of it is cancelled [D100]', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1, length: 2 }, { array: 2 }));

  assert.deepEqual(on(released(1)), [
    { type: 'cancel-chunk', worker: 'alice', attempt: 1 },
    { type: 'forgotten', array: 1 },
  ]);
  assert.deepEqual(on(released(1)), []);
  assert.deepEqual(on(settled('alice', 1, [0, 1])), []);
  assert.deepEqual(on(lost('alice', 1, 0)), []);
  // Until then the thread is busy: the slot is held.
  assert.deepEqual(on(ended('alice', 1)), [run('alice', 2, [0, 1], 2)]);
});

test('a chunk of which everything was heard is not cancelled', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1 }), settled('alice', 1, [0, 1]));

  assert.deepEqual(on(released(1)), [{ type: 'forgotten', array: 1 }]);
});

test('a released array lives on while an array that somebody wants needs it', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1 }, { array: 2, whole: [1] }, { array: 3, elementwise: [2] }));

  assert.deepEqual(on(released(1, 2)), []);

  assert.deepEqual(on(settled('alice', 1, [0, 1]), ended('alice', 1)), [kept(1, [0, 1]), run('alice', 2, [0, 1], 2)]);
  assert.deepEqual(on(settled('alice', 2, [0, 1])), [kept(2, [0, 1]), { type: 'forgotten', array: 1 }]);
  on(ended('alice', 2));
  assert.deepEqual(on(settled('alice', 3, [0, 1])), [kept(3, [0, 1]), { type: 'forgotten', array: 2 }]);
});

test('letting go of the last dependent lets go of all that only it needed', () => {
  const { on, core } = scheduler();
  on(submitted({ array: 1 }, { array: 2, whole: [1] }, { array: 3, elementwise: [2] }, { array: 4 }));
  on(released(1, 2));

  assert.deepEqual(
    on(released(3)),
    [3, 2, 1].map((array) => ({ type: 'forgotten', array })),
  );
  assert.deepEqual([...core.arrays.keys()], [4]);
});

test('a delayed index of a forgotten array never wakes', () => {
  const { on, wait } = scheduler();
  on(joined('alice'), submitted({ array: 1 }), delayed('alice', 1, 0, 300), ended('alice', 1));

  assert.deepEqual(on(released(1)), [{ type: 'forgotten', array: 1 }]);

  assert.deepEqual(wait(300), []);
});

test('a suspect of a forgotten array never runs', () => {
  const { on } = scheduler();
  on(joined('alice'), submitted({ array: 1 }, { array: 2 }, { array: 3 }), left('alice'));

  on(released(1));

  assert.deepEqual(on(joined('bob', 3)), [run('bob', 2, [0, 1], 2), run('bob', 3, [0, 1], 3)]);
});

test('what is kept of forgotten arrays is let go once it is the greater part, and the rest wakes as before', () => {
  const { on, core, wait } = scheduler();
  on(joined('alice', 5), submitted({ array: 1, length: 3 }, { array: 2 }, { array: 3 }));
  for (const attempt of [1, 2, 3, 4, 5]) on(delayed('alice', attempt, attempt < 4 ? attempt - 1 : 0, 300));
  for (const attempt of [1, 2, 3, 4, 5]) on(ended('alice', attempt));

  on(released(3));
  assert.equal([...core.delays].length, 5);
  assert.deepEqual(wait(299), []);

  on(released(1));
  assert.deepEqual(
    [...core.delays].map(({ array }) => array.id),
    [2],
  );
  assert.deepEqual(wait(1), [run('alice', 2, [0, 1], 6)]);
});

test('a delayed index of a forgotten array stays asleep beside others that wake', () => {
  const { on, wait } = scheduler();
  on(joined('alice', 2), submitted({ array: 1 }, { array: 2 }));
  on(delayed('alice', 1, 0, 300), delayed('alice', 2, 0, 300), ended('alice', 1), ended('alice', 2));

  on(released(1));

  assert.deepEqual(wait(300), [run('alice', 2, [0, 1], 3)]);
});

test('arrays that are forgotten while they queue do not pile up behind those that run', () => {
  const { on, core } = scheduler();
  const ids = Array.from({ length: 50 }, (_, array) => array);
  on(submitted(...ids.map((array) => ({ array }))));

  on(released(...ids.slice(1)));

  assert([...core.fleet.queues.values()].flatMap(({ listed }) => [...listed]).length <= 2);
  assert.deepEqual(on(joined('alice', 2)), [run('alice', 0, [0, 1], 1)]);
});

test('a chain of 20,000 arrays is forgotten without a deep stack', () => {
  const { core } = scheduler();
  const ids = Array.from({ length: 20_000 }, (_, array) => array);
  core.handle(submitted(...ids.map((array) => ({ array, whole: array === 0 ? [] : [array - 1] }))), 0);

  const commands = core.handle(released(...ids), 0);

  assert.equal(commands.length, 20_000);
  assert.equal(core.arrays.size, 0);
});
