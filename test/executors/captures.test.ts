// Tasks made inside functions: workers that import the files of this process get them with what they capture.

import assert from 'node:assert/strict';
import { Session } from 'node:inspector';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { Flow, inspectSerializable, task, type Executor, type Task } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, WebSocketCluster } from 'heddle/executors';
import type { LogRecord } from '../../src/lib/log-record.ts';
import { read } from '../source.ts';
import * as captures from '../fixtures/captures.ts';
import { missing } from '../fixtures/held-in-workers.ts';
import * as odd from '../fixtures/oddly-captured.ts';

const cluster = new LocalCluster({ workers: 1 });
before(() => cluster.start());
after(() => cluster[Symbol.asyncDispose]());

const onThreads = new DistributedExecutor(() => cluster);
const bounded = { timeout: 60_000 };

test('a task made inside a function runs with what it captures, and with the names of its module', async () => {
  const scaling = captures.scaling(100);
  const { state } = await run(new Flow('f', () => ({ scaled: scaling.map([1, 2]) })));

  assert.deepEqual(state.output.scaled, [106, 112]);
});

test('it runs in the processes of a cluster, which import the same files', bounded, async () => {
  const scaling = captures.scaling(100);
  const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1, processes: true }));
  const { state } = await run(new Flow('f', () => ({ scaled: scaling.map([1, 2]) })), executor);

  assert.deepEqual(state.output.scaled, [106, 112]);
});

test('what it throws has the lines of its file', async () => {
  const failing = captures.failingInside('no');
  const { state } = await run(new Flow('f', () => failing(1)));

  const { error } = state.of('failing-inside');
  assert.equal(error?.message, 'no 1');
  const line =
    read('test/fixtures/captures.ts')
      .split('\n')
      .findIndex((each) => each.endsWith('// mark: throws')) + 1;
  assert.match(error?.stack ?? '', new RegExp(`captures\\.ts:${line}:11\\)`));
});

for (const [name, make] of Object.entries({ ...captures.alike, ...odd.oddlyNamed, ...odd.otherwiseNamed })) {
  test(`a task made inside a function comes to the same on a thread: ${name}`, async () => {
    const made = make();
    const { state } = await run(new Flow('f', () => ({ result: made() })));

    assert.equal(state.of('t').error, undefined);
    assert.deepEqual(state.output.result, made.run());
  });
}

test('a task that was sent can make another one, and send that', bounded, async () => {
  const making = captures.making('four');
  const { state } = await run(new Flow('f', () => ({ made: making(2) })));

  assert.equal(state.of('making').error, undefined);
  assert.equal(state.output.made, 9);
});

test('a task of a class that was made inside a function has its fields and methods', async () => {
  const summing = captures.summing(10);
  const { state } = await run(new Flow('f', () => ({ sums: summing.map([1, 2]) })));

  assert.deepEqual(state.output.sums, [13, 16]);
});

test('functions among the options of a task travel as well', async () => {
  const named = captures.namedAndRetried('row');
  const { state, records } = await run(new Flow('f', () => ({ value: named(21) })));

  assert.equal(state.output.value, 21);
  const said = records.find(({ message }) => message === 'row: Error: once');
  assert.equal(said?.taskRun, 'row 21');
});

for (const [name, { make, message }] of Object.entries(captures.refused)) {
  test(`what cannot leave its place is refused before anything runs, with the reason: ${name}`, async () => {
    const made = make();

    await assert.rejects(run(new Flow('f', () => made())), { code: 'FUNCTION_NOT_SERIALIZABLE', message });
    const { problems } = await inspectSerializable(made);
    assert.deepEqual(
      problems.map(({ kind, path }) => [kind, path]),
      [['FUNCTION_NOT_SERIALIZABLE', `task '${made.name}'`]],
    );
  });
}

for (const [name, make] of Object.entries(odd.proxies)) {
  test(`a captured Proxy is refused, and none of its traps is called: ${name}`, async () => {
    const made = make();

    await assert.rejects(run(new Flow('f', () => made())), { code: 'CAPTURE_NOT_SERIALIZABLE', message: /is a Proxy/ });
    const { problems } = await inspectSerializable(made);
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ['proxy'],
    );
  });
}

test('a strict task is told on this thread what it is told on others, and another one just runs', async () => {
  const makers = [...Object.values(captures.refused).map(({ make }) => make), captures.capturingPromise];
  for (const make of makers) {
    const made = make().with({ check: 'strict' });
    const flow = new Flow('f', () => made());
    const [here, there] = await Promise.allSettled([run(flow, new LocalExecutor()), run(flow)]);

    assert.equal(there.status, 'rejected');
    assert.deepEqual(here, there);
  }
  const free = odd.proxies['one that was revoked']!();
  const { state, records } = await run(new Flow('f', () => ({ type: free() })), new LocalExecutor());

  assert.equal(state.output.type, 'object');
  assert.deepEqual(
    records.filter(({ level }) => level === 'warn'),
    [],
  );
});

