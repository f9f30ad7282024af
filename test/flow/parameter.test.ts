import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Node } from '../../src/flow/node.ts';
import { Parameter, type ParameterOptions } from '../../src/flow/parameter.ts';
import { anyTask, build } from './fixtures.ts';

test('a parameter is a node of the flow in whose builder it is made', () => {
  const { graph, plan } = build(() => new Parameter('workers', { default: 2 }));

  assert.ok(plan instanceof Node);
  assert.deepEqual(graph.nodes, [plan]);
  assert.deepEqual([plan.slug, plan.name, plan.default, plan.isRequired], ['workers', 'workers', 2, false]);
  assert.equal(plan.task, undefined);
});

test('a parameter without a default is required; one whose default is undefined is not [P093]', () => {
  const { plan } = build(() => [
    new Parameter('path'),
    new Parameter('note', { default: undefined } as unknown as ParameterOptions<string>),
  ]);

  assert.deepEqual(
    plan.map((parameter) => parameter.isRequired),
    [true, false],
  );
});

test('a parameter may be mapped over, passed, and waited for', () => {
  const score = anyTask('score');

  const { graph, plan } = build(() => {
    const rows = new Parameter<number[]>('rows');
    return { rows, each: score.map(rows), whole: score(rows), later: score().setUpstream(rows) };
  });

  assert.deepEqual(plan.each.bindings, [{ type: 'each-node', node: plan.rows, isFlattened: false }]);
  assert.deepEqual(plan.whole.bindings, [{ type: 'node', node: plan.rows, isFlattened: false }]);
  assert.deepEqual(graph.upstreamOf(plan.later), new Set([plan.rows]));
});

test('a parameter waits for nothing, and whoever would have it wait is told what to order [P095]', () => {
  const expected = {
    name: 'TypeError',
    code: 'PARAMETER_CANNOT_WAIT',
    flow: 'f',
    parameter: 'rows',
    message:
      `parameter 'rows' of flow 'f' cannot wait for 'load', because parameters are known before anything runs. Order ` +
      `the task that uses it instead.`,
  };
  const load = anyTask('load');

  assert.throws(() => build(() => new Parameter('rows').setUpstream(load())), expected);
  assert.throws(() => build(() => load().setDownstream(new Parameter('rows'))), expected);
});

test('a parameter made outside of a flow is refused', () => {
  assert.throws(() => new Parameter('path'), {
    name: 'TypeError',
    code: 'OUTSIDE_FLOW',
    message:
      `Parameter 'path' was made outside of a flow. Make it inside the function given to new Flow(name, () => …), so ` +
      `that it belongs to that flow.`,
  });
});

test('two parameters of one name are refused', () => {
  assert.throws(() => build(() => [new Parameter('path'), new Parameter('path')]), {
    code: 'DUPLICATE_SLUG',
    slug: 'path',
  });
});

test('a parameter needs a name', () => {
  assert.throws(() => build(() => new Parameter('')), {
    code: 'INVALID_NAME',
    message: `a Parameter needs a name; got ''`,
  });
});

test('a parameter has not the name of the prototype, where no value could be kept', () => {
  assert.throws(() => build(() => new Parameter('__proto__')), {
    code: 'INVALID_NAME',
    message: `a Parameter cannot be called '__proto__': in context.parameters, that is the prototype`,
  });
});

test('an unknown option, or a bare default, is refused', () => {
  assert.throws(() => build(() => new Parameter('path', { defualt: 'x' } as object)), {
    code: 'UNKNOWN_OPTION',
    message: `Parameter 'path' has no option 'defualt'. Did you mean 'default'?`,
  });
  assert.throws(() => build(() => new Parameter('path', 'x' as unknown as object)), {
    code: 'INVALID_OPTION',
    message: `the options of Parameter 'path' should be an object, such as { default: … }; got 'x'`,
  });
});
