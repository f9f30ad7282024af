import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, task } from 'heddle';
import { LocalExecutor } from 'heddle/executors';
import { describeContract } from './contract.ts';

describeContract('this thread', () => new LocalExecutor(), { sharesMemory: true });

test('between tasks that take long, this thread sees to whatever else the program does', async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  const turnsSoFar = task('turnsSoFar', (before: number) => {
    const until = performance.now() + 2;
    while (performance.now() < until);
    return Math.max(turns, before);
  });
  const flow = new Flow('busy', { executor: new LocalExecutor() }, () => {
    const seen = [turnsSoFar(0)];
    while (seen.length < 10) seen.push(turnsSoFar(seen.at(-1)!));
    return { seen };
  });

  count();
  const { output } = await flow.run({ onLog: () => {} });
  isOver = true;

  assert.equal(new Set(output.seen).size, 10);
});
