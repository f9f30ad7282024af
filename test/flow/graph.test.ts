import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Graph } from '../../src/flow/graph.ts';
import type { Node } from '../../src/flow/node.ts';
import { Parameter } from '../../src/flow/parameter.ts';
import { anyTask, build } from './fixtures.ts';

const [load, fit, score] = [anyTask('load'), anyTask('fit'), anyTask('score')];
const slugs = (nodes: Iterable<Node>) => [...nodes].map((node) => node.slug);

test('tasks called in the builder become nodes, in that order', () => {
  const { graph, plan } = build(() => score(load(), fit()));

  assert.deepEqual(slugs(graph.nodes), ['load', 'fit', 'score']);
  assert.equal(graph.bySlug('score'), plan);
  assert.equal(graph.bySlug('save'), undefined);
});

test('a task that is used again is another run of it, with a number [P106]', () => {
  const { graph } = build(() => [load(), load(), load()]);

  assert.deepEqual([...graph.slugs], ['load', 'load-2', 'load-3']);
});

test('a number that is taken already is passed over [P116]', () => {
  const { graph } = build(() => [anyTask('load-2')(), load(), load()]);

  assert.deepEqual([...graph.slugs], ['load-2', 'load', 'load-3']);
});

test('a slug that was asked for twice is refused', () => {
  assert.throws(() => build(() => [load.with({ slug: 'a' })(), fit.with({ slug: 'a' })()]), {
    name: 'TypeError',
    code: 'DUPLICATE_SLUG',
    flow: 'f',
    slug: 'a',
    message: `flow 'f' already has a task or parameter with the slug 'a'. Give one of them another name or slug.`,
  });
});

test('a parameter that has the name of a task is refused', () => {
  assert.throws(() => build(() => [load(), new Parameter('load')]), { code: 'DUPLICATE_SLUG', slug: 'load' });
});

test('a node of another flow is refused as an argument', () => {
  const other = new Graph('g');
  const foreign = other.build(() => load());

  assert.throws(() => build(() => score(foreign)), {
    name: 'TypeError',
    code: 'NODE_OF_ANOTHER_FLOW',
    flow: 'f',
    node: 'load',
    message: `task 'score' of flow 'f' cannot use 'load', which belongs to flow 'g'. Build it in the same flow.`,
  });
});

test('a node of another flow is refused as an upstream, and as a downstream', () => {
  const foreign = new Graph('g').build(() => load());

  assert.throws(() => build(() => score().setUpstream(foreign)), { code: 'NODE_OF_ANOTHER_FLOW', flow: 'f' });
  assert.throws(() => build(() => score().setDownstream(foreign)), { code: 'NODE_OF_ANOTHER_FLOW', flow: 'f' });
});

test('to order tasks as they are made takes no look at all that was ordered before', (t) => {
  const graph = new Graph('f');
  const { mock } = t.mock.method(graph, 'upstreamOf');

  graph.build(() => {
    let last = load();
    for (let link = 0; link < 300; link += 1) {
      const first = fit();
      const second = score(first);
      first.setUpstream(last);
      last = second;
    }
  });

  assert.ok(mock.callCount() < 1000, `upstream nodes were looked for ${mock.callCount()} times`);
});

test('a cycle is refused at once, and its path is told [S07] [P103]', () => {
  build(() => {
    const a = load();
    const b = fit(a);
    const c = score.map([1], b);

    assert.throws(() => a.setUpstream(c), {
      name: 'TypeError',
      code: 'CYCLE',
      flow: 'f',
      cycle: ['load', 'fit', 'score', 'load'],
      message: `'load' cannot wait for 'score', because that already waits for it: load → fit → score → load`,
    });
  });
});

test('a node cannot wait for itself [P071] [P104]', () => {
  build(() => {
    const a = load();

    assert.throws(() => a.setDownstream(a), { code: 'CYCLE', cycle: ['load', 'load'] });
  });
});

test('of several ways round, the shortest is told', () => {
  build(() => {
    const a = load();
    const b = score(fit(a), a);

    assert.throws(() => a.setUpstream(b), { code: 'CYCLE', cycle: ['load', 'score', 'load'] });
  });
});

test('a cycle that was refused leaves the graph as it was', () => {
  const { graph, plan } = build(() => {
    const a = load();
    return { a, b: fit(a) };
  });

  assert.throws(() => plan.a.setUpstream(plan.b), { code: 'CYCLE' });
  assert.deepEqual(slugs(sorted(graph)), ['load', 'fit']);
});

