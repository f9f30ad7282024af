// What is told of the modules of tasks, which each thread imports for itself.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Flow, task, unmapped } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, WebSocketCluster } from 'heddle/executors';
import { changeAll, drifting, driftingOtherwise, steady } from '../fixtures/drifting.ts';
import { polluted, pollutedToo } from '../fixtures/leaves-open-in-workers.ts';
import { testedInPlace } from '../fixtures/tested-in-place.ts';
import { packaged } from '../fixtures/packages.ts';
import { opened, reading, readingNothingElse } from '../fixtures/reads-environment.ts';
import { joinedWorker } from './worker-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const token = 'warnings';
const folder = mkdtempSync(join(tmpdir(), 'heddle-warnings-'));
after(() => rmSync(folder, { recursive: true }));
const bounded = { timeout: 60_000 };
const numbers = [1, 2, 3, 4, 5, 6];

test('variables that are not in a worker what they are here are told, each once in a run', bounded, async () => {
  changeAll();
  await using cluster = new LocalCluster({ workers: 2 });
  const flow = new Flow('f', () => [drifting.map(numbers), steady.map(numbers)]);

  const warnings = await warningsOf(flow, new DistributedExecutor(() => cluster));
  const drifted = warnings.filter((message) => message.includes('CAPTURE_DRIFT'));
  const names = drifted.map((message) => /^task 'drifting' reads '([\w.]+)'(?: of its module)?: /.exec(message)?.[1]);
  assert.deepEqual(
    new Set(names),
    new Set([
      'Settings.limit',
      'apiToken',
      'collected',
      'cut',
      'database',
      'globalThis.scale',
      'handlers',
      'home',
      'limit',
      'pin',
      'rows',
      'runId',
      'startedAt',
      'variables',
    ]),
  );
  assert.equal(names.length, 14);
  assert.ok(
    drifted.some((text) => text.includes("reads 'globalThis.scale': 2 where the flow was started, but nothing")),
  );
  assert.ok(drifted.some((text) => text.includes("'limit' of its module: 99 where the flow was started, but 10 in a")));
  assert.ok(
    drifted.some((text) =>
      text.includes("'rows' of its module: a list of 3 where the flow was started, but a list of 1"),
    ),
  );
  assert.ok(
    drifted.some((text) => text.includes("'database' of its module: 'database.url' has another value where the flow")),
  );
  assert.ok(
    drifted.some((text) =>
      text.includes("'variables' of its module: 'variables.RUN' has another value where the flow"),
    ),
  );
  for (const name of ['home', 'cut', 'pin']) {
    const message = `'${name}' of its module: *** where the flow was started, but undefined`;
    assert.ok(
      drifted.some((text) => text.includes(message)),
      name,
    );
  }
  assert.doesNotMatch(drifted.join('\n'), /postgres|ada:/);
  assert.ok(drifted.some((text) => text.includes("'apiToken' of its module: *** where the flow was started, but ***")));
});

test(
  'variables are told in the processes of a cluster as well, and on this thread there are no others',
  bounded,
  async () => {
    await using cluster = new LocalCluster({ workers: 1, processes: true });
    const flow = new Flow('f', () => drifting(1));

    const warnings = await warningsOf(flow, new DistributedExecutor(() => cluster));
    assert.ok(warnings.some((message) => message.startsWith("task 'drifting' reads 'runId' of its module: ")));
    assert.deepEqual(await warningsOf(flow, new LocalExecutor()), []);
  },
);

test('so is what a factory, an instance and a called function bring along', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  const flow = new Flow('f', () => Object.values(driftingOtherwise).map((each) => each(1)));

  for (const cause of ['first', 'second']) {
    const warnings = await warningsOf(flow, new DistributedExecutor(() => cluster));
    const drifted = warnings.map((message) => /reads '([\w.]+)'((?: of the function around it)?)/.exec(message));
    const names = drifted.map((found) => `${found?.[1]}${found?.[2]}`);
    assert.deepEqual(names, Object.keys(driftingOtherwise), `${cause}: ${warnings.join('\n')}`);
  }
});

test('what importing a module leaves in each thread is told, once in each run', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 2 });
  await cluster.start();
  const executor = new DistributedExecutor(() => cluster);
  const flow = new Flow('f', () => [polluted.map(numbers), pollutedToo.map(numbers)]);

  for (const run of ['first', 'second']) {
    const warnings = await warningsOf(flow, executor);
    assert.equal(warnings.length, 1, `${run}: ${warnings.join('\n')}`);
    assert.match(
      warnings[0]!,
      /^importing test\/fixtures\/leaves-open-in-workers\.ts to find its tasks, each worker thread opened 1 server, opened 1 timer, set the global 'pollution', changed the environment variable HEDDLE_TEST_MARK and listens to 'uncaughtException' of the process\. .*\(TASK_MODULE_SIDE_EFFECTS\)$/,
    );
  }
});