test('a task of a file that Vite has rewritten is refused with how to test it', async () => {
  // As Vitest runs what it has rewritten.
  const source = `'use strict';async (__vite_ssr_exports__, task) => { return task('square', (x) => x * x); }`;
  const wrapper: unknown = runInThisContext(source, { filename: fileURLToPath(import.meta.resolve('../source.ts')) });
  const square = await (wrapper as (exports: object, make: typeof task) => Promise<Task<[number], number>>)({}, task);

  await assert.rejects(run(new Flow('f', () => square(2))), {
    code: 'FUNCTION_NOT_SERIALIZABLE',
    message: /Vite has rewritten.*run the flow with LocalExecutor.*viteModuleRunner: false/,
  });
});

test('a variable that has no value yet is told', async () => {
  await assert.rejects(
    captures.runTooEarly(async (made) => await run(new Flow('f', () => made()))),
    { code: 'FUNCTION_NOT_SERIALIZABLE', message: /captures 'late', which has no value yet/ },
  );
});

test('a captured value that cannot travel is told with its path, and who captures it', async () => {
  const capturing = captures.capturingPromise();

  await assert.rejects(run(new Flow('f', () => capturing())), (error: Error & { code: string; path: string }) => {
    assert.equal(error.code, 'CAPTURE_NOT_SERIALIZABLE');
    assert.equal(error.path, 'db.rows[0].owner');
    assert.match(error.message, /^Task 'capturing' was made inside a function and captures a value that cannot be/);
    assert.match(
      error.message,
      /\n {2}db\.rows\[0\]\.owner\n {4}is a Promise\n {4}captured by 'load' \(.*ts:\d+:\d+\)\n/,
    );
    return true;
  });
  const { problems } = await inspectSerializable(capturing);
  assert.deepEqual(
    problems.map(({ path, what }) => [path, what]),
    [["variable db.rows[0].owner of task 'capturing'", 'is a Promise']],
  );
});

test('a captured value that would arrive changed is told as an input would be', async () => {
  const capturing = captures.capturingInstance('warn');
  const { state, records } = await run(new Flow('f', () => ({ by: capturing() })));

  assert.equal(state.output.by, 2);
  const warnings = records.filter(({ level }) => level === 'warn').map(({ message }) => message);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^scale of task 'capturing' is a Scale/);
  const strict = captures.capturingInstance('strict');
  await assert.rejects(run(new Flow('f', () => strict())), { code: 'VALUE_WOULD_CHANGE', path: 'scale' });
});

for (const [words, make] of Object.entries(missing)) {
  test(`a name that has no value where the task runs fails it: ${words}`, async () => {
    const made = make();
    const { state } = await run(new Flow('f', () => made()));

    const { code, message } = state.of('t').error as Error & { code: string };
    assert.equal(code, 'CAPTURE_NOT_FOUND', message);
    assert.ok(message.startsWith(words), message);
  });
}

test('a task that changes what it captures is told that the change stays with it', async () => {
  const counting = captures.counting();
  const { records } = await run(new Flow('f', () => counting()));

  const warnings = records.filter(({ level }) => level === 'warn').map(({ message }) => message);
  assert.match(warnings.join('\n'), /^task 'counting' changes 'count' \(.*captures\.ts:\d+:\d+\) outside of itself/);
});

test('the debugger is enabled for scripts, not for each task that is made in them', async (t) => {
  const post = t.mock.method(Session.prototype, 'post');
  const { state } = await run(new Flow('f', () => captures.many(9).map((made) => made())));

  assert.deepEqual(state.output, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const asked = post.mock.calls.filter(({ arguments: [method] }) => (method as string) === 'Debugger.enable');
  assert.ok(asked.length <= 2, `${asked.length} times`);
});

test('workers that have other files do not get it', async () => {
  await using sockets = new WebSocketCluster({ port: 0, token: 'warp-and-weft' });
  const scaling = captures.scaling(1);

  await assert.rejects(run(new Flow('f', () => scaling(1)), new DistributedExecutor(() => sockets)), {
    code: 'TASK_NOT_ADDRESSABLE',
    message: /'scaling'.*captures\.ts:\d+.*Move the task\(\) call to the top level/,
  });
});

async function run<Plan>(flow: Flow<Plan>, executor: Executor = onThreads) {
  const records: LogRecord[] = [];
  const state = await flow.run({ executor, onLog: (record) => records.push(record) });
  return { state, records };
}
