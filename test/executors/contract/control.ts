import assert from 'node:assert/strict';
import { Flow, ifElse, merge, Parameter, switchCase, unmapped, type FlowState } from 'heddle';
import { check, echo, end, inc, list, range, skipOdd, sum } from '../../fixtures/tasks.ts';
import * as control from '../../fixtures/control.ts';
import type { Rule } from '../contract.ts';

const { always, failing, flag, isEven, join, number, rescue, text } = control;

export function controlRules(rule: Rule): void {
  branchRules(rule);
  indexRules(rule);
}

function branchRules(rule: Rule): void {
  rule('ifElse runs the branch that its condition chooses, and skips all of the other [P311]', async (run) => {
    const flow = new Flow('either', () => {
      const condition = flag(new Parameter<boolean>('isGood'));
      return ifElse(
        condition,
        () => join([text.with({ slug: 'a' })('a'), text.with({ slug: 'b' })('b')]),
        () => text.with({ slug: 'c' })('c'),
      );
    });

    const [yes, no] = [
      await run(flow, { parameters: { isGood: true } }),
      await run(flow, { parameters: { isGood: false } }),
    ];

    assert.deepEqual([yes.state.output, no.state.output], ['ab', 'c']);
    assert.deepEqual(typesOf(yes.state, ['if', 'a', 'b', 'join', 'else', 'c', 'merge']), 'S S S S k k S');
    assert.deepEqual(typesOf(no.state, ['if', 'a', 'b', 'join', 'else', 'c', 'merge']), 'k k k k S S S');
    assert.equal(no.state.of('a').message, 'Its branch was not taken: the condition is false.');
    assert.deepEqual([yes.state.type, no.state.type], ['Success', 'Success']);
  });

  rule('ifElse takes for true what JavaScript does, so an empty list too', async (run) => {
    const values = [true, 1, -1, 'no', [], {}, new Date(0), false, 0, Number.NaN, 0n, '', null, undefined];
    const flow = new Flow('truth', () =>
      values.map((value) =>
        ifElse(
          echo(value),
          () => number(1),
          () => number(0),
        ),
      ),
    );

    const { state } = await run(flow);

    assert.deepEqual([...state.output], [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  rule('switchCase compares texts, numbers and booleans as texts; null and undefined are no case', async (run) => {
    const chosen = (value: unknown) =>
      switchCase(
        echo(value),
        { a: () => text('A'), 1: () => text('one'), true: () => text('yes'), null: () => text('a text') },
        () => text('none'),
      );
    const flow = new Flow('cases', () => ['a', 'A', 1, '1', 1.5, true, 'true', null, 'null', undefined].map(chosen));

    const { state } = await run(flow);

    const expected = ['A', 'none', 'one', 'one', 'none', 'yes', 'yes', 'none', 'a text', 'none'];
    assert.deepEqual([...state.output], expected);
  });

  rule('without a branch for it the node is skipped, and what waits for it', async (run) => {
    const flow = new Flow('no-branch', () => {
      const chosen = switchCase(text('c'), { a: () => text('A'), b: () => text('B') });
      return inc(ifElse(number(0), () => number(1))) && join([chosen, text('x')]);
    });

    const { state } = await run(flow);

    assert.equal(typesOf(state, ['merge', 'join', 'merge-2', 'inc']), 'k k k k');
    assert.deepEqual([state.type, state.of('merge').message], ['Success', 'All upstreams were skipped']);
  });

  rule('a branch that is not taken runs nothing, whatever its triggers say and wherever else it hangs', async (run) => {
    const flow = new Flow('strict', () => {
      const outside = text.with({ slug: 'outside' })('out');
      const chosen = ifElse(
        number(0),
        () => {
          always.with({ slug: 'root' })();
          always.with({ slug: 'after-outside', upstreamTasks: [outside, failing()] })();
          return always.with({ slug: 'after-inside', upstreamTasks: [text('in')] })();
        },
        () => text('else'),
      );
      const given = ifElse(
        number(0),
        () => merge(outside),
        () => outside,
      );
      return { chosen, given, notTaken: ifElse(number(0), () => outside) };
    });

    const { state } = await run(flow);

    assert.equal(typesOf(state, ['root', 'after-outside', 'after-inside', 'outside']), 'k k k S');
    assert.equal(state.output.chosen, 'else');
    assert.equal(state.output.given, 'out');
    assert.equal(state.of('merge-4').type, 'Skipped');
  });

  rule('a gate that is open is no upstream run to the triggers of its branch', async (run) => {
    const flow = new Flow('rescue', () => {
      const failed = failing();
      return ifElse(number(1), () => rescue.with({ upstreamTasks: [failed] })());
    });

    const { state } = await run(flow);

    assert.equal(state.of('rescue').result, 'rescued');
    assert.equal(state.output, 'rescued');
  });

  rule('a condition that fails leaves no branch taken, and one that is skipped skips them', async (run) => {
    const branches = [() => always(), () => text('else')] as const;
    const flow = new Flow('no-condition', () => [ifElse(failing(), ...branches), ifElse(end('skip'), ...branches)]);

    const { state } = await run(flow);

    assert.equal(typesOf(state, ['if', 'else', 'always', 'text', 'merge']), 'T T T T T');
    assert.equal(typesOf(state, ['if-2', 'else-2', 'always-2', 'text-2', 'merge-2']), 'k k k k k');
    assert.equal(
      (state.of('always').error?.cause as Error | undefined)?.message.includes('some of the upstream'),
      true,
    );
    assert.equal(state.type, 'Failed');
  });

  rule('a condition that fails ends all of its branches alike, whatever else was skipped', async (run) => {
    const flow = new Flow('skipped-too', () => {
      const outside = end('skip');
      return ifElse(failing(), () => join([text('a'), outside, join([text('b')])]));
    });

    const { state } = await run(flow);

    assert.equal(typesOf(state, ['text', 'join', 'join-2', 'merge']), 'T T T T');
  });

  rule('a condition that cannot be compared fails, and is told', async (run) => {
    const { state } = await run(new Flow('object', () => switchCase(echo({ a: 1 }), { a: () => text('A') })));

    assert.deepEqual([state.of('case a').type, state.of('merge').type], ['Failed', 'TriggerFailed']);
    assert.match(state.of('case a').message, /compares texts, numbers and booleans .* got an object/);
  });

  rule('branches inside of branches run when all around them are taken [P322]', async (run) => {
    const flow = new Flow('nested', () => {
      const [outer, inner] = [flag(new Parameter<boolean>('outer')), flag(new Parameter<boolean>('inner'))];
      return ifElse(
        outer,
        () =>
          ifElse(
            inner,
            () => text('both'),
            () => text('only outer'),
          ),
        () => switchCase(inner, { true: () => text('only inner'), false: () => text('none') }),
      );
    });

    const outputs = [];
    for (const parameters of [
      { outer: 1, inner: 1 },
      { outer: 1, inner: 0 },
      { outer: 0, inner: 1 },
      { outer: 0, inner: 0 },
    ]) {
      const { outer, inner } = parameters;
      const { state } = await run(flow, { parameters: { outer: outer === 1, inner: inner === 1 } });
      outputs.push(state.output);
    }

    assert.deepEqual(outputs, ['both', 'only outer', 'only inner', 'none']);
  });

  rule(
    'a branch may map, over what is outside or inside; not taken, no child of it runs [P323] [P068]',
    async (run) => {
      const flow = new Flow('mapped-branch', () => {
        const numbers = range(4);
        const branch = (taken: number) =>
          ifElse(
            number(taken),
            () => inc.map(numbers),
            () => inc.map(range(2)),
          );
        return { yes: branch(1), no: branch(0), sum: sum(branch(0)), again: inc.map(branch(1)) };
      });

      const { state } = await run(flow);

      assert.deepEqual({ ...state.output }, { yes: [1, 2, 3, 4], no: [1, 2], sum: 3, again: [2, 3, 4, 5] });
      assert.equal(typesOf(state, ['inc', 'inc-2', 'inc-3', 'inc-4']), 'M k k M');
      assert.deepEqual(state.of('inc-2').children, []);
    },
  );

  rule('a branch that was taken gives its list even when that is empty, or some of it was skipped', async (run) => {
    const flow = new Flow('empty-branch', () => [
      ifElse(
        number(1),
        () => inc.map([]),
        () => text('else'),
      ),
      ifElse(number(1), () => skipOdd.map([0, 1, 2])),
      ifElse(number(0), () => inc.map([])),
    ]);

    const { state } = await run(flow);

    assert.deepEqual([state.of('merge').result, state.of('merge-2').result], [[], [0, undefined, 2]]);
    assert.equal(state.of('merge-3').type, 'Skipped');
  });

  rule('a branch that is not taken gives nothing, not even the empty list of a task that has no runs', async (run) => {
    const flow = new Flow('empty-not-taken', () =>
      ifElse(
        number(0),
        () => list.map([], unmapped(number(1))),
        () => text('else'),
      ),
    );

    const { state } = await run(flow);

    assert.deepEqual([state.of('list').type, state.output], ['Skipped', 'else']);
  });

  rule(
    'a branch may give a mapped node of elsewhere, of which some was skipped, as if it were its own',
    async (run) => {
      const flow = new Flow('elsewhere', () => {
        const outside = skipOdd.map([0, 1, 2]);
        return [ifElse(number(1), () => outside), ifElse(number(1), () => skipOdd.map([0, 1, 2]))];
      });

      const { state } = await run(flow);

      assert.deepEqual([...state.output], [[0, undefined, 2], [0, undefined, 2]]); // prettier-ignore
    },
  );

  rule('a branch may give any value, with nodes in it or without', async (run) => {
    const flow = new Flow('values', () => [
      ifElse(number(1), () => ({ sum: sum(range(3)), list: [text('a'), 'b'] })),
      ifElse(
        number(0),
        () => text('a'),
        () => 'a constant',
      ),
      ifElse(number(1), () => {}),
    ]);

    const { state } = await run(flow);

    assert.deepEqual([...state.output], [{ sum: 3, list: ['a', 'b'] }, 'a constant', undefined]);
  });

  rule('a branch that fails fails what it would have given', async (run) => {
    const flow = new Flow('failing-branch', () =>
      ifElse(
        number(1),
        () => failing(),
        () => text('else'),
      ),
    );

    const { state } = await run(flow);

    assert.deepEqual(
      [state.of('merge').type, state.of('text').type, state.type],
      ['TriggerFailed', 'Skipped', 'Failed'],
    );
  });
}

function indexRules(rule: Rule): void {
  rule('switchCase.map chooses for each index, and its results come together index by index [P314]', async (run) => {
    const flow = new Flow('each-case', () =>
      switchCase.map(
        text.map(['a', 'b', 'c', 'd']),
        { a: () => text.map(['A0', 'A1', 'A2', 'A3']), b: () => text.map(['B0', 'B1', 'B2', 'B3']) },
        () => text.map(['-0', '-1', '-2', '-3']),
      ),
    );

    const { state } = await run(flow);

    assert.deepEqual(state.output, ['A0', 'B1', '-2', '-3']);
    assert.deepEqual(state.of('text-2').result, ['A0', undefined, undefined, undefined]);
    assert.deepEqual(childTypes(state, 'text-4'), 'k k S S');
    assert.equal(state.type, 'Success');
  });

  rule(
    'ifElse.map runs a branch for the indices that take it, and leaves the others as they are [P064]',
    async (run) => {
      const flow = new Flow('even-plus-one', () => {
        const numbers = range(4);
        return merge.map(
          ifElse.map(isEven.map(numbers), () => inc.map(numbers)),
          inc.map([-1, 0, 1, 2]),
        );
      });

      const { state } = await run(flow);

      assert.deepEqual(state.output, [1, 1, 3, 3]);
      assert.equal(childTypes(state, 'merge'), 'S k S k');
    },
  );

  rule('a gate closed for an index ends it whatever its trigger, and a merge around it too', async (run) => {
    const flow = new Flow('strict-indices', () => {
      const outside = inc.map([1, 2, 3]);
      return ifElse.map(
        flag.map([true, false, true]),
        () => {
          always.with({ upstreamTasks: [inc.map(outside)] }).map([1, 2, 3]);
          return merge.map(outside, inc.map(outside));
        },
        () => outside,
      );
    });

    const { state } = await run(flow);

    assert.equal(childTypes(state, 'always'), 'S k S');
    assert.equal(childTypes(state, 'merge'), 'S k S');
    assert.equal(childTypes(state, 'take'), 'k S k');
    assert.deepEqual(state.output, [2, 3, 4]);
  });

  rule('one condition that fails fails its index only', async (run) => {
    const flow = new Flow('bad-condition', () =>
      ifElse.map(
        check.map([0, 1, 2], unmapped([1])),
        () => text.map(['a', 'b', 'c']),
        () => text.map(['x', 'y', 'z']),
      ),
    );

    const { state } = await run(flow);

    assert.equal(childTypes(state, 'merge'), 'S T S');
    assert.deepEqual(state.of('merge').result, ['x', undefined, 'c']);
  });

  rule('branches that are longer than their conditions end with an error that names both', async (run) => {
    const flow = new Flow('unequal', () => ifElse.map(flag.map([true, false]), () => inc.map([1, 2, 3])));

    const { state } = await run(flow);

    assert.match(state.of('inc').message, /unequal lengths: if has 2, argument 1 has 3/);
    assert.equal(state.type, 'Failed');
  });
}

const letters: Readonly<Record<string, string>> = { Success: 'S', Skipped: 'k', TriggerFailed: 'T', Mapped: 'M' };

function typesOf(state: FlowState, slugs: readonly string[]): string {
  return slugs.map((slug) => letters[state.of(slug).type] ?? state.of(slug).type).join(' ');
}

function childTypes(state: FlowState, slug: string): string {
  return state
    .of(slug)
    .children.map(({ type }) => letters[type] ?? type)
    .join(' ');
}