test('so is what it does to files, which each thread does once more', bounded, async () => {
  const out = join(folder, 'out');
  const script = join(folder, 'clears.ts');
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/heddle'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const lines = [
    `import { appendFileSync, createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs'`,
    `import * as fs from 'node:fs/promises'`,
    `import { task } from 'heddle'`,
    `rmSync(${JSON.stringify(out)}, { recursive: true, force: true })`,
    `mkdirSync(${JSON.stringify(out)}, { recursive: true })`,
    `const table = new URL('out/table.csv', import.meta.url)`,
    `await fs.writeFile(table, 'a,b')`,
    `createWriteStream('/dev/null').end()`,
    `createWriteStream(table, { flags: 'a' }).end()`,
    `appendFileSync(table, 'c,d')`,
    `export const write = task('write', (x: number) => writeFileSync(new URL(String(x), table), ''))`,
  ];
  writeFileSync(script, lines.join('\n'));
  const { write } = (await import(pathToFileURL(script).href)) as { readonly write: typeof steady };
  await using cluster = new LocalCluster({ workers: 1 });

  const warnings = await warningsOf(new Flow('f', () => write.map(numbers)), new DistributedExecutor(() => cluster));
  assert.equal(warnings.length, 1, warnings.join('\n'));
  const [told] = /each worker thread .* and .*?\. Do that/.exec(warnings[0]!) ?? [];
  assert.equal(told, `each worker thread removed '${out}' and wrote '${join(out, 'table.csv')}'. Do that`);
});

test(
  'nothing is told of packages that are only imported, nor of what the test runner of Node does',
  bounded,
  async () => {
    await using cluster = new LocalCluster({ workers: 1 });
    const flow = new Flow('f', () => [packaged(), testedInPlace()]);

    assert.deepEqual(await warningsOf(flow, new DistributedExecutor(() => cluster)), []);
  },
);

test('nor of where another checkout of the project is', bounded, async () => {
  const [here, there] = ['here', 'there'].map((name) => join(folder, name)) as [string, string];
  mkdirSync(join(here, 'node_modules'), { recursive: true });
  symlinkSync(root, join(here, 'node_modules/heddle'));
  writeFileSync(join(here, 'package.json'), '{"type":"module"}');
  const lines = [
    `import { join } from 'node:path'`,
    `import { isMainThread } from 'node:worker_threads'`,
    `import { task } from 'heddle'`,
    `const words = join(import.meta.dirname, 'words.txt'), files = [import.meta.url]`,
    `const outside = isMainThread ? '/srv/a/words.txt' : '/srv/b/words.txt'`,
    `export const reading = task('reading', () => [words, files, outside].length)`,
  ];
  writeFileSync(join(here, 'flow.js'), lines.join('\n'));
  const { reading } = await import(pathToFileURL(join(here, 'flow.js')).href);
  renameSync(here, there);
  await using cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  await using _ = await joinedWorker({ url: cluster.url!, token, name: 'ada', folder: there, code: 'module' });

  const warnings = await warningsOf(new Flow('f', () => reading()), new DistributedExecutor(() => cluster));
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0]!, /^task 'reading' reads 'outside' of its module: /);
});

const onlyHere = ['HEDDLE_TEST_NAMED', 'HEDDLE_TEST_OF_HELPER', 'HEDDLE_TEST_IN_SETUP'];

test('variables of the environment that are read where they are not set are told', bounded, async () => {
  await using cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  await using _ = await joinedWorker({ url: cluster.url!, token, name: 'ada' });
  using _set = setOnlyHere();
  const flow = new Flow('f', () => [reading.map(numbers, unmapped(opened())), readingNothingElse()]);

  for (const cause of ['first', 'second']) {
    const warnings = await warningsOf(flow, new DistributedExecutor(() => cluster));
    const told = warnings.map((message) => /^(.+) reads (.+), which is set .*\(ENVIRONMENT_DRIFT\)$/.exec(message));
    assert.deepEqual(
      told.map((found) => `${found?.[1]}: ${found?.[2]}`),
      [
        "task 'reading': process.env.HEDDLE_TEST_NAMED",
        "task 'reading': process.env.HEDDLE_TEST_OF_HELPER",
        "resource 'opened': process.env.HEDDLE_TEST_IN_SETUP",
      ],
      `${cause}: ${warnings.join('\n')}`,
    );
    assert.doesNotMatch(warnings.join('\n'), /only here/);
  }
});

test('so is one that was set when the threads of this process had started', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  await cluster.start();
  using _set = setOnlyHere();
  const written = task('written', () => process.env.HEDDLE_TEST_NAMED ?? '');
  const flow = new Flow('f', () => [written(), readingNothingElse()]);

  const warnings = await warningsOf(flow, new DistributedExecutor(() => cluster));
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(
    warnings[0]!,
    /^task 'written' reads process\.env\.HEDDLE_TEST_NAMED, .*context\.secrets\.HEDDLE_TEST_NAMED\. /,
  );
  assert.deepEqual(await warningsOf(flow, new LocalExecutor()), []);
});

function setOnlyHere(): Disposable {
  for (const name of onlyHere) process.env[name] = 'only here';
  return { [Symbol.dispose]: () => onlyHere.forEach((name) => delete process.env[name]) };
}

async function warningsOf(flow: Flow, executor: DistributedExecutor | LocalExecutor): Promise<string[]> {
  const warnings: string[] = [];
  const onLog = ({ level, message }: { level: string; message: string }) => {
    if (level === 'warn' || level === 'error') warnings.push(message);
  };
  await flow.run({ executor, onLog });
  return warnings;
}
