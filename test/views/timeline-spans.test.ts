import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packSpans } from '../../src/views/timeline-spans.ts';
import { span, timelineRun } from './fixtures.ts';

test('each thread has a row, in the order that people count', () => {
  const spans = [span({ worker: 'thread 10' }), span({ worker: 'thread 2' }), span({ worker: 'thread 1' })];

  assert.deepEqual(packSpans(timelineRun({ spans })).rows, [
    { worker: 'thread 1', lanes: [1] },
    { worker: 'thread 2', lanes: [1] },
    { worker: 'thread 10', lanes: [1] },
  ]);
});

test('spans are columns: by start, each start since the one before, times in microseconds', () => {
  const spans = [
    span({ task: 'load', startMs: 20.5, durationMs: 1.25 }),
    span({ start: 100, count: 50, startMs: 5, durationMs: 10, failed: 3 }),
  ];

  const { columns, failed, runs, tasks } = packSpans(timelineRun({ spans }));

  assert.deepEqual(columns, {
    task: [0, 1],
    first: [100, 0],
    width: [50, 1],
    start: [5_000, 15_500],
    duration: [10_000, 1_250],
  });
  assert.deepEqual({ failed, runs }, { failed: [0, 3], runs: [] });
  assert.deepEqual(
    tasks.map(({ name }) => name),
    ['score', 'load'],
  );
});

test('spans of a thread that overlap get lanes of their own; a millisecond is no overlap', () => {
  const spans = [
    span({ startMs: 0, durationMs: 10 }),
    span({ startMs: 5, durationMs: 10 }),
    span({ startMs: 9.5, durationMs: 10 }),
  ];

  assert.deepEqual(packSpans(timelineRun({ spans })).rows, [{ worker: 'thread 1', lanes: [2, 1] }]);
});

test('when there are too many, neighbours of one task become one bar', () => {
  const spans = Array.from({ length: 10 }, (_, index) => {
    return span({ start: index * 10, count: 5, startMs: index * 10, durationMs: 10, failed: index === 3 ? 1 : 0 });
  });

  const packed = packSpans(timelineRun({ spans, durationMs: 100 }), 2);

  assert.deepEqual(packed.rows, [{ worker: 'thread 1', lanes: [3] }]);
  assert.deepEqual(packed.columns.width, [35, 35, 15]);
  assert.deepEqual(packed.runs, [0, 20, 1, 20, 2, 10]);
  assert.deepEqual(packed.failed, [0, 1]);
});

test('a picture reaches as far as its last span', () => {
  assert.equal(packSpans(timelineRun({ durationMs: 10, spans: [span({ startMs: 8, durationMs: 5 })] })).durationMs, 13);
});

test('whatever is merged, no task run and no failure is lost', () => {
  const spans = fc.array(
    fc.record({
      task: fc.constantFrom('load', 'score', 'clean'),
      start: fc.nat(100),
      count: fc.integer({ min: 1, max: 20 }),
      worker: fc.constantFrom('thread 1', 'thread 2'),
      startMs: fc.nat(1_000),
      durationMs: fc.nat(50),
      failed: fc.nat(3),
    }),
    { maxLength: 60 },
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
  const seconds = (pairs: readonly number[]) => pairs.filter((_, position) => position % 2 === 1);

  fc.assert(
    fc.property(spans, fc.integer({ min: 1, max: 80 }), (spans, maxBars) => {
      const { rows, columns, failed, runs } = packSpans(timelineRun({ spans, durationMs: 1_000 }), maxBars);
      const runsOf = new Map(Array.from({ length: runs.length / 2 }, (_, at) => [runs[at * 2]!, runs[at * 2 + 1]!]));

      assert.equal(sum(seconds(failed)), sum(spans.map(({ failed }) => failed)));
      assert.equal(
        sum(columns.width.map((width, position) => runsOf.get(position) ?? width)),
        sum(spans.map(({ count }) => count)),
      );
      assert.equal(sum(rows.flatMap(({ lanes }) => lanes)), columns.task.length);
    }),
  );
});
