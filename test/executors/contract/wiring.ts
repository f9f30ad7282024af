import assert from 'node:assert/strict';
import { Flow, Parameter, triggers, unmapped } from 'heddle';
import {
  add,
  chance,
  counter,
  end,
  failingFirst,
  inc,
  joinAll,
  nested,
  ran,
  say,
  Scale,
  sum,
  triple,
} from '../../fixtures/tasks.ts';
import { textsOf } from '../../fixtures/log-lines.ts';
import type { Rule } from '../contract.ts';

export function wiringRules(rule: Rule): void {
  rule('setUpstream, setDownstream, upstreamTasks and addEdge all order without passing a value [S07]', async (run) => {
    const flow = new Flow('order', () => {
      const fourth = say.with({ slug: 'fourth' })('4');
      const second = say.with({ slug: 'second' })('2');
      const third = say
        .with({ slug: 'third', upstreamTasks: [second] })('3')
        .setDownstream(fourth);
      const first = say.with({ slug: 'first' })('1');
      second.setUpstream(first);
      return { third, fifth: say.with({ slug: 'fifth' })('5'), fourth };
    });
    flow.addEdge(flow.plan.fourth, flow.plan.fifth);

    const { state, logs } = await run(flow);

    const said = textsOf(logs, 'info');
    assert.deepEqual(said, ['1', '2', '3', '4', '5']);
    assert.deepEqual({ ...state.output }, { third: '3', fifth: '5', fourth: '4' });
  });

  rule('a mapped task waits for a mapped upstreamTask index by index, or for all of it when unmapped', async (run) => {
    const flow = new Flow('elementwise-order', () => {
      const gate = end.map(['success', 'fail', 'success']);
      return [
        inc.with({ slug: 'each', upstreamTasks: [gate] }).map([1, 2, 3]),
        inc.with({ slug: 'all', upstreamTasks: [unmapped(gate)] }).map([1, 2, 3]),
      ];
    });

    const { state } = await run(flow);

    const types = (slug: string) => state.of(slug).children.map(({ type }) => type);
    assert.deepEqual(types('each'), ['Success', 'TriggerFailed', 'Success']);
    assert.deepEqual(types('all'), ['TriggerFailed', 'TriggerFailed', 'TriggerFailed']);
    assert.deepEqual(state.of('each').result, [2, undefined, 4]);
  });

  rule('a task takes any number of arguments, values or nodes, in their order [P107]', async (run) => {
    const flow = new Flow('rest', () => ({
      one: joinAll('-', 'a', say('b'), 'c'),
      none: joinAll('-'),
      many: joinAll.map(unmapped('-'), ['a', 'b'], say.map(['c', 'd']), unmapped(say('e'))),
    }));

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { one: 'a-b-c', none: '', many: ['a-c-e', 'b-d-e'] });
  });

  rule('with() makes a copy with other options, and leaves the original alone', async (run) => {
    const patient = failingFirst.with({ name: 'patient', retries: 3, retryDelay: 1 });
    const flow = new Flow('copies', () => {
      const failed = failingFirst(2);
      return {
        patient: patient(4),
        failed,
        renamed: inc.with({ name: 'add-one' })(1),
        always: ran.with({ trigger: triggers.alwaysRun, upstreamTasks: [failed] })(),
      };
    });

    const { state } = await run(flow);

    assert.deepEqual([state.of('patient').result, state.of('failing-first').type], [4, 'Failed']);
    assert.deepEqual([state.of('add-one').result, state.of('ran').result], [2, 'ran']);
  });

  rule('a class that extends Task runs like a function, mapped or not, with what its constructor kept', async (run) => {
    const flow = new Flow('classes', () => ({ one: triple(2), many: triple.map([1, 2, 3]) }));

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { one: 6, many: [3, 6, 9] });
    assert.equal(triple.run(5), 15);
    assert.ok(triple instanceof Scale);
  });

  rule('a task that changes itself fails at once, and is told what to do [S01]', async (run) => {
    const { state } = await run(new Flow('stateful', () => counter.map([1, 2])));

    const [first] = state.of('counter').children;
    assert.deepEqual([first?.type, (first?.error as { code?: string }).code], ['Failed', 'TASK_IS_FROZEN']);
    assert.match(first?.message ?? '', /'counter' tried to change its own 'calls'.*[Rr]eturn/);
    assert.match(first?.error?.stack ?? '', /fixtures\/tasks\.ts:\d+/);
  });

  rule('one flow runs as often as wanted, each time with its own parameters', async (run) => {
    const flow = new Flow('again', () => sum(inc.map(new Parameter('numbers', { default: [1, 2] }))));

    const first = await run(flow);
    const second = await run(flow, { parameters: { numbers: [10] } });

    assert.deepEqual([first.state.output, second.state.output], [5, 11]);
    assert.notEqual(first.state.flowRunId, second.state.flowRunId);
  });

  rule('two flow runs at once, of one flow and of another, do not meet', async (run) => {
    const flow = new Flow('twin', () => sum(add.map([1, 2, 3], unmapped(new Parameter<number>('offset')))));
    const other = new Flow('other', () => sum(inc.map([1, 2, 3])));

    const runs = await Promise.all([
      run(flow, { parameters: { offset: 10 }, flowRunName: 'ten' }),
      run(flow, { parameters: { offset: 100 }, flowRunName: 'hundred' }),
      run(other),
    ]);

    assert.deepEqual(
      runs.map(({ state }) => state.output),
      [36, 306, 9],
    );
    assert.deepEqual([...new Set(runs[0].logs.map(({ flowRun }) => flowRun))], ['ten']);
    assert.deepEqual([...new Set(runs[1].logs.map(({ flowRun }) => flowRun))], ['hundred']);
  });

  rule('the same call twice is two task runs, since nobody takes a task for pure [P342]', async (run) => {
    const flow = new Flow('chances', () => ({ one: chance(1), other: chance(1), more: chance.map([1, 1]) }));

    const { state } = await run(flow);

    const { one, other, more } = state.output;
    assert.equal(new Set([one, other, ...more]).size, 4);
    assert.equal(state.statistics.taskRuns, 4);
  });

  rule('a task may run another flow and use what it gave', async (run) => {
    const { state } = await run(new Flow('outer', () => ({ one: nested(10), many: nested.map([1, 2]) })));

    assert.deepEqual({ ...state.output }, { one: 90, many: [9, 18] });
  });
}
