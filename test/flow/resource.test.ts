import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { flatten, Flow, ifElse, mapped, merge, resourceManager, task, unmapped } from 'heddle';

const database = resourceManager('database', { setup: (url: string) => ({ url, rows: ['a'] }) });
const list = resourceManager('list', { setup: () => ['a', 'b'] });
const load = task('load', (db: unknown) => String(db));
const count = task('count', (_: unknown, rows: readonly unknown[]) => rows.length);

test('a resource is a node of its own, which what it is given to waits for', () => {
  const flow = new Flow('f', () => load(database('x')));

  assert.deepEqual([...flow.graph.slugs], ['database', 'load']);
  assert.equal(database.name, 'database');
  const [resource, node] = flow.graph.nodes;
  assert.deepEqual([...flow.graph.upstreamOf(node!)], [resource]);
});

test('a resource does not count among the tasks that decide how a run ends, and what only it needs does', () => {
  const flow = new Flow('f', () => {
    database('x');
    database(load('y'));
    load(database('z'));
  });

  assert.deepEqual(
    flow.referenceTasks.map(({ slug }) => slug),
    ['load', 'load-2'],
  );
});

test('a resource is never mapped, marked or not, even if it is a list', () => {
  const flow = new Flow('f', () => {
    count.map([1, 2], list());
    count.map([1, 2], unmapped(list()));
    count.map(mapped<unknown>([1, 2]), list());
  });

  const kinds = flow.graph.nodes.flatMap(({ task: { name } = load, bindings }) => {
    return name === 'count' ? [bindings.map(({ type }) => type)] : [];
  });
  assert.deepEqual(kinds, [
    ['each-constant', 'resource'],
    ['each-constant', 'resource'],
    ['each-constant', 'resource'],
  ]);
});

const misplaced: readonly (readonly [place: string, build: () => unknown])[] = [
  ['the output of flow', () => database('x')],
  ['the output .deep[0].in of flow', () => ({ deep: [{ in: database('x') }] })],
  ['.db of argument 1 of task', () => void load({ db: database('x') })],
  ['[1] of argument 1 of task', () => void load(['x', database('x')])],
  ['argument 1 of the setup of resource', () => void database(database('x') as never)],
  ['what load.map() is to be mapped over', () => void load.map(mapped(list()))],
  ['what load.map() is to be mapped over', () => void load.map(flatten(list() as never) as never)],
  ['a list to flatten, in argument 2 of task', () => void count(1, flatten(list() as never) as never)],
  ['the condition of ifElse()', () => void ifElse(database('x'), () => load(1))],
  ['the condition of ifElse.map()', () => void ifElse.map(list(), () => load.map([1]))],
  ["what 'if' of ifElse() returned", () => void ifElse(load(1), () => database('x'))],
  ['argument 2 of merge()', () => void merge(load(1), database('x'))],
];

for (const [place, build] of misplaced) {
  test(`a resource as ${place} is refused when the flow is built: ${String(build).slice(6)}`, () => {
    assert.throws(
      () => new Flow('f', build),
      ({ code, message }: { code?: string } & Error) => {
        assert.equal(code, 'RESOURCE_MISPLACED');
        assert.ok(message.includes(`' is used as ${place}`), message);
        assert.match(message, /Give it to a task, as an argument of its own, and go on with what that returns\.$/);
        return true;
      },
    );
  });
}

test('a resource is no reference task', () => {
  const flow = new Flow('f', () => load(database('x')));

  assert.throws(() => flow.setReferenceTasks([flow.graph.bySlug('database')!]), { code: 'RESOURCE_MISPLACED' });
});

test('a resource belongs to the flow that it is made in', () => {
  assert.throws(() => database('x'), {
    code: 'OUTSIDE_FLOW',
    message: /^resource 'database' was called outside of a flow\. Call it inside the function given to new Flow/,
  });
  const flow = new Flow('other', () => load(database('x')));
  const stranger = flow.graph.bySlug('database')!;
  assert.throws(() => new Flow('f', () => void load(stranger)), { code: 'NODE_OF_ANOTHER_FLOW' });
});

test('a resource manager that makes no sense says so where it is made', () => {
  const setup = () => 1;
  assert.throws(() => resourceManager('', { setup }), { code: 'INVALID_NAME' });
  assert.throws(() => resourceManager('x', {} as never), {
    code: 'INVALID_OPTION',
    message: "resource 'x' needs a function that opens it: { setup: () => … }",
  });
  assert.throws(() => resourceManager('x', { setup, cleanUp: setup } as never), {
    code: 'UNKNOWN_OPTION',
    message: /^resource 'x' has no option 'cleanUp'\. Did you mean 'cleanup'\?/,
  });
  assert.throws(() => resourceManager('x', { setup, dispose: setup } as never), {
    code: 'UNKNOWN_OPTION',
    message: "resource 'x' has no option 'dispose'. Here it is 'cleanup'.",
  });
  assert.throws(() => resourceManager('x', { setup, cleanupTimeout: 'soon' as never }), { code: 'INVALID_DURATION' });
});

test('a resource manager may be made of an object of a class', () => {
  class Pool {
    setup() {
      return ['a'];
    }
  }

  assert.equal(resourceManager('pool', new Pool()).name, 'pool');
});

test('docs/resources.md is a program that does what it says', async () => {
  const blocks = readFileSync('docs/resources.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g);
  const folder = mkdtempSync(join(import.meta.dirname, '.docs-'));
  const file = join(folder, 'resources.ts');
  writeFileSync(file, [...blocks].map(([, code]) => code).join('\n'));
  try {
    await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
