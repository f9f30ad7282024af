import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutcomeBlocks } from '../../src/engine/task-run/outcome-blocks.ts';
import type { RunPlan } from '../../src/engine/plan.ts';
import type { TaskRunner } from '../../src/engine/task-run/task-runner.ts';

for (const [sentence, sharesMemory] of [
  ['a block is full at a quarter of a megabyte, so that no chunk gets much that it does not need', undefined],
  ['what goes beside a block counts with it', true],
] as const) {
  test(sentence, () => {
    const outcomes = new OutcomeBlocks(0);
    const succeed = (index: number) => {
      outcomes.at(index).succeed(index, new Uint8Array(100_000), planOf(sharesMemory), noRunner);
    };

    succeed(0);
    succeed(1);
    assert.equal(outcomes.isFull, false);
    succeed(2);
    assert.equal(outcomes.isFull, true);

    assert.deepEqual(outcomes.take().map(({ start, count }) => [start, count]), [[0, 3]]); // prettier-ignore
    assert.equal(outcomes.isFull, false);
  });
}

/** What is asked of a plan for values that are exact and small enough. */
function planOf(sharesMemory: true | undefined): RunPlan {
  return { name: 'make', isMapped: true, valueLimitBytes: 2 ** 30, sharesMemory } as unknown as RunPlan;
}

/** Only asked to warn of what would change. */
const noRunner = undefined as unknown as TaskRunner;
