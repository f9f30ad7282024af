// What a flow comes to, and who has the last word.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { State } from '../../src/flow/state.ts';
import { quietly } from './fixtures.ts';
import { Flow, task } from './house.ts';

const one = task('one', () => 1);
const broken = task('broken', (): number => {
  throw new RangeError('no luck');
});

test('a terminal state handler that returns nothing leaves the state as it is [P239]', async () => {
  const seen: string[] = [];
  const flow = new Flow('f', { terminalStateHandler: ({ state }) => void seen.push(String(state)) }, () => one());

  const state = await flow.run(quietly);

  assert.deepEqual(seen, ['Success: All reference tasks succeeded.']);
  assert.deepEqual([state.type, state.message], ['Success', 'All reference tasks succeeded.']);
});

test('a terminal state handler may put another message, and the outputs stay [P239]', async () => {
  const terminalStateHandler = ({ state }: { state: State }) => new State(state.type, 'One is done.');

  const state = await new Flow('f', { terminalStateHandler }, () => one()).run(quietly);

  assert.deepEqual([state.type, state.message, state.output], ['Success', 'One is done.', 1]);
});

test('a terminal state handler has the last word on what the reference tasks come to [P238]', async () => {
  const flow = new Flow(
    'f',
    {
      terminalStateHandler: ({ referenceStates }) => {
        const failed = referenceStates.filter((state) => state.isFailed()).length;
        return new State('Success', `${failed} of ${referenceStates.length} failed, which will do.`);
      },
    },
    () => [one(), broken()],
  );

  const state = await flow.run(quietly);

  assert.deepEqual([state.type, state.message], ['Success', '1 of 2 failed, which will do.']);
  assert.equal(state.of('broken').type, 'Failed');
});