test('what waits for a node is told in an order that has every node after all that it waits for', () => {
  const { graph } = build(() => {
    const a = load();
    const b = fit();
    a.setUpstream(b);
    return score(a).setUpstream(b);
  });

  assert.deepEqual(slugs(sorted(graph)), ['fit', 'load', 'score']);
});

test('whatever the edges, the order holds each node once, after its upstreams; an edge that closes a ring is refused', () => {
  const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 24 });
  fc.assert(
    fc.property(edges, (pairs) => {
      const { graph } = build(() => Array.from({ length: 8 }, () => load()));
      for (const [from, to] of pairs) {
        const [upstream, downstream] = [graph.nodes[from]!, graph.nodes[to]!];
        if (reaches(graph, downstream, upstream)) {
          assert.throws(() => graph.order(upstream, downstream), { code: 'CYCLE' });
        } else graph.order(upstream, downstream);
      }

      const order = sorted(graph);

      assert.equal(new Set(order).size, graph.nodes.length);
      const place = new Map(order.map((node, index) => [node, index]));
      for (const node of order) {
        for (const upstream of graph.upstreamOf(node)) assert.ok(place.get(upstream)! < place.get(node)!);
      }
      const waitedFor = new Set(order.flatMap((node) => [...graph.upstreamOf(node)]));
      assert.deepEqual(
        graph.terminals(),
        graph.nodes.filter((node) => !waitedFor.has(node)),
      );
    }),
  );
});

test('the terminals are the nodes that nothing waits for, by value or by order', () => {
  const { graph } = build(() => {
    const a = load();
    const b = fit();
    const c = score(a);
    b.setDownstream(c);
    return [c, load()];
  });

  assert.deepEqual(slugs(graph.terminals()), ['score', 'load-2']);
});

test('a node that is waited for twice is an upstream once', () => {
  const { graph, plan } = build(() => {
    const a = load();
    return score(a, a).setUpstream(a).setUpstream(a);
  });

  assert.deepEqual(slugs(graph.upstreamOf(plan)), ['load']);
});

test('a node that is ordered after it was asked what it waits for, waits for that too', () => {
  const { graph, plan } = build(() => [load(), fit(), score()] as const);
  const [first, second, third] = plan;
  assert.deepEqual(slugs(sorted(graph)), ['load', 'fit', 'score']);

  first.setUpstream(third);
  first.setUpstream(second);

  assert.deepEqual(slugs(graph.upstreamOf(first)), ['score', 'fit']);
  assert.deepEqual(slugs(sorted(graph)), ['fit', 'score', 'load']);
  assert.throws(() => second.setUpstream(first), { code: 'CYCLE' });
});

test('ten thousand nodes in a row are sorted without a recursion too deep', () => {
  const { graph } = build(() => {
    let last = load();
    for (let count = 1; count < 10_000; count += 1) last = score.with({ slug: `score-${count}` })(last);
  });

  assert.equal(sorted(graph).at(-1)!.slug, 'score-9999');
});

test('a builder that loops on a node, which is always true, ends with what to do instead', () => {
  let pages = 0;
  const mistake = () => {
    while (load()) pages += 1;
  };

  assert.throws(() => build(mistake), {
    name: 'TypeError',
    code: 'FLOW_TOO_LARGE',
    flow: 'f',
    message: /^flow 'f' has 1000000 tasks, and its builder makes still more\. A loop that asks a node .* signals\.LOOP/,
  });
});

test('an async builder is refused, and told where work belongs', () => {
  assert.throws(() => build(async () => await Promise.resolve(1)), {
    name: 'TypeError',
    code: 'FLOW_BUILDER_ASYNC',
    flow: 'f',
    message:
      `the builder of flow 'f' is async. Building a flow only notes what is to be done: call tasks without await, ` +
      `hand on what they give, and do the work inside them.`,
  });
});

test('after a builder that threw, nothing is under construction any more', () => {
  const broken = () => {
    throw new Error('no config');
  };

  assert.throws(() => build(broken), { message: 'no config' });
  assert.throws(() => load(), { code: 'OUTSIDE_FLOW' });
});

test('a flow that is built within another keeps its nodes to itself [P119]', () => {
  const inner = new Graph('inner');

  const { graph } = build(() => {
    load();
    inner.build(() => fit());
    score();
  });

  assert.deepEqual([slugs(graph.nodes), slugs(inner.nodes)], [['load', 'score'], ['fit']]);
});

function reaches(graph: Graph, from: Node, to: Node): boolean {
  const seen = new Set([to]);
  for (const node of seen) for (const upstream of graph.upstreamOf(node)) seen.add(upstream);
  return seen.has(from);
}

function sorted(graph: Graph): Node[] {
  return [...graph.downstream().keys()];
}
