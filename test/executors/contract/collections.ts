import assert from 'node:assert/strict';
import { flatten, Flow, mapped, Parameter, unmapped } from 'heddle';
import { failing, join, number, page, rescue, text, three } from '../../fixtures/control.ts';
import { add, count, echo, end, inc, list, range, sum, wrap } from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function collectionRules(rule: Rule): void {
  rule('mapped() in a call maps over that argument, and gives the others whole [P017]', async (run) => {
    const flow = new Flow('marked', () => {
      const numbers = inc.map([0, 1, 2]);
      return {
        constant: add(mapped([1, 2, 3]), 10),
        node: add(mapped(numbers), inc(9)),
        both: add(mapped(numbers), mapped([10, 20, 30])),
        parameter: add(mapped(new Parameter<number[]>('list', { default: [5] })), 1),
        whole: list(mapped(numbers), numbers),
        ordered: add.with({ upstreamTasks: [unmapped(text('x'))] })(mapped(numbers), 1),
      };
    });

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, {
      constant: [11, 12, 13],
      node: [11, 12, 13],
      both: [11, 22, 33],
      parameter: [6],
      whole: [[1, [1, 2, 3]], [2, [1, 2, 3]], [3, [1, 2, 3]]],
      ordered: [2, 3, 4],
    }); // prettier-ignore
  });

  rule('mapped, unmapped and flatten mix, and nest in any order [P066] [P070]', async (run) => {
    const flow = new Flow('mixed', () => {
      const nested = wrap.map([1, 2]);
      return {
        call: three(3, mapped([1, 2, 3]), mapped(flatten([[1, 2], [3]]))),
        map: three.map(unmapped(3), mapped([1, 2, 3]), flatten([[1, 2], [3]])),
        inner: inc(flatten(mapped(nested))),
        outer: inc(mapped(flatten(nested))),
        wholeFlat: list.map([1, 2], unmapped(flatten(nested))),
      };
    });

    const { state } = await run(flow);

    const triples = [[3, 1, 1], [3, 2, 2], [3, 3, 3]]; // prettier-ignore
    const { call, map, inner, outer, wholeFlat } = state.output;
    assert.deepEqual([call, map], [triples, triples]);
    assert.deepEqual([inner, outer], [[2, 11, 3, 21], [2, 11, 3, 21]]); // prettier-ignore
    assert.deepEqual(wholeFlat, [[1, [1, 10, 2, 20]], [2, [1, 10, 2, 20]]]); // prettier-ignore
  });

  rule('flatten maps over the elements of lists of any lengths [P067]', async (run) => {
    const { state } = await run(new Flow('flat', () => inc(mapped(flatten([[1], [1, 2], [1, 2, 3]])))));

    assert.deepEqual(state.output, [2, 2, 3, 2, 3, 4]);
  });

  rule('nodes in arrays and objects arrive as values in their places [P073]', async (run) => {
    const flow = new Flow('collections', () => {
      const mapped = inc.map([1, 2]);
      const shared = [number(7)];
      return {
        list: sum([number(1), 2, inc(2)]),
        object: page({ rows: range(3), title: text('t') }),
        deep: echo({ a: [{ b: [number(1), { c: mapped }] }, 'x'], d: new Date(0) }),
        flat: sum(flatten([mapped, [10], range(3)])),
        flatInside: echo({ flat: flatten(wrap.map([1, 2])) }),
        shared: echo({ one: shared, two: shared }),
        constants: echo([1, [2, { a: [] }]]),
        each: list.map([1, 2], unmapped({ first: number(1), all: mapped })),
      };
    });

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, {
      list: 6,
      object: 't: 0,1,2',
      deep: { a: [{ b: [1, { c: [2, 3] }] }, 'x'], d: new Date(0) },
      flat: 18,
      flatInside: { flat: [1, 10, 2, 20] },
      shared: { one: [7], two: [7] },
      constants: [1, [2, { a: [] }]],
      each: [[1, { first: 1, all: [2, 3] }], [2, { first: 1, all: [2, 3] }]],
    }); // prettier-ignore
  });

  rule('a long list of nodes keeps its order [P074]', async (run) => {
    const flow = new Flow('long', () => echo(Array.from({ length: 30 }, (_, index) => number(index))));

    const { state } = await run(flow);

    assert.deepEqual(
      state.output,
      Array.from({ length: 30 }, (_, index) => index),
    );
  });

  rule('a mapped node serves as a whole, in a collection and element by element [P025]', async (run) => {
    const flow = new Flow('both-ways', () => {
      const mapped = inc.map([1, 2, 3]);
      return { reduced: count([mapped, mapped]), whole: sum(mapped), mapped: inc.map(mapped) };
    });

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { reduced: 2, whole: 9, mapped: [3, 4, 5] });
  });

  rule('a trigger sees each node of a collection once, and a skipped one skips', async (run) => {
    const flow = new Flow('collected-states', () => {
      const failed = failing();
      join([failed, failed, text('x')]);
      rescue.with({ upstreamTasks: [failed] })();
      join([end('skip'), text('x')]);
    });

    const { state } = await run(flow);

    const types = ['join', 'rescue', 'join-2'].map((slug) => state.of(slug).type);
    assert.deepEqual(types, ['TriggerFailed', 'Success', 'Skipped']);
  });
}
