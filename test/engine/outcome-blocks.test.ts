import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutcomeBlocks } from '../../src/engine/task-run/outcome-blocks.ts';
import { byteLengthOf } from '../../src/lib/attachments.ts';
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

for (const sharesMemory of [undefined, true] as const) {
  const where = sharesMemory === undefined ? 'in the block' : 'beside it';
  test(`nothing is kept of a value that was refused as too large, ${where}`, () => {
    const outcomes = new OutcomeBlocks(0);

    const end = outcomes.at(0).succeed(0, new Uint8Array(600_000), planOf(sharesMemory, 500_000), noRunner)!;
    outcomes.at(0).end(0, end.state);

    assert.equal((end.state.error as { code?: string } | undefined)?.code, 'VALUE_TOO_LARGE');
    assert.equal(outcomes.isFull, false);
    assert.ok(byteLengthOf(outcomes.take()[0]!.bytes) < 10_000);
  });
}

/** What is asked of a plan for values that are exact. */
function planOf(sharesMemory: true | undefined, valueLimitBytes = 2 ** 30): RunPlan {
  return { name: 'make', isMapped: true, valueLimitBytes, sharesMemory } as unknown as RunPlan;
}

/** Only asked to warn of what would change. */
const noRunner = undefined as unknown as TaskRunner;
