import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { load } from '../../src/code/load.ts';
import { fingerprintOf, type Reference } from '../../src/code/registry.ts';
import type { Task } from '../../src/index.ts';
import { newProject } from './bundle/bundled-project.ts';
import { fixture, referenceTo } from './fixtures.ts';
import { makeInside, plusOne } from './fixtures/tasks.ts';

const bounded = { timeout: 20_000 };

test('what is known already is found without an import', async () => {
  assert.equal(await load({ ...plusOne.reference, fingerprint: 'another' }), plusOne);
});

test('a task made inside a function is found where it was made', async () => {
  const inside = makeInside();

  assert.equal(await load(inside.reference), inside);
});

test('a module that was not imported yet is imported, once for all who ask', async () => {
  const reference = referenceTo('square', 'fresh.ts');

  const [first, second] = await Promise.all([load(reference), load(reference)]);

  assert.equal(first, second);
  assert.equal((first as Task).run(3), 9);
});

for (const checkout of ['/srv/checkout', '/C:/checkout', 'server/checkout']) {
  test(`a module of file://${checkout} will do at that path of this project, when its bytes are the same`, async () => {
    const module = `file://${checkout}/test/code/fixtures/throws-late.ts`;

    const found = await load(referenceTo('early', 'throws-late.ts', { module }));

    assert.equal((found as Task).run(3), -3);
  });
}

test('a module that is changed here is refused, with both fingerprints', async () => {
  const here = fingerprintOf(fixture('throws.ts'));
  const path = fileURLToPath(fixture('throws.ts'));

  await assert.rejects(load(referenceTo('load', 'throws.ts', { fingerprint: 'abcdefghijkl' })), {
    name: 'HeddleError',
    code: 'TASK_VERSION_SKEW',
    task: 'load',
    path: 'test/code/fixtures/throws.ts',
    tried: [path],
    message:
      `task 'load' comes from test/code/fixtures/throws.ts, whose bytes differ here (submitter abcdefghijkl, worker ` +
      `${here}). Start the flow again if the file was changed after its process had loaded it; else bring both to the ` +
      `same version, then restart this worker.`,
  });
});

test('why its code was not sent is told of a module that is another one here, and of one that is not here', async () => {
  const problem = 'its file was changed; start the flow again';
  const changed = referenceTo('load', 'throws.ts', { fingerprint: 'abcdefghijkl' });
  const gone = referenceTo('load', 'x.ts', { module: 'file:///srv/nowhere.ts', path: 'nowhere.ts' });

  await assert.rejects(load(changed, { problem }), {
    code: 'TASK_VERSION_SKEW',
    message:
      /whose bytes differ here \(submitter abcdefghijkl, worker \S+\), and its file was changed; start the flow again$/,
  });
  await assert.rejects(load(gone, { problem }), {
    code: 'TASK_MODULE_NOT_FOUND',
    message: /it looked for \S+ and \S+, and its file was changed; start the flow again$/,
  });
});

test('of a module that fails as it is the first of those that import each other, that is told', async () => {
  using project = newProject({
    'tasks.mjs': `import { factor } from './main.mjs'; export const around = (x) => x * factor;`,
    'main.mjs': `import { around } from './tasks.mjs'; export const factor = 2; around(1);`,
  });
  const module = pathToFileURL(join(project.path, 'tasks.mjs')).href;
  const facts = { module, path: 'tasks.mjs', fingerprint: fingerprintOf(module) };

  await assert.rejects(load(referenceTo('around', 'throws.ts', facts)), {
    code: 'TASK_MODULE_FAILED',
    message:
      `a worker could not import tasks.mjs to find task 'around': ReferenceError: Cannot access 'around' before ` +
      `initialization. If it and other modules import each other, it is the first of them to be imported here, and was ` +
      `not where the flow was started: move what their top levels need of each other to a module that imports none of them.`,
  });
});

