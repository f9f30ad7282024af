// What a module chooses while it loads, a worker that imports it again may choose otherwise.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Flow, inspectSerializable, type Task } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, WebSocketCluster } from 'heddle/executors';
import { codeOf } from '../../src/flow/task.ts';
import * as chosen from '../fixtures/chosen.ts';
import { capturingChosen } from '../fixtures/oddly-captured.ts';
import { read } from '../source.ts';
import { joinedWorker } from './worker-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bounded = { timeout: 60_000 };
const token = 'chosen';
const folder = mkdtempSync(join(tmpdir(), 'heddle-chosen-'));
after(() => rmSync(folder, { recursive: true }));

/** Tasks, and how the texts begin of the function that the flow made, and of that which a worker finds. */
const others: readonly (readonly [task: unknown, made: string, found: string])[] = [
  [chosen.byCondition, `() => 'here'`, `() => 'everywhere'`],
  [chosen.byChoice, '(x: number) => `fast', '(x: number) => `slow'],
  [chosen.byClass, 'class Fast', 'class Slow'],
  [chosen.byNative, 'function max() { [native code] }', '(x: number) => x);'],
  [chosen.byFolder, 'test/fixtures/chosen-here/index.ts:3:23', 'test/fixtures/chosen-elsewhere/index.ts:3:23'],
  [chosen.byBound, '(x: number) => `fast', '(x: number) => `slow'],
];

const clusters = {
  threads: () => new LocalCluster({ workers: 1 }),
  processes: () => new LocalCluster({ workers: 1, processes: true }),
  'remote workers': () => new WebSocketCluster({ port: 0, token }),
};

for (const [where, makeCluster] of Object.entries(clusters)) {
  test(`a task whose function is another one on ${where} is not run there`, bounded, async () => {
    await using place = await openedAt(makeCluster());
    const { executor } = place;

    for (const [made, ...texts] of others as readonly [Task, string, string][]) {
      const state = await new Flow('f', () => [made(1), made(2)]).run({ executor, onLog: () => {} });

      const again = state.of(`${made.name}-2`).error as Error & { code: string };
      assert.equal(again.code, 'TASK_FUNCTION_DIFFERS', again.message);
      const error = state.of(made.name).error as Error & Readonly<Record<string, unknown>>;
      assert.deepEqual([error.code, error.subject], ['TASK_FUNCTION_DIFFERS', `task '${made.name}'`], error.message);
      const [there, here] = texts.map(placeOf);
      const start = `task '${made.name}' calls ${there} where the flow was started, but ${here} in a worker: while it`;
      assert.ok(error.message.startsWith(start), error.message);
    }
    const opening = await new Flow('f', () => chosen.use(chosen.byResource())).run({ executor, onLog: () => {} });
    const { code, message } = opening.of('use').error as Error & { code: string };
    assert.equal(code, 'TASK_FUNCTION_DIFFERS', message);
    assert.ok(message.startsWith(`resource 'opened' calls ${placeOf("() => 'mine'")} where`), message);
    const flow = new Flow('f', () => chosen.alike.map((each) => (each as Task)('x')));
    const state = await flow.run({ executor, onLog: () => {} });
    assert.deepEqual([...state.output], [...(await flow.run({ executor: new LocalExecutor() })).output]);
  });
}

test('nor is one that captures such a task', bounded, async () => {
  await using place = await openedAt(clusters.threads());
  const capturing = chosen.capturing();
  const state = await new Flow('f', () => capturing()).run({ executor: place.executor, onLog: () => {} });

  const { code, message } = state.of('capturing').error as Error & { code: string };
  assert.equal(code, 'TASK_FUNCTION_DIFFERS', message);
  assert.match(message, /^task 'by-choice' calls /);
});

test('nor is one that captures a function which its module has chosen', bounded, async () => {
  await using place = await openedAt(clusters.threads());
  const capturing = capturingChosen();
  const state = await new Flow('f', () => capturing()).run({ executor: place.executor, onLog: () => {} });

  const { code, message } = state.of('t').error as Error & { code: string };
  assert.equal(code, 'TASK_FUNCTION_DIFFERS', message);
  assert.match(message, /^a task that captures 'written' calls \S+oddly-captured\.ts:/);
});

