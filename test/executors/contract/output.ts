import assert from 'node:assert/strict';
import { Flow, Parameter, triggers } from 'heddle';
import { add, check, end, inc, nothing, range, sum } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function outputRules(rule: Rule): void {
  rule('the output has the shape of what the builder returned', async (run) => {
    const one = await run(new Flow('node', () => inc(1)));
    const list = await run(new Flow('list', () => [inc(1), inc(2), 'as it is'] as const));
    const deep = await run(
      new Flow('deep', () => ({ a: { b: [inc(1)] }, c: 7, parameter: new Parameter('p', { default: 'd' }) })),
    );
    const none = await run(new Flow('none', () => void nothing()));
    const empty = await run(new Flow('empty', () => {}));

    assert.equal(one.state.output, 2);
    assert.deepEqual(list.state.output, [2, 3, 'as it is']);
    assert.deepEqual(structuredClone(deep.state.output), { a: { b: [2] }, c: 7, parameter: 'd' });
    assert.deepEqual([none.state.type, none.state.output], ['Success', undefined]);
    assert.deepEqual([empty.state.type, empty.state.output], ['Success', undefined]);
  });

  rule('a part of the output that failed throws when it is read, and the others do not', async (run) => {
    const flow = new Flow('partly', () => ({
      good: inc(1),
      bad: check(1, [1]),
      some: inc.map(check.map([1, 2], [[2], [2]])),
    }));

    const { state } = await run(flow);

    assert.equal(state.output.good, 2);
    assert.throws(
      () => state.output.bad,
      (error: Error & { code?: string; task?: string }) => {
        assert.deepEqual([error.code, error.task], ['OUTPUT_UNAVAILABLE', 'check']);
        assert.match(error.message, /since 'check' did not succeed: RangeError: 1 is bad.*state\.of\('check'\)/);
        return (error.cause as Error).message === '1 is bad';
      },
    );
    assert.throws(() => state.output.some, { code: 'OUTPUT_UNAVAILABLE', message: /1 of 2 runs of 'inc-2'/ });
  });

  rule('state.of takes a node or a slug, and knows the nearest one to a slug that is not there', async (run) => {
    const flow = new Flow('lookup', () => ({ sum: sum(inc.map(range(3))) }));

    const { state } = await run(flow);

    assert.equal(state.of(flow.plan.sum).result, 6);
    assert.equal(state.of('sum').result, 6);
    assert.deepEqual(
      state.of('inc').children.map(({ type, result }) => [type, result]),
      [
        ['Success', 1],
        ['Success', 2],
        ['Success', 3],
      ],
    );
    assert.deepEqual([state.of('inc').type, state.of('inc').result], ['Mapped', [1, 2, 3]]);
    assert.throws(() => state.of('rang'), { code: 'UNKNOWN_TASK', message: /no task 'rang'\. Did you mean 'range'\?/ });
  });

  rule('parameters have defaults, are required, and are spelt right [P122]', async (run) => {
    const flow = new Flow('parameters', () =>
      add(new Parameter<number>('price'), new Parameter('tax', { default: 2 })),
    );

    const withDefault = await run(flow, { parameters: { price: 10 } });
    const withBoth = await run(flow, { parameters: { price: 10, tax: 3 } });
    assert.deepEqual([withDefault.state.output, withBoth.state.output], [12, 13]);
    assert.equal(withBoth.state.of('tax').result, 3);

    await assert.rejects(run(flow), { code: 'MISSING_PARAMETER', message: /needs a value for price/ });
    const misspelt = { price: 1, taxx: 2 };
    await assert.rejects(run(flow, { parameters: misspelt }), {
      code: 'UNKNOWN_PARAMETER',
      message: /Did you mean 'tax'/,
    });
    const unsendable = { price: () => 1 };
    await assert.rejects(run(flow, { parameters: unsendable }), { code: 'VALUE_NOT_SERIALIZABLE', message: /'price'/ });
  });

  rule('the terminal tasks decide: a failure that somebody handled is none of the flow', async (run) => {
    const handled = new Flow('handled', () => inc.with({ trigger: triggers.alwaysRun })(1).setUpstream(end('fail')));

    const { state } = await run(handled);

    assert.deepEqual([state.of('end').type, state.type], ['Failed', 'Success']);
  });
}