test('of a file of tests that only its runner can load, that is told', async () => {
  using project = newProject({
    'some.test.mjs': `throw new Error('Vitest failed to find the runner. One of the following is possible: …');`,
  });
  const module = pathToFileURL(join(project.path, 'some.test.mjs')).href;

  await assert.rejects(load(referenceTo('around', 'throws.ts', { module, fingerprint: fingerprintOf(module) })), {
    code: 'TASK_MODULE_FAILED',
    message: /\. A file of tests can be loaded by their runner alone: move its tasks to another module\.$/,
  });
});

test('a module that was short of something once is imported again for the next who asks', async () => {
  const heddle = new URL('../../src/index.ts', import.meta.url).href;
  using project = newProject({
    'tasks.mjs': `import './later.mjs'; import { task } from '${heddle}'; export const late = task('late', () => 1);`,
  });
  const module = pathToFileURL(join(project.path, 'tasks.mjs')).href;
  const reference = { name: 'late', ordinal: 0, definedAt: 'tasks.mjs:1', module, fingerprint: fingerprintOf(module) };
  await assert.rejects(load(reference), { code: 'TASK_MODULE_FAILED' });

  writeFileSync(join(project.path, 'later.mjs'), '');

  assert.equal(((await load(reference)) as Task).name, 'late');
});

test('a module of another machine is shown by its path there when it cannot be loaded', async () => {
  const module = 'file://server/checkout/nowhere.ts';

  await assert.rejects(load(referenceTo('load', 'x.ts', { module, path: 'nowhere.ts' })), {
    code: 'TASK_MODULE_NOT_FOUND',
    message: /it looked for \/\/server\/checkout\/nowhere\.ts and \S+\/nowhere\.ts\./,
  });
});

test('a module that is not here is refused, with the places where it was looked for [S05]', async () => {
  const there = '/srv/checkout/nowhere.ts';
  const here = fileURLToPath(new URL('../../nowhere.ts', import.meta.url));

  await assert.rejects(load(referenceTo('load', 'x.ts', { module: `file://${there}`, path: 'nowhere.ts' })), {
    code: 'TASK_MODULE_NOT_FOUND',
    task: 'load',
    tried: [there, here],
    message:
      `this worker has no module for task 'load': it looked for ${there} and ${here}. Start the worker in a checkout ` +
      `of the same project, or let it take code: --code bundle.`,
  });
});

test('a module that throws while it loads is refused, with what it threw', async () => {
  const rejection = {
    code: 'TASK_MODULE_FAILED',
    task: 'load',
    module: fixture('throws.ts'),
    cause: new RangeError('no config'),
    message:
      `a worker could not import test/code/fixtures/throws.ts to find task 'load': RangeError: no config. A task's module is imported by ` +
      `every worker, so its top level must be safe to run there.`,
  };

  await assert.rejects(load(referenceTo('load', 'throws.ts')), rejection);
  await assert.rejects(load(referenceTo('load', 'throws.ts')), rejection);
});

test('a module that throws after the definition does no harm', async () => {
  const found = await load(referenceTo('early', 'throws-late.ts'));

  assert.equal((found as Task).run(3), -3);
});

test('a name that the module does not define is refused, with the names that it does', async () => {
  await assert.rejects(load(referenceTo('cube', 'fresh.ts')), {
    code: 'TASK_NOT_FOUND',
    task: 'cube',
    module: fixture('fresh.ts'),
    definedAt: 'test/code/fixtures/fresh.ts:1',
    found: ['square'],
    message:
      `a worker imported test/code/fixtures/fresh.ts, but no task 'cube' was defined while it loaded; it was defined at ` +
      `test/code/fixtures/fresh.ts:1 where the flow was started. Tasks there: square. Call task() at the top level of ` +
      `a module, and under no condition: import.meta.main is false in workers.`,
  });
});

