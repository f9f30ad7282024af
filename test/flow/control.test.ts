import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find } from '../../src/code/registry.ts';
import { ifElse, merge, switchCase } from '../../src/flow/control.ts';
import type { Graph } from '../../src/flow/graph.ts';
import type { Node } from '../../src/flow/node.ts';
import { Parameter } from '../../src/flow/parameter.ts';
import { anyTask, build } from './fixtures.ts';

const [load, inc, add] = [anyTask('load'), anyTask('inc'), anyTask('add')];

/** The slugs of the gates that each node is behind. */
function gatesIn(graph: Graph): Record<string, string[]> {
  const entries = graph.nodes.map((node) => {
    const gates = graph.orderingsOf(node).filter(({ isGate }) => isGate);
    return [node.slug, gates.map((gate) => gate.node.slug)] as const;
  });
  return Object.fromEntries(entries.filter(([, gates]) => gates.length > 0));
}

test('a branch costs one gate, and all branches together one merge [P311]', () => {
  const { graph } = build(() => {
    const condition = load();
    return ifElse(
      condition,
      () => inc(1),
      () => add(1, 2),
    );
  });

  assert.deepEqual(
    graph.nodes.map(({ slug }) => slug),
    ['load', 'if', 'inc', 'else', 'add', 'merge'],
  );
  assert.deepEqual(graph.terminals(), [graph.bySlug('merge')]);
});

test('a branch that is left out costs nothing [P311]', () => {
  const { graph } = build(() => ifElse(load(), () => inc(1)));

  assert.deepEqual(
    graph.nodes.map(({ slug }) => slug),
    ['load', 'if', 'inc', 'merge'],
  );
});

test('every task of a branch is behind its gate, whatever else it waits for', () => {
  const { graph } = build(() => {
    const a = load();
    return ifElse(load(), () => {
      const b = inc.with({ slug: 'b' })(a);
      const c = inc.with({ slug: 'c' })(b);
      const d = inc.with({ slug: 'd' })(1);
      const e = inc.with({ slug: 'e', upstreamTasks: [d] })(a);
      return add.with({ slug: 'f' })(c, [e]);
    });
  });

  assert.deepEqual(gatesIn(graph), { b: ['if'], c: ['if'], d: ['if'], e: ['if'], f: ['if'] });
});

test('a parameter is behind no gate, and leads nothing past one [P319]', () => {
  const { graph } = build(() => ifElse(load(), () => inc(new Parameter('x', { default: 1 }))));

  assert.deepEqual(gatesIn(graph), { inc: ['if'] });
});

test('what a branch takes from outside is passed on inside of it', () => {
  const { graph, plan } = build(() => {
    const outside = load();
    return ifElse(
      outside,
      () => outside,
      () => 5,
    );
  });

  assert.deepEqual(gatesIn(graph), { take: ['if'], 'take-2': ['else'] });
  assert.deepEqual([...graph.upstreamOf(plan)].map(({ slug }) => slug), ['take', 'take-2']); // prettier-ignore
});

test('a branch that makes nothing gives undefined [P321]', () => {
  const { graph } = build(() => ifElse(load(), () => {}));

  assert.deepEqual(graph.bySlug('take')?.bindings, [{ type: 'constant', value: undefined }]);
});

test('a branch in a branch is behind both gates', () => {
  const { graph } = build(() => {
    const condition = load();
    return ifElse(condition, () => switchCase(condition as Node<string>, { a: () => inc(1) }, () => inc(2)));
  });

  assert.deepEqual(gatesIn(graph), {
    'case a': ['if'],
    inc: ['case a'],
    otherwise: ['if'],
    'inc-2': ['otherwise'],
    merge: ['if'],
  });
});

test('merge takes its nodes in order, each with the news whether it was skipped', () => {
  build((graph) => {
    const [a, b] = [load(), load()];

    const merged = merge(b, a);

    const source = { type: 'node', isFlattened: false, isBoxed: true };
    assert.deepEqual(merged.bindings, [{ ...source, node: b }, { ...source, node: a }]); // prettier-ignore
    assert.equal(merged.task?.settings.skipOnUpstreamSkip, false);
    assert.deepEqual([...graph.upstreamOf(merged)], [b, a]);
  });
});

