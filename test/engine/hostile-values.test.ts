// A Proxy may throw, or run whatever it likes, when it is merely asked what it is. Wherever somebody gives one to a flow,
// it is refused in our own words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow, flatten, inspectSerializable, mapped, merge, Parameter, task, unmapped } from 'heddle';
import type { HeddleError } from '../../src/lib/heddle-error.ts';
import { anyTask } from '../flow/fixtures.ts';
import { hostile } from '../values/value-table.ts';
import { quietly } from './fixtures.ts';

const first = task('first', (given: readonly unknown[]) => given[0]);
const take = anyTask('take');

const kinds: Readonly<Record<string, readonly [make: () => object, what: string]>> = {
  'a revoked Proxy': [() => revoked({}), 'is a Proxy'],
  'a revoked Proxy of a list': [() => revoked([]), 'is a Proxy'],
  'a Proxy whose traps throw': [() => new Proxy({}, hostile), 'is a Proxy'],
  'a Proxy of a list whose traps throw': [() => new Proxy([1], hostile), 'is a Proxy'],
  'a Proxy of a list that cannot be read': [() => new Proxy([1], { get: refuse }), 'is a Proxy'],
  'what inherits from a revoked Proxy': [
    () => Object.create(revoked({})) as object,
    'is an object that inherits from a Proxy',
  ],
  'what inherits from it further up': [
    () => Object.create(Object.create(revoked({})) as object) as object,
    'is an object that inherits from a Proxy',
  ],
};

/** Where it stands, and how the error says so. */
const places: Readonly<Record<string, readonly [build: (value: never) => unknown, path: string]>> = {
  'an argument': [(value) => take(value), "input 'argument 1'"],
  'a part of an argument': [(value) => take({ a: [value] }), "input 'argument 1'.a[0]"],
  'an element of a list': [(value) => take.map([1, value]), "input 'argument 1'"],
  'the only element of a list': [(value) => take.map([value]), "input 'argument 1'"],
  'what every child gets': [(value) => take.map([1], unmapped(value)), "input 'argument 2'"],
  'an argument that is marked mapped': [(value) => take(1, mapped(value)), "input 'argument 2'"],
  'a list to map over': [(value) => take.map(value), "input 'argument 1'"],
  'a list to flatten': [(value) => take(flatten(value)), "input 'argument 1'"],
  'a list in a list to flatten': [(value) => take(flatten([[1], value])), "input 'argument 1'[1]"],
  'a list to flatten and map over': [(value) => take.map(flatten(value)), "input 'argument 1'"],
  'a list in a list to flatten and map over': [(value) => take.map(flatten([[1], value])), "input 'argument 1'[1]"],
  'a default': [(value) => take(new Parameter('p', { default: value })), "parameter 'p'"],
};

for (const [place, [build, path]] of Object.entries(places)) {
  test(`${place} may be hostile`, async (t) => {
    for (const [kind, [make, what]] of Object.entries(kinds)) {
      await t.test(kind, async () => {
        const error = await errorOf(() => new Flow('f', () => build(make() as never)));

        assert.deepEqual([error.code, error.path], ['VALUE_NOT_SERIALIZABLE', path]);
        assert.ok(error.message.includes(`${path}\n    ${what}\n\n  Why: a Proxy runs code on every access`));
        assert.match(error.message, /\n {2}Fix:\n {4}- send the plain object behind it\n/);
      });
    }
  });
}

for (const [kind, [make, what]] of Object.entries(kinds)) {
  test(`${kind} is refused as a parameter, with a schema or without one`, async () => {
    const passing = { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) };
    for (const schema of [undefined, { '~standard': passing }]) {
      const options = schema === undefined ? {} : { schema };
      const flow = new Flow('f', () => take(new Parameter('p', options)));
      await assert.rejects(flow.run({ ...quietly, parameters: { p: make() } }), {
        code: 'VALUE_NOT_SERIALIZABLE',
        path: "parameter 'p'",
      });
    }
  });

  test(`${kind} is told to who asks whether it can be sent`, async () => {
    const report = await inspectSerializable(make());

    assert.deepEqual(
      report.problems.map((problem) => [problem.path, problem.what, problem.kind]),
      [['value', what, 'proxy']],
    );
  });

  test(`${kind} is no node`, () => {
    for (const order of [
      (value: never) => void take(1).setUpstream(value),
      (value: never) => void take.with({ upstreamTasks: [value] })(1),
      (value: never) => void merge(value),
    ]) {
      assert.throws(() => new Flow('f', () => order(make() as never)), { code: 'NOT_A_NODE' });
    }
  });
}

test('a Proxy that nodes cannot be looked for in is refused as an output, or a part of one', () => {
  for (const [kind, [make, what]] of Object.entries(kinds)) {
    // What else is in an output is given back as it is.
    if (what !== 'is a Proxy') continue;
    const expected = { code: 'VALUE_NOT_SERIALIZABLE', role: 'output' };
    const message =
      /^The builder of flow 'f' returned a value that cannot be looked through for tasks\.\n\n {2}output.*\n {4}is a Proxy/;
    assert.throws(() => new Flow('f', make), { ...expected, path: 'output', message }, kind);
    assert.throws(
      () => new Flow('f', () => ({ one: take(1), rows: [make()] })),
      { ...expected, path: 'output.rows[0]', message },
      kind,
    );
  }
});

test('a Proxy that lets itself be asked is what it stands for, as long as it does not have to be sent', async () => {
  const list = <T extends object>(target: T) => new Proxy(target, {});
  const state = await new Flow('f', () => {
    return list([first([7]), take.map(list([1, 2])), take(flatten(list([list([1]), [2]])))]);
  }).run(quietly);

  assert.deepEqual(state.output, [7, [[1], [2]], [[1, 2]]]);
});

/** Why a flow cannot be made, or how the first of its task runs failed. */
async function errorOf(make: () => Flow): Promise<HeddleError & { path?: string }> {
  try {
    const flow = make();
    const state = await flow.run(quietly);
    const ends = flow.graph.nodes.flatMap((node) => [state.of(node), ...(state.of(node).children ?? [])]);
    return ends.find(({ error }) => error !== undefined)?.error as HeddleError;
  } catch (error) {
    return error as HeddleError;
  }
}

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function refuse(): never {
  throw new Error('not here');
}