test('what a loader has rewritten where the flow is started is no other function', bounded, async () => {
  const hooks = registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.endsWith('/rewritten.ts')) return loaded;
      return {
        ...loaded,
        source: Buffer.from(loaded.source as Uint8Array)
          .toString()
          .replaceAll('task(', ' task(\n')
          .replaceAll(' + ', ' +  '),
      };
    },
  });
  const { one, two } = await import('../fixtures/rewritten.ts');
  hooks.deregister();
  assert.match(String(codeOf(one)[0]), / \+ {2}1$/);

  for (const makeCluster of Object.values(clusters)) {
    await using place = await openedAt(makeCluster());
    const flow = new Flow('f', () => ({ one: one(1), two: two(1) }));
    const { output } = await flow.run({ executor: place.executor, onLog: () => {} });
    assert.deepEqual({ ...output }, { one: 2, two: 3 });
  }
});

test('nor is one in a line or file that a bundle has otherwise', bounded, async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'heddle-modules-'));
  after(() => rmSync(elsewhere, { recursive: true }));
  mkdirSync(join(elsewhere, 'node_modules'));
  symlinkSync(root, join(elsewhere, 'node_modules/heddle'));
  writeFileSync(join(elsewhere, 'package.json'), '{ "type": "module" }');
  const made = (name: string) => `export const made = task('${name}', (x) => x + 1);\n`;
  const imports = `import { task } from 'heddle';\n`;
  const classes = `import { Task } from 'heddle';\n`;
  const [other] = ['./first.js'];
  const lazy = `const { run } = { lazy: () => import('${other}'), run: (x) => x + 1 };\n`;
  const map = { version: 3, sources: ['source.ts'], sourcesContent: [imports], names: [], mappings: 'AAAA;AACA' };
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  const texts = {
    'first.js': made('first') + imports,
    'line.js': imports.trim() + made('line'),
    'compiled.js': `${imports}${made('compiled')}//# sourceMappingURL=${url}\n`,
    'exported.js': `${imports}export default   function named(x) { return x + 1; }\nexport const made = task('exported', named);\n`,
    'class.js': `${classes}export default class Made extends Task { run(x) { return x + 1; } }\nexport const made = new Made('class');\n`,
    'marked.js': `\uFEFF${imports}${made('marked')}`,
    'lazy.js': `${imports}${lazy}export const made = task('lazy', run);\n`,
    '[é].js': imports + made('escaped'),
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(elsewhere, name), text);

  for (const makeCluster of Object.values(clusters)) {
    await using place = await openedAt(makeCluster());
    const { executor } = place;
    for (const name of Object.keys(texts)) {
      const module = (await import(pathToFileURL(join(elsewhere, name)).href)) as { made: Task<[number], number> };
      const state = await new Flow('f', () => ({ two: module.made(1) })).run({ executor, onLog: () => {} });
      assert.ok(state.isSuccessful(), `${name}: ${state.of(module.made.name).message}`);
    }
  }
});

test('that a worker would find another function is told beforehand', bounded, async () => {
  for (const [made, , found] of others) {
    const { problems } = await inspectSerializable(made);

    const what = `has another function when its module is imported again: that at ${placeOf(found)}`;
    assert.deepEqual(
      problems.map((each) => [each.kind, each.what]),
      [['TASK_FUNCTION_DIFFERS', what]],
    );
  }
});

test('so is a resource that is opened otherwise', bounded, async () => {
  const { problems } = await inspectSerializable(new Flow('f', () => chosen.use(chosen.byResource())));

  assert.deepEqual(
    problems.map(({ path, kind }) => [path, kind]),
    [["resource 'opened'", 'TASK_FUNCTION_DIFFERS']],
  );
});

/** With a worker in an empty folder, where workers have to come. */
async function openedAt(cluster: LocalCluster | WebSocketCluster) {
  await cluster.start();
  const worker =
    cluster instanceof WebSocketCluster
      ? await joinedWorker({ url: cluster.url!, token, name: 'ada', folder, codeDirectory: join(folder, 'code') })
      : undefined;
  const dispose = async () => {
    await worker?.[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  };
  return { executor: new DistributedExecutor(() => cluster), [Symbol.asyncDispose]: dispose };
}

/** Of such a text in the fixture, unless it is one of another file. */
function placeOf(text: string): string {
  if (text.endsWith('[native code] }') || text.startsWith('test/')) return text;
  const source = read('test/fixtures/chosen.ts');
  const before = source.slice(0, source.lastIndexOf(text));
  const lines = before.split('\n');
  return `test/fixtures/chosen.ts:${lines.length}:${lines.at(-1)!.length + 1}`;
}
