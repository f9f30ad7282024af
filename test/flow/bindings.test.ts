import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { isIterable } from '../../src/flow/bindings.ts';
import { flatten, mapped, unmapped } from '../../src/flow/node.ts';
import { anyTask, build } from './fixtures.ts';

const [load, score] = [anyTask('load'), anyTask('score')];
const bindingsOf = (call: () => ReturnType<typeof load>) => build(call).plan.bindings;

test('a call binds values as they are, and nodes as nodes', () => {
  const rows = [1, 2];

  build(() => {
    const node = load();

    assert.deepEqual(score(rows, node, undefined).bindings, [
      { type: 'constant', value: rows },
      { type: 'node', node, isFlattened: false },
      { type: 'constant', value: undefined },
    ]);
  });
});

test('a map binds each element of lists and nodes, and the whole of what is unmapped', () => {
  build(() => {
    const node = load();

    assert.deepEqual(score.map([1, 2], node, unmapped(node), unmapped('m')).bindings, [
      { type: 'each-constant', values: [1, 2], isFlattened: false },
      { type: 'each-node', node, isFlattened: false },
      { type: 'node', node, isFlattened: false },
      { type: 'constant', value: 'm' },
    ]);
  });
});

test('what is flattened is marked so, or flattened at once', () => {
  build(() => {
    const node = load();

    assert.deepEqual(score.map(flatten(node), flatten([[1], [2]]), unmapped(flatten(node))).bindings, [
      { type: 'each-node', node, isFlattened: true },
      { type: 'each-constant', values: [[1], [2]], isFlattened: true },
      { type: 'node', node, isFlattened: true },
    ]);
    assert.deepEqual(score(flatten(node), flatten([[1], new Set([2])])).bindings, [
      { type: 'node', node, isFlattened: true },
      { type: 'constant', value: [1, 2] },
    ]);
  });
});

test('an iterator that can be gone through once still serves every run', () => {
  function* numbers() {
    yield* [1, 2, 3];
  }

  const [binding] = bindingsOf(() => score.map(numbers()));

  assert.deepEqual(binding, { type: 'each-constant', values: [1, 2, 3], isFlattened: false });
});

const inside: [path: (string | number)[], hide: (node: unknown) => unknown][] = [
  [[0], (node) => [node]],
  [['rows'], (node) => ({ rows: node, at: new Date(0) })],
  [['rows', 1, 'owner'], (node) => ({ rows: [1, { owner: node }], more: [2] })],
  [['a b'], (node) => Object.freeze({ 'a b': node })],
];

for (const [path, hide] of inside) {
  test(`a node inside a value, at ${path.join('.')}, leaves a gap there, and the value as it was [P073]`, () => {
    build(() => {
      const node = load();
      const value = hide(node);

      const filled = { type: 'filled', template: hide(undefined), isFlattened: false };
      const gaps = [{ path, node, isFlattened: false }];
      assert.deepEqual(score(value).bindings, [{ ...filled, gaps }]);
      assert.deepEqual(score(flatten(value as [])).bindings, [{ ...filled, gaps, isFlattened: true }]);
      assert.deepEqual(score.map([1], unmapped(value)).bindings[1], { ...filled, gaps });
      assert.deepEqual(value, hide(node));
    });
  });
}

test('every place of a node that is there twice is a gap, and one that is flattened says so', () => {
  build(() => {
    const node = load();
    const shared = [node];

    const [binding] = score({ a: shared, b: shared, c: flatten(node) }).bindings;

    assert.ok(binding?.type === 'filled');
    assert.deepEqual(binding.template, { a: [undefined], b: [undefined], c: undefined });
    assert.deepEqual(
      binding.gaps.map(({ path, isFlattened }) => [path.join('.'), isFlattened]),
      [['c', true], ['a.0', false], ['b.0', false]], // prettier-ignore
    );
  });
});

test('nodes in collections are upstream nodes, each once, and must be of this flow', () => {
  build((graph) => {
    const [a, b] = [load(), load()];

    assert.deepEqual([...graph.upstreamOf(score([a, b, a]))], [a, b]);
  });
  const { plan: stranger } = build(() => load());
  assert.throws(() => build(() => score([stranger])), { code: 'NODE_OF_ANOTHER_FLOW' });
});

test('a long list of nodes is gone through to its end', () => {
  build(() => {
    const nodes = Array.from({ length: 3_000 }, () => load());

    const [binding] = score(nodes).bindings;

    assert.ok(binding?.type === 'filled');
    assert.deepEqual(
      binding.gaps.map(({ path }) => path[0]),
      nodes.map((_, index) => index),
    );
  });
});

