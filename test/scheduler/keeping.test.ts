// What needs much of a worker, and others that need less of the same and keep coming.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArraySpec, Command } from '../../src/scheduler/core.ts';
import { patience } from '../../src/scheduler/keeping.ts';
import { ended, joined, released, run, scheduler, settled, submitted, traits } from './fixtures.ts';

const [big, small, late] = [1, 2, 3];

test('an array that needs all of a worker starts once it was passed often enough and its worker is empty', () => {
  const { pass } = stream();
  assert.deepEqual(pass(patience + 1).at(-1), run('alice', small, [patience, patience + 1], patience + 3));

  assert.deepEqual(pass(1), [], 'what gets free is kept');
  assert.deepEqual(pass(1), [run('alice', big, [0, 1], patience + 4)]);
  const two = [patience + 1, patience + 2].map((index) => run('alice', small, [index, index + 1], index + 4));
  assert.deepEqual(pass(1), two, 'and is given to the others again');
});

test('after one chunk has started, resources are kept for the next only when it was passed often again', () => {
  const { core, pass } = stream({ length: 2 });
  pass(patience + 1);
  pass(1);
  assert.equal(core.fleet.keepers.get(core.arrays.get(big)!.queue)?.id, 'alice');

  assert.deepEqual(pass(1), [run('alice', big, [0, 1], patience + 4)]);
  assert.equal(core.fleet.keepers.get(core.arrays.get(big)!.queue), undefined);
});

test('explain says for which array resources are kept', () => {
  const { core, pass } = stream();
  pass(patience + 2);

  assert.match(
    core.explain(small, 50),
    /1 of 2 threads are busy with array 2; what gets free on worker alice is kept for array 1, which needs gpu 2\.$/,
  );
});

test('arrays that share none of its needs go on meanwhile, on free threads', () => {
  const { on, pass } = stream({ threads: 3 });
  pass(patience + 1);
  pass(1);

  assert.deepEqual(on(submitted({ array: late })), [run('alice', late, [0, 1], patience + 4)]);
});

test('nothing is kept for an array that nobody needs', () => {
  const { on, pass } = stream();
  pass(patience + 1);
  pass(1);

  assert.deepEqual(on(released(big)).at(-1), run('alice', small, [patience + 1, patience + 2], patience + 4));
});

test('an array that comes first does not wait for it', () => {
  const { on, pass } = stream();
  pass(patience + 1);
  pass(1);

  const urgent = submitted({ array: late, priority: 1, needs: traits({ gpu: 1 }) });

  assert.deepEqual(on(urgent), [run('alice', late, [0, 1], patience + 4)]);
});

for (const type of ['worker-draining', 'worker-paused'] as const) {
  test(`a worker keeps nothing after ${type}, and the next that is passed on does`, () => {
    const { core, on, pass } = stream();
    pass(patience + 1);
    const queue = core.arrays.get(big)!.queue;
    assert.equal(core.fleet.keepers.get(queue)?.id, 'alice');

    on({ type, worker: 'alice' }, joined('bob', 2, traits({ gpu: 1.5 })));

    assert.equal(core.fleet.keepers.get(queue), undefined, 'bob has not enough of it');
    assert.deepEqual(on(joined('carol', 1, traits({ gpu: 2 }))), [run('carol', big, [0, 1], patience + 5)]);
  });
}

test('any number of chunks that come first may pass it', () => {
  const { core, pass } = stream({ spec: { priority: 1 } });

  assert.equal(pass(3 * patience).length, 3 * patience);
  assert.equal(core.arrays.get(big)!.queue.passes, 0);
});

/** Alice has two of what the big one needs two of; two small ones run there, and more of them wait behind the big one. */
interface Streamed {
  readonly threads?: number;
  /** Of what needs much. */
  readonly length?: number;
  /** What is different about the others. */
  readonly spec?: Partial<ArraySpec>;
}

function stream({ threads = 2, length = 1, spec = {} }: Streamed = {}) {
  const { core, on } = scheduler();
  const needs = traits({ gpu: 1 });
  on(joined('alice', threads, traits({ gpu: 2 })));
  const running = runsAmong(on(submitted({ array: 0, length: 2, needs })));
  on(submitted({ array: big, length, needs: traits({ gpu: 2 }) }, { array: small, length: 100, needs, ...spec }));
  /** Has the one end that has run longest, and gives what starts then. */
  const end = (): Command[] => {
    const { worker, attempt, ranges } = running.shift()!;
    const { start, end } = ranges[0]!;
    const started = runsAmong(on(settled(worker, attempt, [start, end], 50), ended(worker, attempt)));
    running.push(...started);
    return started;
  };
  const pass = (count: number) => Array.from({ length: count }, end).flat();
  return { core, on, pass };
}

function runsAmong(commands: readonly Command[]) {
  return commands.filter((command) => command.type === 'run-chunk');
}
