// What is left out where nothing could come of it changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, type Executor, type LogRecord, type Task } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor } from 'heddle/executors';
import { mixed, mixedPlain, mixedWatched } from '../fixtures/mixed.ts';

const numbers = Array.from({ length: 1_000 }, (_, number) => number);

test('children that fail, retry, skip and log come to the same whether or not each step is taken by itself', async () => {
  await using cluster = new LocalCluster({ workers: 2 });
  await cluster.start();
  const executors = [new LocalExecutor(), new DistributedExecutor(() => cluster)];

  const expected = await outcomesOf(mixedWatched, executors[0]!);

  assert.deepEqual(new Set(expected.states.map(({ type }) => type)), new Set(['Success', 'Failed', 'Skipped']));
  for (const executor of executors) {
    for (const task of [mixedPlain, mixed, mixedWatched]) {
      assert.deepEqual(await outcomesOf(task, executor), expected, `${task.name} on ${executor.constructor.name}`);
    }
  }
});

async function outcomesOf(task: Task<[value: number]>, executor: Executor) {
  const records: LogRecord[] = [];
  const flow = new Flow('mixed', { executor }, () => {
    task.map(numbers);
  });
  const state = await flow.run({ onLog: (record) => void records.push(record) });
  const { children, result } = state.of('mixed');
  const states = children.map((child) => {
    return { type: child.type, message: child.message, error: child.error?.message, result: child.result };
  });
  const results = children.map((child) => child.result);
  assert.deepEqual(result, results);
  return { type: state.type, states, lines: linesOf(records) };
}

/** By index, in the order in which they were written, without those that each thread writes a few of. */
function linesOf(records: readonly LogRecord[]): string[][] {
  const lines = numbers.map((): string[] => []);
  for (const { level, mapIndex, message } of records) {
    const isOfThread = level === 'error' || /^more (?:failures|retries) |\(retry \d/.test(message);
    if (mapIndex !== undefined && !isOfThread) lines[mapIndex]!.push(message);
  }
  return lines;
}