test('a task that only its maker knows is refused elsewhere', async () => {
  await assert.rejects(load({ name: 'inside', ordinal: 99, definedAt: 'flow.ts:7' }), {
    code: 'TASK_NOT_ADDRESSABLE',
    task: 'inside',
    definedAt: 'flow.ts:7',
    message:
      `task 'inside' was made inside a function (flow.ts:7), not while its module was being loaded, so a worker cannot ` +
      `find it by importing the module. Move the task() call to the top level of a module and pass what it captures as ` +
      `inputs, or run the flow with LocalExecutor.`,
  });
});

const inThread: [what: string, reference: Reference, value: number][] = [
  ['a top-level task', referenceTo('plus one', 'tasks.ts'), 2],
  ['a task made by a helper', referenceTo('twice', 'tasks.ts'), 2],
  ['the third task of one name', referenceTo('step', 'tasks.ts', { ordinal: 2 }), 31],
  ['a task of a CommonJS module', referenceTo('halve', 'common.cjs'), 0.5],
  ['a task that needs what its module has only at its end', referenceTo('scale', 'ready-late.ts'), 5],
  ['a task of a script that runs its flow', referenceTo('plus two', 'script.ts'), 3],
  ['a task of a script that runs its flow in a function', referenceTo('plus three', 'script-in-main.ts'), 4],
  ['a task that stands after a run which is not waited for', referenceTo('after', 'script-in-main.ts'), 5],
  ['a task of a script that starts a cluster', referenceTo('plus six', 'starts-cluster.ts'), 7],
];

for (const [what, reference, value] of inThread) {
  test(`${what} is found by a thread that imports for tasks only, and the script does not go on`, bounded, async () => {
    assert.deepEqual(await loadInThread(reference), { value, hasGoneOn: false });
  });
}

test('a task that stands after a run which is waited for is refused, in good time', bounded, async () => {
  assert.deepEqual(await loadInThread(referenceTo('late', 'script.ts')), {
    code: 'TASK_NOT_FOUND',
    message:
      `a worker imported test/code/fixtures/script.ts, but no task 'late' was defined before the run of a flow that it waits ` +
      `for; it was defined at test/code/fixtures/script.ts:1 where the flow was started. Tasks there: plus two, flow ` +
      `script. Call task() at the top level of a module, above the first run of a flow.`,
    hasGoneOn: false,
  });
});

test('where a module waits for the start of a cluster, or imports one that does, that is told', bounded, async () => {
  const [module, importer] = ['test/code/fixtures/starts-cluster.ts', 'test/code/fixtures/imports-a-start.ts'];
  const ending = 'where the flow was started. Tasks there: ';

  assert.deepEqual(await loadInThread(referenceTo('late', 'starts-cluster.ts')), {
    code: 'TASK_NOT_FOUND',
    message:
      `a worker imported ${module}, but no task 'late' was defined before the start of a cluster that it waits for; it ` +
      `was defined at test/code/fixtures/starts-cluster.ts:1 ${ending}plus six. Call task() at the top level of a ` +
      `module, above the first start of a cluster.`,
    hasGoneOn: false,
  });
  assert.deepEqual(await loadInThread(referenceTo('seen', 'imports-a-start.ts')), {
    code: 'TASK_NOT_FOUND',
    message:
      `a worker imported ${importer}, but no task 'seen' was defined before the start of a cluster that ${module}, ` +
      `which it imports, waits for; it was defined at test/code/fixtures/imports-a-start.ts:1 ${ending}none. Call ` +
      `task() in a module that imports none which waits for the start of a cluster.`,
    hasGoneOn: false,
  });
});

test('a task that relies on retries of a configuration is found where there is none', bounded, async () => {
  assert.deepEqual(await loadInThread(referenceTo('picky', 'retries-by-configuration.ts')), {
    value: 2,
    hasGoneOn: false,
  });
});

async function loadInThread(reference: Reference): Promise<unknown> {
  const thread = new Worker(new URL(fixture('load-in-thread.ts')), { workerData: reference });
  const [answer] = (await once(thread, 'message')) as [unknown];
  await thread.terminate();
  return answer;
}
