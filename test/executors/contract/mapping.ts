import assert from 'node:assert/strict';
import { Flow, flatten, Parameter, unmapped } from 'heddle';
import {
  add,
  asSet,
  check,
  count,
  double,
  echo,
  echoSets,
  inc,
  list,
  nothing,
  notNested,
  range,
  skipped,
  sum,
  wrap,
  wrapUnless2,
} from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function mappingRules(rule: Rule): void {
  rule('map after map after map, and a reduce of it all', async (run) => {
    const flow = new Flow('pipeline', () => {
      const mapped = inc.map(double.map(inc.map([0, 1, 2, 3])));
      return { mapped, total: sum(mapped) };
    });

    const { state } = await run(flow);

    assert.equal(state.type, 'Success');
    assert.deepEqual(state.output.mapped, [3, 5, 7, 9]);
    assert.equal(state.output.total, 24);
    assert.equal(state.statistics.taskRuns, 13);
  });

  rule('whatever can be iterated can be mapped over: a list, a parameter, what a task returned, a Set', async (run) => {
    const flow = new Flow('sources', () => ({
      constants: inc.map([1, 2]),
      parameter: inc.map(new Parameter<number[]>('numbers')),
      returned: inc.map(range(3)),
      set: inc.map(new Set([4, 5])),
      returnedSet: inc.map(asSet([6, 6, 7])),
    }));

    const { state } = await run(flow, { parameters: { numbers: [10, 20] } });

    const { constants, parameter, returned, set, returnedSet } = state.output;
    assert.deepEqual([constants, parameter, returned], [[2, 3], [11, 21], [1, 2, 3]]); // prettier-ignore
    assert.deepEqual([set, returnedSet], [[5, 6], [7, 8]]); // prettier-ignore
  });

  rule('mapping over nothing gives an empty list, which can be mapped over and reduced', async (run) => {
    const flow = new Flow('empty', () => {
      const fromConstants = inc.map([]);
      const fromTask = inc.map(inc.map(range(0)));
      return { fromConstants, fromTask, sums: [sum(fromConstants), sum(fromTask)], count: count(fromTask) };
    });

    const { state } = await run(flow);

    assert.equal(state.type, 'Success');
    assert.deepEqual({ ...state.output }, { fromConstants: [], fromTask: [], sums: [0, 0], count: 0 });
    assert.deepEqual([state.of('inc').type, state.of('inc').children], ['Mapped', []]);
  });

  rule('every child gets an unmapped constant, an unmapped node, and all of an unmapped mapped node', async (run) => {
    const flow = new Flow('unmapped', () => {
      const mapped = inc.map([1, 2]);
      return {
        constant: add.map([1, 2], unmapped(10)),
        node: add.map([1, 2], unmapped(inc(99))),
        whole: list.map(mapped, unmapped(mapped)),
        listOfLists: list.map([1, 2], unmapped([[3]])),
      };
    });

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, {
      constant: [11, 12],
      node: [101, 102],
      whole: [[2, [2, 3]], [3, [2, 3]]],
      listOfLists: [[1, [[3]]], [2, [[3]]]],
    }); // prettier-ignore
  });

  rule(
    'flatten takes one level away: of constants, of what a task returned, of a mapped node, in a reduce',
    async (run) => {
      const flow = new Flow('flattened', () => {
        const mapped = wrap.map([1, 2]);
        return {
          constants: inc.map(flatten([[1], [], [2, 3]])),
          returned: echo.map(flatten(wrap.map([7]))),
          mapped: inc.map(flatten(mapped)),
          reduced: sum(flatten(mapped)),
          reducedConstants: sum(flatten([[1, 2], [3]])),
          onlyOneLevel: count(flatten([[[1, 2], [3]], [[4]]])),
        };
      });

      const { state } = await run(flow);

      assert.deepEqual({ ...state.output }, {
      constants: [2, 3, 4],
      returned: [7, 70],
      mapped: [2, 11, 3, 21],
      reduced: 33,
      reducedConstants: 6,
      onlyOneLevel: 3,
    }); // prettier-ignore
    },
  );

  rule('flatten takes Sets as it takes lists', async (run) => {
    const flow = new Flow('flattened-sets', () => {
      const sets = asSet.map([[1, 1, 2], [3]]);
      return { mapped: inc.map(flatten(sets)), reduced: sum(flatten(sets)), one: sum(flatten(echoSets())) };
    });

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { mapped: [2, 3, 4], reduced: 6, one: 6 });
  });

  rule(
    'a failed child keeps one place in the flattened list, and nobody takes its absence for success',
    async (run) => {
      const flow = new Flow('flattened-failure', () => inc.map(flatten(wrapUnless2.map([1, 2, 3]))));

      const { state } = await run(flow);

      const types = state.of('inc').children.map(({ type }) => type);
      assert.deepEqual(types, ['Success', 'Success', 'TriggerFailed', 'Success', 'Success']);
      assert.deepEqual(state.of('inc').result, [2, 11, undefined, 4, 31]);
      assert.equal(state.type, 'Failed');
    },
  );

  rule('what is no list of lists cannot be flattened, and the message says which element', async (run) => {
    const flow = new Flow('not-nested', () => [inc.map(flatten(notNested())), sum(flatten(notNested()))]);

    const { state } = await run(flow);

    assert.match(state.of('inc').message, /flatten\(\).*'inc'.*element 1 is 2/);
    assert.match(state.of('sum').message, /flatten\(\).*'sum'.*element 1 is 2/);
    assert.deepEqual([codeOf(state.of('inc')), codeOf(state.of('sum'))], ['NOT_ITERABLE', 'NOT_ITERABLE']);
  });

  rule('two mapped arguments go pair by pair', async (run) => {
    const flow = new Flow('zip', () => ({
      constants: add.map([1, 2, 3], [10, 20, 30]),
      nodes: add.map(inc.map([1, 2, 3]), double.map([1, 2, 3])),
      mixed: add.map(range(3), inc.map([0, 0, 0])),
    }));

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { constants: [11, 22, 33], nodes: [4, 7, 10], mixed: [1, 2, 3] });
  });

  rule('lists of unequal length end the task with an error that names both', async (run) => {
    const flow = new Flow('unequal', () => [sum(add.map(range(3), inc.map([1, 2]))), inc(1)]);

    const { state } = await run(flow);

    const { type, message, error } = state.of('add');
    assert.deepEqual([type, codeOf({ error })], ['Failed', 'LENGTHS_DIFFER']);
    assert.match(message, /'add' is mapped over lists of unequal lengths: range has 3, inc has 2/);
    assert.deepEqual(
      [state.of('sum').type, state.of('inc-2').type, state.type],
      ['TriggerFailed', 'Success', 'Failed'],
    );
  });

  rule('mapping over what cannot be iterated is refused while the flow is built', async () => {
    const build = (value: unknown) => () => new Flow('wrong', () => inc.map(value as number[]));

    assert.throws(build(7), { code: 'NOT_ITERABLE', message: /argument 1 of inc\.map\(\) is 7/ });
    assert.throws(build('text'), { code: 'NOT_ITERABLE', message: /'text'/ });
  });

  rule('mapping over what turns out not to be iterable ends the task, and what follows it', async (run) => {
    const flow = new Flow('surprise', () => {
      const mapped = inc.map(nothing() as never);
      return { mapped, text: echo.map(echo('text') as never), total: sum(mapped) };
    });

    const { state } = await run(flow);

    assert.match(state.of('inc').message, /'nothing' returned undefined, and 'inc' cannot be mapped over that/);
    assert.match(state.of('echo-2').message, /'echo' returned 'text'/);
    assert.deepEqual([codeOf(state.of('inc')), state.of('sum').type], ['NOT_ITERABLE', 'TriggerFailed']);
  });

  rule('mapping over a task that failed is TriggerFailed, over one that skipped Skipped', async (run) => {
    const flow = new Flow('no-list', () => [inc.map(check(1, [1]) as never), echo.map(skipped() as never)]);

    const { state } = await run(flow);

    assert.deepEqual([state.of('inc').type, state.of('echo').type], ['TriggerFailed', 'Skipped']);
    assert.equal((state.of('inc').error?.cause as Error).message, '1 is bad');
  });
}

function codeOf({ error }: { readonly error: Error | undefined }): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
