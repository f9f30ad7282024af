import assert from 'node:assert/strict';
import { Flow, unmapped, type LogRecord } from 'heddle';
import { addUp, failInThird, tellLoops } from '../../fixtures/loops.ts';
import { double, inc, sum } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function loopRules(rule: Rule): void {
  rule('each iteration counts itself and is given what the one before handed on [P162]', async (run) => {
    const { state } = await run(new Flow('told', () => tellLoops(3)));

    assert.deepEqual(state.output, [
      { loop: 1, run: 1, result: undefined },
      { loop: 2, run: 1, result: 1 },
      { loop: 3, run: 1, result: 2 },
    ]);
    assert.deepEqual([state.of('tell-loops').type, state.statistics.taskRuns], ['Success', 1]);
  });

  rule('what follows a loop gets the value of its last iteration, child by child when mapped [P166]', async (run) => {
    const flow = new Flow('followed', () => ({
      one: double(addUp(10, 20)),
      failing: double(addUp(10, 20, 2)),
      many: inc.map(addUp.map([1, 2, 3], [3, 2, 1])),
      total: sum(addUp.map([1, 2, 3], unmapped(4))),
    }));

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { one: 400, failing: 400, many: [4, 5, 4], total: 24 });
  });

  rule('an iteration that fails is tried again by itself, with what it was given [P164] [P165]', async (run) => {
    const { state, logs } = await run(new Flow('retried', () => addUp(1, 4, 3)));

    assert.equal(state.output, 4);
    assert.deepEqual(iterationsIn(logs), ['1.1', '2.1', '3.1', '3.2', '4.1']);
  });

  rule('the retries of an iteration are counted anew in the next [P167]', async (run) => {
    const flow = new Flow('counted', () => addUp.with({ retries: 2 }).map([1, 1], [4, 4], [2, 4]));

    const { state, logs } = await run(flow);

    assert.deepEqual(state.output, [4, 4]);
    const ofSecond = logs.filter(({ mapIndex }) => mapIndex === 1);
    assert.deepEqual(iterationsIn(ofSecond), ['1.1', '2.1', '3.1', '4.1', '4.2']);
    assert.equal(iterationsIn(logs).filter((line) => line.endsWith('.2')).length, 2);
  });

  rule('a loop that fails for good fails with the error of its last iteration', async (run) => {
    const { state } = await run(new Flow('failed', () => failInThird()));

    assert.deepEqual([state.of('fail-in-third').type, state.type], ['Failed', 'Failed']);
    assert.equal(state.of('fail-in-third').error?.message, '2 is too much');
  });

  rule('thousands of iterations take no more of the stack than one [P169]', async (run) => {
    const { state } = await run(new Flow('long', () => addUp(1, 3_000)));

    assert.equal(state.output, 3_000);
  });
}

function iterationsIn(logs: readonly LogRecord[]): string[] {
  return logs.flatMap(({ message, level }) => (level === 'info' && /^\d+\.\d+$/.test(message) ? [message] : []));
}