class Holder {
  readonly held: unknown;

  constructor(held: unknown) {
    this.held = held;
  }
}

const closed: [path: string, where: string, hide: (node: unknown) => unknown][] = [
  ['.a', 'a Map', (node) => new Map([['a', node]])],
  ['.key', 'a Map', (node) => new Map([[node, 1]])],
  ['[1].item', 'a Set', (node) => [1, new Set([node])]],
  ['.held[0]', 'a Holder', (node) => new Holder([node])],
  ['.rows.value', 'an Unmapped', (node) => ({ rows: unmapped(node) })],
];

for (const [path, where, hide] of closed) {
  test(`a node in ${where}, at ${path}, is refused with its path`, () => {
    const expected = {
      name: 'TypeError',
      code: 'NODE_INSIDE_VALUE',
      task: 'score',
      position: 1,
      path,
      message:
        `argument 2 of task 'score' holds a node at ${path}, in ${where}, where its value cannot be put. Put it in a ` +
        `plain array or object, or pass the node as an argument of its own.`,
    };
    assert.throws(() => build(() => score(1, hide(load()))), expected);
    assert.throws(() => build(() => score.map([1], unmapped(hide(load())))), expected);
  });
}

test('a node in a value that holds itself is refused', () => {
  const cyclic: { node?: unknown; self?: unknown } = {};
  cyclic.self = cyclic;
  const call = () => {
    cyclic.node = load();
    score(cyclic);
  };

  assert.throws(() => build(call), { code: 'NODE_INSIDE_VALUE', path: '.node', message: /holds itself at \.self/ });
});

test('a list of nodes is nothing to map over, and that is said while building', () => {
  assert.throws(() => build(() => score.map([load(), load()])), {
    code: 'NODE_INSIDE_VALUE',
    task: 'score',
    position: 0,
    path: '[0]',
    message:
      `argument 1 of task 'score' holds a node at [0], in a list to map over, where its value cannot be put. Map over ` +
      `what a task returns that is given these nodes as a list.`,
  });
});

test('mapped in a call is a map whose other arguments are unmapped [P070]', () => {
  build(() => {
    const node = load();

    const called = score(mapped(node), [1, 2], flatten(node), mapped([3]));

    assert.equal(called.isMapped, true);
    assert.deepEqual(called.bindings, score.map(node, unmapped([1, 2]), unmapped(flatten(node)), [3]).bindings);
    assert.deepEqual(score.map(mapped(node), unmapped(1)).bindings, score(mapped(node), unmapped(1)).bindings);
  });
});

test('marks nest in any order, but for two that contradict or repeat each other [P070]', () => {
  build(() => {
    const node = load();

    assert.deepEqual(score(flatten(mapped(node) as never)).bindings, score(mapped(flatten(node))).bindings);
    assert.deepEqual(
      score.map([1], flatten(unmapped(node) as never)).bindings,
      score.map([1], unmapped(flatten(node))).bindings,
    );
  });
  for (const marks of [
    () => mapped(unmapped(1) as never),
    () => unmapped(mapped([1])),
    () => mapped(mapped([1]) as never),
  ]) {
    assert.throws(marks, { name: 'TypeError', code: 'MARKED_TWICE' });
  }
});

test('a value that holds itself is looked through once', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;

  assert.deepEqual(
    bindingsOf(() => score(cyclic)),
    [{ type: 'constant', value: cyclic }],
  );
});

test('a long list is looked through for nodes at its beginning only', () => {
  let reads = 0;
  const numbers = new Proxy(
    Array.from({ length: 100_000 }, (_, index) => index),
    {
      get(list, key) {
        reads += 1;
        return Reflect.get(list, key) as unknown;
      },
      ownKeys: () => assert.fail('all keys were listed'),
    },
  );

  build(() => {
    score(numbers);
    score.map(numbers);
  });

  assert.ok(reads < 10_000, `${reads} reads`);
});

test('unmapped means nothing in a call', () => {
  assert.throws(() => build(() => score(1, unmapped(2))), {
    name: 'TypeError',
    code: 'UNMAPPED_IN_CALL',
    task: 'score',
    position: 1,
    message: `argument 2 of task 'score' is marked unmapped(), which only means something in .map(); pass the value itself.`,
  });
});

