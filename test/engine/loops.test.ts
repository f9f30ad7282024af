import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskStateHandler } from '../../src/flow/settings.ts';
import { context, Flow, signals, task } from './house.ts';
import { quietly } from './fixtures.ts';

const iteration = ['Running', 'Looped'];

test('state handlers see each iteration begin, and say that there is to be another [P161]', async () => {
  const { seen, handler } = noting();
  const count = task('count', { stateHandlers: [handler] }, (): number => {
    if (context.taskLoopCount < 3) throw new signals.LOOP();
    return 42;
  });

  const state = await new Flow('f', () => count()).run(quietly);

  assert.equal(state.output, 42);
  assert.deepEqual(seen(), [...iteration, ...iteration, 'Running', 'Success']);
});

test('they see the retry of an iteration, in each child by itself [P034]', async () => {
  const { seen, handler } = noting();
  const count = task('count', { retries: 1, stateHandlers: [handler] }, (step: number): number => {
    const { taskLoopCount, taskRunCount, taskLoopResult = 0 } = context;
    if (taskLoopCount < 3) throw new signals.LOOP('more', { result: taskLoopResult + step });
    if (taskRunCount === 1) throw new Error('the third one fails once');
    return taskLoopResult + step;
  });

  const state = await new Flow('f', () => count.map([1, 10])).run(quietly);

  assert.deepEqual(state.output, [3, 30]);
  const expected = [...iteration, ...iteration, 'Running', 'Failed', 'Retrying', 'Running', 'Success'];
  assert.deepEqual([seen(0), seen(1)], [expected, expected]);
});

/** A handler that notes the types of the states that it sees, by map index. */
function noting() {
  const notes: { mapIndex: number | undefined; type: string }[] = [];
  const handler: TaskStateHandler = ({ mapIndex, to: { type } }) => void notes.push({ mapIndex, type });
  const seen = (mapIndex?: number) => notes.filter((each) => each.mapIndex === mapIndex).map(({ type }) => type);
  return { seen, handler };
}