test('tasks of our own are there without a module to import', () => {
  const { graph } = build(() => ifElse(load(), () => 1));

  for (const slug of ['if', 'take', 'merge']) {
    const reference = graph.bySlug(slug)?.task?.reference;
    assert.equal(reference?.module, 'heddle:builtin');
    assert.notEqual(find(reference), undefined);
  }
});

test('gates of each index are waited for index by index', () => {
  const { graph } = build(() =>
    ifElse.map(
      load.map([1, 2]),
      () => inc.map(inc.map([1, 2])),
      () => inc.map([3, 4]),
    ),
  );

  assert.deepEqual(gatesIn(graph), { inc: ['if'], 'inc-2': ['if'], 'inc-3': ['else'] });
  const [ordering] = graph.orderingsOf(graph.bySlug('inc')!);
  assert.deepEqual(ordering, { node: graph.bySlug('if'), isElementwise: true, isGate: true });
  assert.ok(graph.bySlug('merge')?.isMapped);
});

const wrong: [what: string, code: string, message: RegExp, call: () => unknown][] = [
  ['a condition that is no node', 'NOT_A_NODE', /the condition of ifElse\(\) should be a node.*; got true/, () => {
    return ifElse(true as never, () => 1);
  }],
  ['a task for a condition', 'NOT_A_NODE', /got the function load.* Write load\(…\)/, () => {
    return ifElse(load as never, () => 1);
  }],
  ['a node for a branch', 'INVALID_BRANCH', /'if' of ifElse\(\) should be a function; got a Node\. Make it there, \(\) => load\(…\), or it runs in any case\.$/, () => {
    return ifElse(load(), load() as never);
  }],
  ['no cases', 'INVALID_BRANCH', /switchCase\(\) needs one case or more/, () => switchCase(load(), {})],
  ['cases in a function', 'INVALID_BRANCH', /needs its cases as \{ value: \(\) => …, … \}; got the function/, () => {
    return switchCase(load(), (() => 1) as never);
  }],
  ['an async branch', 'FLOW_BUILDER_ASYNC', /^'if' of ifElse\(\) is async\. .* call tasks without await/, () => ifElse(load(), () => Promise.resolve(1))],
  ['a task for what a branch gives', 'NOT_A_NODE', /what 'if' of ifElse\(\) returned is the task 'load' itself/, () => {
    return ifElse(load(), () => load);
  }],
  ['nothing to merge', 'NOTHING_TO_MERGE', /merge\(\) needs one node or more/, () => merge()],
  ['a list of nodes to merge', 'NOT_A_NODE', /got an array of 2\. Spread it: \.\.\.list\./, () => {
    merge([load(), load()] as never);
  }],
  ['a value to merge', 'NOT_A_NODE', /argument 2 of merge\(\) should be a node.*; got 5/, () => {
    return merge(load(), 5 as never);
  }],
  ['a task that is not mapped, where each index decides', 'NOT_MAPPED', /task 'inc' is made in 'if' of ifElse\.map/, () => {
    return ifElse.map([1], () => load.map([inc(1)].map(() => 1)));
  }],
  ['one value, where each index decides', 'NOT_MAPPED', /'else' of ifElse\.map\(\) should return a mapped node.*; got 5/, () => {
    return ifElse.map([1], () => load.map([1]), () => 5 as never);
  }],
]; // prettier-ignore

for (const [what, code, message, call] of wrong) {
  test(`${what} is refused while the flow is built`, () => {
    assert.throws(() => build(call), { name: 'TypeError', code, message });
  });
}

test('branches are made while a flow is built, not elsewhere', () => {
  const { plan } = build(() => load());

  assert.throws(() => ifElse(plan, () => 1), {
    code: 'OUTSIDE_FLOW',
    message: /^ifElse\(\) was called outside of a flow/,
  });
  assert.throws(() => build(() => ifElse(plan, () => 1)), { code: 'NODE_OF_ANOTHER_FLOW' });
});
