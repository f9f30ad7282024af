import assert from 'node:assert/strict';
import { Flow, triggers, unmapped } from 'heddle';
import { check, countFor, inc, sum } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function scaleRules(rule: Rule): void {
  rule('a hundred thousand children, of which a few fail [D069]', async (run) => {
    const length = 100_000;
    const bad = [0, 7, 4_999, 50_000, 99_999];
    const flow = new Flow('many', () => {
      const checked = check.map([...Array(length).keys()], unmapped(bad));
      return { checked, after: inc.map(checked) };
    });

    const { state } = await run(flow);

    const { children } = state.of('inc');
    const failed = children.flatMap(({ type }, index) => (type === 'TriggerFailed' ? [index] : []));
    assert.deepEqual(failed, bad);
    assert.ok(children.every(({ type, result }, index) => type === 'TriggerFailed' || result === index + 1));
    assert.match(state.message, /inc: 5 of 100000, first index 0: Trigger was "allSuccessful"/);
    assert.equal(state.statistics.taskRuns, 2 * length);
  });

  rule('every child may be given the whole of a mapped node, some of which failed', async (run) => {
    const flow = new Flow('all-to-all', () => {
      const checked = check.map([...Array(2_000).keys()], unmapped([5]));
      return countFor.with({ trigger: triggers.alwaysRun }).map([...Array(2_000).keys()], unmapped(checked));
    });

    const { state } = await run(flow);

    assert.ok(state.of('count-for').children.every(({ result }) => result === 2_000));
  });

  rule('a long chain of maps, and many tasks beside each other', async (run) => {
    const flow = new Flow('long', () => {
      let chain = inc.map([0, 100]);
      for (let step = 0; step < 60; step += 1) chain = inc.map(chain);
      return { chain, wide: Array.from({ length: 60 }, (_, x) => inc(x)), total: sum(chain) };
    });

    const { state } = await run(flow);

    assert.deepEqual(state.output.chain, [61, 161]);
    assert.deepEqual([...state.output.wide], Array.from({ length: 60 }, (_, x) => x + 1)); // prettier-ignore
    assert.equal(state.output.total, 222);
  });
}