const notIterable: [value: unknown, shown: string][] = [
  [5, '5'],
  ['rows.csv', `'rows.csv'`],
  [{ rows: [] }, 'an object'],
  [undefined, 'undefined'],
  [null, 'null'],
  [isIterable, 'the function isIterable'],
];

for (const [value, shown] of notIterable) {
  test(`${shown} cannot be mapped over`, () => {
    const expected = {
      name: 'TypeError',
      code: 'NOT_ITERABLE',
      task: 'score',
      position: 1,
      message:
        `argument 2 of score.map() is ${shown}, which cannot be mapped over. Wrap it in unmapped() to give every child ` +
        `the whole value, or pass a list.`,
    };
    assert.throws(() => build(() => score.map([1], value)), expected);
    assert.throws(() => build(() => score.map([1], flatten(value as []))), expected);
  });
}

test('of a promise of a list, it is said to await it where that can be done, and its failure ends nothing', () => {
  assert.throws(() => build(() => score.map(Promise.reject(new Error('too late')) as never, [1])), {
    code: 'NOT_ITERABLE',
    message:
      'argument 1 of score.map() is a Promise, which cannot be mapped over. Await it before the flow is made, or map ' +
      'over what a task returns that does the waiting.',
  });
});

test('of what gives its elements one after the other, it is said to collect them first', () => {
  const message =
    'argument 1 of score.map() is an async iterable, which cannot be mapped over. Collect it before, or in a task ' +
    'that returns the list: await Array.fromAsync(it).';

  for (const paced of [Readable.from(['row']), Readable.from(['row'])[Symbol.asyncIterator]()]) {
    assert.throws(() => build(() => score.map(paced as never, [1])), { code: 'NOT_ITERABLE', message });
  }
});

for (const [value, shown] of [
  [5, '5'],
  ['abc', `'abc'`],
] as const) {
  test(`${shown} cannot be flattened, and neither can a list that holds it`, () => {
    const call = (argument: unknown) => () => build(() => score(flatten(argument as [])));

    assert.throws(call(value), {
      name: 'TypeError',
      code: 'NOT_ITERABLE',
      task: 'score',
      position: 0,
      message: `flatten() in argument 1 of task 'score' needs a list of lists; got ${shown}`,
    });
    assert.throws(call([[1], value]), {
      code: 'NOT_ITERABLE',
      message: `flatten() in argument 1 of task 'score' needs a list of lists, but element 1 is ${shown}`,
    });
  });
}

test('a map with nothing to map over is refused', () => {
  const message = (why: string) => ({
    name: 'TypeError',
    code: 'NOTHING_TO_MAP',
    task: 'score',
    message: `score.map() has nothing to map over: ${why}. Call score() to run it once.`,
  });
  assert.throws(() => build(() => score.map()), message('it got no arguments'));
  assert.throws(() => build(() => score.map(unmapped([1]))), message('all of its arguments are unmapped()'));
});

test('upstream tasks that are not mapped are nothing to map over, and the remedy is a mark', () => {
  assert.throws(() => build(() => score.with({ upstreamTasks: [load()] }).map()), {
    code: 'NOTHING_TO_MAP',
    message:
      `score.map() has nothing to map over: it got no arguments. Call score() to run it once. To run it for each ` +
      `element of what one of its upstreamTasks returns, mark that one mapped().`,
  });
  assert.throws(() => build(() => score.with({ upstreamTasks: [unmapped(load.map([1]))] }).map()), {
    code: 'NOTHING_TO_MAP',
  });
});

test('a call for one run refuses an upstream task that would make it several', () => {
  assert.throws(() => build(() => score.with({ upstreamTasks: [mapped(load())] })(1)), {
    name: 'TypeError',
    code: 'NOT_MAPPED',
    task: 'score',
    message:
      `one of the upstreamTasks of 'score' is marked mapped(), so there would be a run of it for each element, but ` +
      `score() is called for one run. Write score.map(…), or leave the mark out.`,
  });
});

test('what refused an argument added no node', () => {
  const { graph } = build(() => {
    assert.throws(() => score(unmapped(1)));
    assert.throws(() => score.map(5));
  });

  assert.deepEqual(graph.nodes, []);
});

test('lists, sets, maps, typed arrays and iterators can be mapped over; texts and objects cannot', () => {
  const yes = [[], new Set(), new Map(), new Float64Array(1), [1].values()];
  const no = ['text', {}, 5, null, undefined, () => []];

  assert.deepEqual(
    yes.map(isIterable),
    yes.map(() => true),
  );
  assert.deepEqual(
    no.map(isIterable),
    no.map(() => false),
  );
});
