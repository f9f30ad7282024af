import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Flow, unmapped } from 'heddle';
import * as overlapping from '../../fixtures/overlapping.ts';
import { inc } from '../../fixtures/tasks.ts';
import { textsOf } from '../../fixtures/log-lines.ts';
import type { Rule } from '../contract.ts';

const { aloneInDb, alsoAloneInDb, failOdd, meet, oneAtATime, overtake, tryOddAgain, waitTogether } = overlapping;
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

export function placingRules(rule: Rule): void {
  rule('runs that overlap in a thread each have their own context, log and output', async (run) => {
    const { state, logs } = await run(new Flow('overlapping', () => meet.map(numbers(8))));

    const expected = numbers(8).map((x) => ({ x, mapIndex: x, taskRunName: `meet ${x}` }));
    assert.deepEqual(state.output, expected);
    for (const x of numbers(8)) {
      const own = logs.filter(({ mapIndex }) => mapIndex === x);
      const messages = own.map(({ message }) => message);
      assert.deepEqual(messages, [`before ${x}`, `printed ${x}`, `after ${x}`]);
      assert.ok(own.every(({ taskRun }) => taskRun === `meet ${x}`));
    }
  });

  rule('runs that overlap and end in another order than they began keep their results', async (run) => {
    const { state } = await run(new Flow('overtaking', () => overtake.map(numbers(40))));

    assert.deepEqual(
      state.output,
      numbers(40).map((x) => ({ double: 2 * x })),
    );
  });

  rule('of runs that overlap, those that fail are tried again, and the others are not', async (run) => {
    const { state } = await run(new Flow('retried', () => failOdd.with({ retries: 1 }).map(numbers(8))));

    assert.equal(state.type, 'Success', state.message);
    assert.deepEqual(
      state.output,
      numbers(8).map((x) => (x % 2 === 1 ? 2 : 1)),
    );
  });

  rule('of runs that overlap, those that are tried again together are each given their own inputs', async (run) => {
    const texts = numbers(40).map((x) => `text ${x}`);
    const flow = new Flow('own-inputs', () => tryOddAgain.map(inc.map(numbers(40)), texts));

    const { state } = await run(flow);

    assert.equal(state.type, 'Success', state.message);
    assert.deepEqual(
      state.output,
      numbers(40).map((mapIndex) => ({ x: mapIndex + 1, text: texts[mapIndex], mapIndex })),
    );
  });

  rule('each of several runs that overlap has its own timeout', async (run) => {
    const { state, logs } = await run(new Flow('timeouts', () => waitTogether.map(numbers(8))));

    assert.deepEqual(
      state.of('wait-together').children.map(({ type }) => type),
      numbers(8).map(() => 'TimedOut'),
    );
    assert.deepEqual(
      textsOf(logs, 'info').toSorted(),
      numbers(8).map((x) => `told ${x}: TimeoutError`),
    );
  });

  rule('no more task runs of a tag overlap than its limit says, whatever their tasks', async (run) => {
    const parent = mkdtempSync(join(tmpdir(), 'heddle-limits-'));
    const folder = join(parent, 'alone');
    const flow = new Flow('limited', { limits: { db: 1, big: 5 } }, () => [
      aloneInDb.map(numbers(12), unmapped(folder)),
      alsoAloneInDb.map(numbers(6), unmapped(folder)),
      alsoAloneInDb(7, folder),
    ]);

    const { state } = await run(flow);

    rmSync(parent, { recursive: true });
    assert.equal(state.type, 'Success', state.message);
    assert.deepEqual(state.output, [numbers(12), numbers(6), 7]);
  });

  rule('a run may have limits of its own, which come before those of its flow', async (run) => {
    const parent = mkdtempSync(join(tmpdir(), 'heddle-limits-'));
    const flow = new Flow('limited', { limits: { db: 4 } }, () =>
      aloneInDb.map(numbers(12), unmapped(join(parent, 'alone'))),
    );

    const { state } = await run(flow, { limits: { db: 1 } });

    rmSync(parent, { recursive: true });
    assert.equal(state.type, 'Success', state.message);
  });

  rule(
    'of what can run the higher priority comes first: of the task, else of the run, else of the flow',
    async (run) => {
      const flow = new Flow('in-order', { priority: 5, limits: { one: 1 } }, () => {
        const before = inc(1);
        [-1, undefined, 10, 3].forEach((priority, x) => {
          const placed = priority === undefined ? oneAtATime : oneAtATime.with({ priority });
          placed(x).setUpstream(before);
        });
      });

      const ofFlow = await run(flow);
      const ofRun = await run(flow, { priority: 0 });

      assert.deepEqual(textsOf(ofFlow.logs, 'info'), ['run 2', 'run 1', 'run 3', 'run 0']);
      assert.deepEqual(textsOf(ofRun.logs, 'info'), ['run 2', 'run 3', 'run 1', 'run 0']);
    },
  );
}
