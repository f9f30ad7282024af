import assert from 'node:assert/strict';
import { Flow, flatten, mapped, type Node, Parameter, triggers, unmapped } from 'heddle';
import {
  add,
  asSet,
  check,
  count,
  double,
  echo,
  echoSets,
  end,
  inc,
  list,
  nothing,
  notNested,
  range,
  say,
  skipOdd,
  skipped,
  sum,
  threeFrom,
  wrap,
  wrapUnless2,
} from '../../fixtures/tasks.ts';
import type { Rule } from '../contract.ts';

export function mappingRules(rule: Rule): void {
  sourceRules(rule);
  widthRules(rule);
  flattenRules(rule);
  upstreamRules(rule);
}

function sourceRules(rule: Rule): void {
  rule('map after map after map, and a reduce of it all [P027]', async (run) => {
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

  rule('lists, parameters, what a task returned and Sets can be mapped over [P004]', async (run) => {
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

  rule('mapping over nothing gives an empty list, which can be mapped over and reduced [P012]', async (run) => {
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

  rule('every child gets the whole of a constant, a node or a mapped node that is unmapped [P014]', async (run) => {
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
}

function flattenRules(rule: Rule): void {
  rule('however a list of lists is divided, its elements are mapped over in their order [P035]', async (run) => {
    const divided = [[[1, 2, 3]], [[1], [2], [3]], [[1], [2, 3]], [[], [1, 2], [], [3]]];

    const { state } = await run(
      new Flow('divided', () => divided.map((lists) => inc.map(flatten(echo(lists) as Node<number[][]>)))),
    );

    assert.deepEqual(
      state.output.map((elements) => elements),
      divided.map(() => [2, 3, 4]),
    );
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
    'a failed child keeps one place in the flattened list, and nobody takes its absence for success [P040]',
    async (run) => {
      const flow = new Flow('flattened-failure', () => inc.map(flatten(wrapUnless2.map([1, 2, 3]))));

      const { state } = await run(flow);

      const types = state.of('inc').children.map(({ type }) => type);
      assert.deepEqual(types, ['Success', 'Success', 'TriggerFailed', 'Success', 'Success']);
      assert.deepEqual(state.of('inc').result, [2, 11, undefined, 4, 31]);
      assert.equal(state.type, 'Failed');
    },
  );

  rule(
    'what failed or was skipped keeps one place in a list that is flattened for one run, too [P040]',
    async (run) => {
      const anyway = echo.with({ trigger: triggers.allFinished, skipOnUpstreamSkip: false });
      const flow = new Flow('flattened-gaps', () => [
        anyway(flatten(wrapUnless2.map([1, 2, 3]))),
        anyway(flatten(skipped() as never)),
        anyway(flatten(wrap.map(skipOdd.map([1, 2])))),
      ]);

      const { state } = await run(flow);

      const [failure, nothingAtAll, skip] = state.output;
      assert.deepEqual([failure, nothingAtAll, skip], [[1, 10, undefined, 3, 30], undefined, [undefined, 2, 20]]);
    },
  );

  rule('what is no list of lists cannot be flattened, and the message says which element [P038]', async (run) => {
    const flow = new Flow('not-nested', () => [
      inc.map(flatten(notNested())),
      sum(flatten(notNested())),
      add.map(flatten(count([]) as unknown as Node<number[][]>), [1]),
    ]);

    const { state } = await run(flow);

    assert.match(state.of('inc').message, /flatten\(\).*'inc'.*element 1 is 2/);
    assert.match(state.of('sum').message, /flatten\(\).*'sum'.*element 1 is 2/);
    assert.match(state.of('add').message, /'count' returned 0, and 'add' cannot be mapped over that/);
    assert.deepEqual(
      ['inc', 'sum', 'add'].map((slug) => codeOf(state.of(slug))),
      ['NOT_ITERABLE', 'NOT_ITERABLE', 'NOT_ITERABLE'],
    );
  });
}

function widthRules(rule: Rule): void {
  rule('two mapped arguments go pair by pair, also when they are one and the same [P003]', async (run) => {
    const numbers = [1, 2, 3];
    const flow = new Flow('zip', () => ({
      same: add.map(numbers, numbers),
      constants: add.map([1, 2, 3], [10, 20, 30]),
      nodes: add.map(inc.map([1, 2, 3]), double.map([1, 2, 3])),
      mixed: add.map(range(3), inc.map([0, 0, 0])),
    }));

    const { state } = await run(flow);

    const expected = { same: [2, 4, 6], constants: [11, 22, 33], nodes: [4, 7, 10], mixed: [1, 2, 3] };
    assert.deepEqual({ ...state.output }, expected);
  });

  rule("with zip: 'shortest' the shortest of the lists decides", async (run) => {
    const zipped = add.with({ zip: 'shortest' });
    const flow = new Flow('shortest', () => [zipped.map(range(3), inc.map([1, 2])), zipped.map([], [1])]);

    const { state } = await run(flow);

    assert.deepEqual([...state.output], [[2, 4], []]); // prettier-ignore
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

  rule('mapping over what cannot be iterated is refused while the flow is built [P054]', async () => {
    const build = (value: unknown) => () => new Flow('wrong', () => inc.map(value as number[]));

    assert.throws(build(7), { code: 'NOT_ITERABLE', message: /argument 1 of inc\.map\(\) is 7/ });
    assert.throws(build('text'), { code: 'NOT_ITERABLE', message: /'text'/ });
  });

  rule('mapping over what turns out not to be iterable ends the task, and what follows it [P006]', async (run) => {
    const flow = new Flow('surprise', () => {
      const mapped = inc.map(nothing() as never);
      return { mapped, text: echo.map(echo('text') as never), total: sum(mapped) };
    });

    const { state } = await run(flow);

    assert.match(state.of('inc').message, /'nothing' returned undefined, and 'inc' cannot be mapped over that/);
    assert.match(state.of('echo-2').message, /'echo' returned 'text'/);
    assert.deepEqual([codeOf(state.of('inc')), state.of('sum').type], ['NOT_ITERABLE', 'TriggerFailed']);
  });
}

function upstreamRules(rule: Rule): void {
  rule('of several lists that are not there one that was skipped counts first, in whichever order', async (run) => {
    const flow = new Flow('no-lists', () => {
      const [failed, skip] = [check(1, [1]) as never, skipped() as never];
      return [add.map(failed, skip), add.map(skip, failed)];
    });

    const { state } = await run(flow);

    assert.deepEqual([state.of('add').type, state.of('add-2').type], ['Skipped', 'Skipped']);
  });

  rule('who maps over what was skipped and will not be skipped for it has failed', async (run) => {
    const flow = new Flow('stubborn', () => inc.with({ skipOnUpstreamSkip: false }).map(skipped() as never));

    const { state } = await run(flow);

    assert.deepEqual([state.of('inc').type, codeOf(state.of('inc'))], ['Failed', 'NOTHING_TO_MAP']);
  });

  rule('mapping over a task that failed is TriggerFailed, over one that skipped Skipped [P010]', async (run) => {
    const flow = new Flow('no-list', () => [inc.map(check(1, [1]) as never), echo.map(skipped() as never)]);

    const { state } = await run(flow);

    assert.deepEqual([state.of('inc').type, state.of('echo').type], ['TriggerFailed', 'Skipped']);
    assert.equal((state.of('inc').error?.cause as Error).message, '1 is bad');
  });

  rule('a task without mapped arguments runs once for each run of its upstreamTasks [P015] [P016]', async (run) => {
    const flow = new Flow('ordered', () => ({
      mapped: threeFrom.with({ upstreamTasks: [inc.map([1, 2])] }).map(),
      list: threeFrom.with({ upstreamTasks: [mapped(range(2))] }).map(),
      both: threeFrom.with({ upstreamTasks: [mapped(range(2)), inc.map([1, 2]), inc(1)] }).map(unmapped(5)),
    }));

    const { state } = await run(flow);

    const expected = { mapped: [[1, 2, 3], [1, 2, 3]], list: [[1, 2, 3], [1, 2, 3]], both: [[5, 6, 7], [5, 6, 7]] }; // prettier-ignore
    assert.deepEqual({ ...state.output }, expected);
  });

  rule('it runs not at all for upstreamTasks that have no run [P013]', async (run) => {
    const flow = new Flow('none', () => ({
      mapped: threeFrom.with({ upstreamTasks: [inc.map([])] }).map(),
      list: threeFrom.with({ upstreamTasks: [mapped(range(0))] }).map(),
    }));

    const { state } = await run(flow);

    assert.deepEqual({ ...state.output }, { mapped: [], list: [] });
    assert.deepEqual([state.of('three-from').type, state.type], ['Mapped', 'Success']);
  });

  rule('it ends like the upstreamTasks that gave no list', async (run) => {
    const flow = new Flow('no-width', () => {
      const bad = check(1, [1]) as never;
      threeFrom.with({ slug: 'list', upstreamTasks: [mapped(bad)] }).map();
      threeFrom.with({ slug: 'mapped', upstreamTasks: [inc.map(bad)] }).map();
      threeFrom.with({ slug: 'nothing', upstreamTasks: [inc.map(skipped() as never)] }).map();
      threeFrom.with({ slug: 'number', upstreamTasks: [mapped(count([]) as never)] }).map();
    });

    const { state } = await run(flow);

    const types = ['list', 'mapped', 'nothing', 'number'].map((slug) => state.of(slug).type);
    assert.deepEqual(types, ['TriggerFailed', 'TriggerFailed', 'Skipped', 'Failed']);
    assert.match(state.of('list').message, /'check' gave no list to map 'list' over: it ended Failed/);
    assert.equal(codeOf(state.of('number')), 'NOT_ITERABLE');
  });

  rule('its upstreamTasks and its arguments are of one length, and are asked index by index', async (run) => {
    const flow = new Flow('side-by-side', () => {
      inc.with({ slug: 'good', upstreamTasks: [mapped(range(2))] }).map([1, 2]);
      inc.with({ slug: 'long', upstreamTasks: [mapped(range(3))] }).map([1, 2]);
      threeFrom.with({ slug: 'some', upstreamTasks: [end.map(['success', 'fail'])] }).map();
    });

    const { state } = await run(flow);

    assert.deepEqual(state.of('good').result, [2, 3]);
    assert.match(state.of('long').message, /unequal lengths: argument 1 has 2, range-2 has 3/);
    assert.deepEqual(
      state.of('some').children.map(({ type }) => type),
      ['Success', 'TriggerFailed'],
    );
  });

  rule(
    'the trigger of a mapped task is asked by each child, also about what is unmapped [P018] [P049]',
    async (run) => {
      const { allFailed } = triggers;
      const flow = new Flow('child-triggers', () => {
        const failed = end.map(['fail', 'fail']);
        echo.with({ slug: 'refused', trigger: allFailed, upstreamTasks: [unmapped(inc(1))] }).map(failed);
        echo.with({ slug: 'over a list', trigger: allFailed }).map(range(2));
        echo.with({ slug: 'rescue', trigger: allFailed }).map(failed);
      });

      const { state } = await run(flow);

      const types = (slug: string) => [state.of(slug).type, ...state.of(slug).children.map(({ type }) => type)];
      assert.deepEqual(types('refused'), ['Mapped', 'TriggerFailed', 'TriggerFailed']);
      assert.deepEqual(types('over a list'), ['Mapped', 'TriggerFailed', 'TriggerFailed']);
      assert.deepEqual(types('rescue'), ['Mapped', 'Success', 'Success']);
    },
  );

  rule('a flow fails when a child of a mapped task at its end does, though that is Mapped [P044]', async (run) => {
    const { state } = await run(new Flow('one-failed', () => end.map(['success', 'fail'])));

    assert.deepEqual([state.of('end').type, state.type], ['Mapped', 'Failed']);
    assert.match(state.message, /end: 1 of 2, first index 1: told to fail/);
  });

  rule('each function is called once, however many tasks are mapped over its results [P032]', async (run) => {
    const flow = new Flow('forked', () => {
      const first = say.map(['a', 'b', 'c', 'd', 'e']);
      return [say.map(first), say.map(first)];
    });

    const { logs } = await run(flow);

    const said = logs.filter(({ task, message }) => task !== undefined && message.length === 1);
    const expected = ['a', 'b', 'c', 'd', 'e'].flatMap((letter) => [letter, letter, letter]);
    assert.deepEqual(said.map(({ message }) => message).toSorted(), expected);
  });
}

function codeOf({ error }: { readonly error: Error | undefined }): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
