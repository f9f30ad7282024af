import assert from 'node:assert/strict';
import { Flow, type HeddleError } from 'heddle';
import { withConfig } from '../../with-config.ts';
import { newDiary } from '../../fixtures/diary.ts';
import * as sensors from '../../fixtures/sensors.ts';
import type { Rule } from '../contract.ts';

const { failsNowAndThen, fromCall, givesUpSoon, lineIn, neverAnswers, onceTwice, retriesItself, write } = sensors;

export function sensorRules(rule: Rule): void {
  rule('a sensor is called until its condition holds, and gives what that returned', async (run) => {
    const { state, logs } = await withConfig({ logging: { level: 'debug' } }, () =>
      run(new Flow('sensed', () => fromCall(3))),
    );

    assert.equal(state.output, 3);
    const told = logs.filter(({ task, message }) => task === 'from-call' && message.startsWith('Not yet'));
    assert.deepEqual(
      told.map(({ message }) => message),
      ['Not yet: 1 call; the next one in 1 ms.', 'Not yet: 2 calls; the next one in 1 ms.'],
    );
    assert.equal(state.statistics.taskRuns, 1);
  });

  rule('each child of a mapped sensor waits for itself', async (run) => {
    const { state } = await run(new Flow('sensed-each', () => fromCall.map([3, 1, 2])));

    assert.deepEqual(state.output, [3, 1, 2]);
  });

  rule('undefined, null and false are no answer yet; 0, an empty text and an empty list are one', async (run) => {
    const { state } = await run(new Flow('answers', () => onceTwice.map([0, '', Number.NaN, []])));

    assert.deepEqual(state.output, [0, '', Number.NaN, []]);
  });

  rule('a sensor holds no slot while it waits: what it waits for can run', async (run) => {
    using diary = newDiary();
    const lines = ['a', 'b', 'c', 'd'];
    const flow = new Flow('patient', () => {
      const waiting = lines.map((line) => lineIn(diary.path, line));
      for (const line of lines) write(diary.path, line);
      return waiting;
    });

    const { state } = await run(flow);

    assert.deepEqual([...state.output], lines);
  });

  rule(
    'a sensor whose time is up is TimedOut, says how often it was called since when, and is not retried',
    async (run) => {
      const { state } = await run(new Flow('in-vain', () => givesUpSoon.with({ retries: 3 }).map([1, 2])));

      const [first, second] = state.of('gives-up-soon').children;
      assert.deepEqual([first?.type, second?.type, first?.error?.name], ['TimedOut', 'TimedOut', 'TimeoutError']);
      assert.equal((first?.error as HeddleError).code, 'TASK_TIMED_OUT');
      const said = /^sensor 'gives-up-soon' got no answer within its timeout of 1 ms: \d+ calls? since (\S+)\. Look at/;
      const since = said.exec(first!.message)?.[1];
      assert.ok(Date.parse(since!) >= state.statistics.startedAt && Date.parse(since!) <= Date.now(), since);
    },
  );

  rule('a condition that does not return is told when the time of its sensor is up', async (run) => {
    const { state } = await run(new Flow('hangs', () => neverAnswers()));

    const { type, message } = state.of('never-answers');
    assert.equal(type, 'TimedOut');
    assert.match(message, /within its timeout of 20 ms: 1 call since/);
  });

  rule('what a condition throws is a failure, and only failures count as retries [S16]', async (run) => {
    const flow = new Flow('troubled', () => [failsNowAndThen(), failsNowAndThen.with({ retries: 3 })()]);

    const { state } = await run(flow);

    assert.equal(state.of('fails-now-and-then').result, 'there');
    const { type, message } = state.of('fails-now-and-then-2');
    assert.deepEqual([type, message], ['Failed', 'Error: call 8 fails']);
  });

  rule('a task that named the time of its next run itself has all its retries left', async (run) => {
    const { state } = await run(new Flow('own-time', () => retriesItself()));

    assert.equal(state.output, 5);
  });
}
