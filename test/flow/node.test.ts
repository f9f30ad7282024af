import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Flattened, flatten, Node, Unmapped, unmapped } from '../../src/flow/node.ts';
import { Parameter } from '../../src/flow/parameter.ts';
import { anyTask, build } from './fixtures.ts';

const load = anyTask('load');

const mistakes: [what: string, mistake: (node: Node) => unknown][] = [
  ['iterating', (node) => [...(node as unknown as Iterable<unknown>)]],
  ['taking apart', (node) => ([] = node as unknown as [])],
  ['looping over', (node) => Array.from(node as unknown as Iterable<unknown>)],
  ['putting into a text', (node) => `rows: ${node as unknown as string}`],
  ['adding', (node) => (node as unknown as number) + 1],
  ['comparing', (node) => (node as unknown as number) > 1],
  ['turning into JSON', (node) => JSON.stringify({ rows: node })],
];

for (const [what, mistake] of mistakes) {
  test(`${what} a node says that it has no value, and what to do`, () => {
    const node = build(() => load()).plan;

    assert.throws(() => mistake(node), {
      name: 'TypeError',
      code: 'NODE_HAS_NO_VALUE',
      node: 'load',
      message:
        `'load' is a node and has no value itself: it stands for what there will be when the flow runs. Pass it to a ` +
        `task, and work with the value inside of that. A task is mapped over it by task.map(it), and ifElse() and switchCase() choose by it.`,
    });
  });
}

test('a node that is spread says what it is, that its members are not known yet, and what to do', () => {
  const spread: ((node: Node) => unknown)[] = [
    (node) => ({ ...(node as object), extra: 2 }),
    (node) => Object.assign({}, node),
  ];

  for (const mistake of spread) {
    assert.throws(() => build(() => mistake(load())), {
      code: 'NODE_HAS_NO_VALUE',
      node: 'load',
      message:
        `'load' is a node and was taken apart, as { ...it } and Object.entries(it) do, but the members of its value ` +
        `are known only when the flow runs. Use it whole, as an argument or inside of one, or make the object in a task that is given it.`,
    });
  }
});

test('outside of its builder a node may be looked at as any object', () => {
  const node = build(() => load()).plan;

  assert.deepEqual(Object.keys({ ...(node as object) }), Object.keys(node));
});

for (const key of ['id', 'map', '0', '$row']) {
  test(`whoever reads ${key} of a node as if it were its value is told at once`, () => {
    const read = () => {
      build(() => Reflect.get(load(), key) as unknown);
    };

    assert.throws(read, {
      name: 'TypeError',
      code: 'NODE_HAS_NO_VALUE',
      node: 'load',
      property: key,
      message:
        `'load' is a node and has no value itself, so there is no '${key}' to read of it: it stands for what there ` +
        `will be when the flow runs. Pass it to a task, and work with the value inside of that. A task is mapped over it by task.map(it), and ifElse() and switchCase() choose by it.`,
    });
  });
}

test('who goes through the members of a node is told that they are not known yet', () => {
  const through: ((node: Node) => unknown)[] = [
    (node) => Object.entries(node),
    (node) => Object.values(node),
    (node) => Object.keys(node).map((key) => Reflect.get(node, key) as unknown),
  ];
  for (const mistake of through) {
    assert.throws(() => build(() => mistake(load())), {
      code: 'NODE_HAS_NO_VALUE',
      message: /^'load' is a node and was taken apart/,
    });
  }
});

test('who asks a node for a method as it is called elsewhere is told what it is called here', () => {
  build(() => {
    assert.throws(() => Reflect.get(anyTask('load')(), 'set_upstream') as unknown, {
      code: 'NODE_HAS_NO_VALUE',
      message: /^'load' is a node and has no 'set_upstream'\. Did you mean 'setUpstream'\? It has no value itself/,
    });
  });
});

test('a parameter has no value either', () => {
  build(() => {
    assert.throws(() => Reflect.get(new Parameter('day'), 'length'), { code: 'NODE_HAS_NO_VALUE', node: 'day' });
  });
});

test('what others ask of any object is answered, while a flow is built', () => {
  build(() => {
    const node = load();

    assert.deepEqual([inspect(node), 'id' in node, Object.hasOwn(node, 'id')], ['<Node load>', false, false]);
    assert.ok(node instanceof Object && Reflect.get(node, Symbol.toStringTag) === undefined);
    assert.match(inspect(node, { customInspect: false, showHidden: true, getters: true }), /^(?:<ref \*1> )?Node \{/);
    assert.throws(() => assert.deepEqual(node, load(1)), assert.AssertionError);
    // As promises, Vitest, Jest and Chai do, to find out what they have before them.
    for (const key of [
      'then',
      '$$typeof',
      'asymmetricMatch',
      'nodeType',
      'tagName',
      'inspect',
      '@@__IMMUTABLE_MAP__@@',
    ]) {
      assert.equal(Reflect.get(node, key), undefined, key);
    }
  });
});

test('once a flow is built, its nodes are asked by nobody who takes them for their values', async () => {
  const node = build(() => load()).plan;

  assert.equal(Reflect.get(node, 'id'), undefined);
  assert.equal(await (node as unknown as Promise<unknown>), node);
  assert.equal(Reflect.get(Node.prototype, 'id'), undefined);
});

test('both ways of ordering are equal, and can be chained [P098]', () => {
  const { graph, plan } = build(() => {
    const [a, b, c, d] = [load(), load(), load(), load()];
    assert.equal(c.setUpstream(a), c);
    assert.equal(b.setDownstream(d), b);
    return { a, b, c, d };
  });

  assert.deepEqual(graph.upstreamOf(plan.c), new Set([plan.a]));
  assert.deepEqual(graph.upstreamOf(plan.d), new Set([plan.b]));
});

test('a node may wait for several, and several for it', () => {
  const { graph, plan } = build(() => {
    const [a, b, c, d] = [load(), load(), load(), load()];
    c.setUpstream(a, b);
    a.setDownstream(b, d);
    return { a, b, c, d };
  });

  assert.deepEqual(graph.upstreamOf(plan.c), new Set([plan.a, plan.b]));
  assert.deepEqual(graph.downstream().get(plan.a), [plan.b, plan.c, plan.d]);
});

test('marks hold what they mark', () => {
  const node = build(() => load()).plan;

  assert.ok(unmapped(node) instanceof Unmapped);
  assert.equal(unmapped(node).value, node);
  assert.ok(flatten([[1]]) instanceof Flattened);
  assert.deepEqual(flatten([[1]]).value, [[1]]);
});

for (const [what, other] of [
  ['a task', load],
  ['nothing', undefined],
  ['a text', 'load'],
] as const) {
  test(`${what} is nothing to wait for`, () => {
    build(() => {
      const node = load();

      const expected = { name: 'TypeError', code: 'NOT_A_NODE' };
      assert.throws(() => node.setUpstream(other as unknown as Node), expected);
      assert.throws(() => node.setDownstream(other as unknown as Node), expected);
    });
  });
}

test('whoever waits for a task instead of a node of it is told what to write', () => {
  build(() => {
    const node = load();

    assert.throws(() => node.setUpstream(anyTask('fit') as unknown as Node), {
      code: 'NOT_A_NODE',
      message:
        `what task 'load' of flow 'f' is ordered before or after should be a node, which is what calling a task gives; ` +
        `got the function fit. Write fit(…).`,
    });
  });
});
