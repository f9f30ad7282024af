import assert from 'node:assert/strict';
import { Flow, unmapped } from 'heddle';
import { addOwn, pollTurn, reuse, runFlow, sortInPlace } from '../../fixtures/sharing.ts';
import type { Rule } from '../contract.ts';

export function sharingRules(rule: Rule): void {
  rule('a task that returns the same object each time loses nothing that was in it', async (run) => {
    const indices = Array.from({ length: 40 }, (_, index) => index);

    const { state } = await run(new Flow('reuse', () => reuse.map(indices)));

    assert.deepEqual(
      state.output,
      indices.map((index) => [index]),
    );
  });

  rule('children cannot change what they share', async (run) => {
    const { state } = await run(new Flow('shared', () => addOwn.map(unmapped([0]), [1, 2, 3])));

    const messages = state.of('add-own').children.map(({ message }) => message);
    assert.equal(messages.length, 3);
    for (const message of messages) assert.match(message, /^TypeError: Cannot add property 1/);
  });

  rule('a single run may do with its inputs what it likes', async (run) => {
    const { state } = await run(new Flow('own', () => sortInPlace([3, 1, 2])));

    assert.deepEqual(state.output, [1, 2, 3]);
  });

  rule('a flow that a task runs is not mistaken for the one around it', async (run) => {
    const { state } = await run(new Flow('outer', () => runFlow.map([7, 8, 9])));

    assert.deepEqual(state.output, [
      [7, 6, 12],
      [8, 6, 12],
      [9, 6, 12],
    ]);
  });

  rule('a loop that polls lets happen what it waits for', async (run) => {
    const { state } = await run(new Flow('poll', () => pollTurn()));

    assert.equal(state.type, 'Success');
  });
}
