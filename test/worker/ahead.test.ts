// What waits on a worker behind a chunk that runs there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerEvent } from '../../src/worker/core.ts';
import {
  bundled,
  cancel,
  define,
  ended,
  forget,
  over,
  recall,
  reported,
  run,
  runs,
  sent,
  told,
  worker,
} from './core-fixtures.ts';

test('a chunk that waits behind an attempt begins as soon as that is over', () => {
  const on = worker();
  const second = run(1, { attempt: 2, behind: 1 });
  on(define(1), run(1));

  assert.deepEqual(on(second), []);
  assert.deepEqual(on(over(1)), [...sent(ended(1)), runs(second)]);
  assert.deepEqual(on(over(2)), sent(ended(2)));
});

test('a chunk that would wait behind an attempt that is over begins at once', () => {
  const on = worker();
  const second = run(1, { attempt: 2, behind: 1 });
  on(define(1), run(1), over(1));

  assert.deepEqual(on(second), [runs(second)]);
});

test('only one attempt may wait behind another, and only of the same array', () => {
  const on = worker();
  on(define(1), define(2), run(1), run(1, { attempt: 2, behind: 1 }));

  for (const [array, behind] of [
    [1, 1],
    [2, 2],
    [1, undefined],
    [1, 99],
  ] as const) {
    const oneMore = { attempt: 3, ...(behind !== undefined && { behind }) };
    assert.throws(() => on(run(array, oneMore)), { code: 'PROTOCOL_VIOLATION' });
  }
  assert.deepEqual(on(over(1)), [...sent(ended(1)), runs(run(1, { attempt: 2, behind: 1 }))]);
});

test('a recalled chunk that waits ends at once; one that runs is recalled from its thread', () => {
  const on = worker();
  on(define(1), run(1), run(1, { attempt: 2, behind: 1 }));

  assert.deepEqual(on(recall(1), recall(99)), [{ type: 'recall-chunk', attempt: 1 }]);
  assert.deepEqual(
    on(reported(1, { type: 'returned', ranges: [{ start: 4, end: 10 }] })),
    sent({ type: 'returned', attempt: 1, ranges: [{ start: 4, end: 10 }] }),
  );
  assert.deepEqual(on(recall(2)), sent(ended(2)));
  assert.deepEqual(on(over(1)), sent(ended(1)));
});

test('an attempt that waits for its code gives nothing back, and the one behind it begins later', () => {
  const on = worker({ keepsCode: true });
  const [first, second] = [run(1), run(1, { attempt: 2, behind: 1 })];
  on(define(1, { isSent: true }), first, second);

  assert.deepEqual(on(recall(1)), sent({ type: 'returned', attempt: 1, ranges: [] }));
  assert.deepEqual(on({ type: 'code-found', array: 1, source: bundled }), [runs(first, bundled)]);
  assert.deepEqual(on(over(1)), [...sent(ended(1)), runs(second, bundled)]);
});

test('a waiting chunk is not begun when all is stopped, its array is forgotten, or it is cancelled', () => {
  const stops: readonly WorkerEvent[] = [forget(1), cancel(2, 500), { type: 'leave-asked' }, { type: 'time-ran-out' }];
  for (const stop of stops) {
    const on = worker();
    on(define(1), run(1), run(1, { attempt: 2, behind: 1 }));

    const commands = on(stop, over(1));

    assert.deepEqual(
      commands.flatMap((command) =>
        command.type === 'send' && command.message.type === 'ended' ? [command.message] : [],
      ),
      [ended(2), ended(1)],
      stop.type,
    );
    assert(!commands.some(({ type }) => type === 'run-chunk'));
  }
});

test('of two that wait for the code of a forgotten array neither begins', () => {
  const on = worker({ keepsCode: true });
  on(define(1, { isSent: true }), run(1), run(1, { attempt: 2, behind: 1 }));

  assert.deepEqual(on(forget(1)), sent(ended(2), ended(1)));
});

test('a worker that drains runs waiting chunks as well', () => {
  const on = worker();
  const second = run(1, { attempt: 2, behind: 1 });
  on(define(1), run(1), second, { type: 'drain-asked' }, told({ type: 'close', reason: 'asked' }));

  assert.deepEqual(on(over(1)), [...sent(ended(1)), runs(second)]);
  assert.deepEqual(on(over(2)), [...sent(ended(2)), { type: 'tell-drained' }]);
});
