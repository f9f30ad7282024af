// Remote workers get their code from the flow: here they stand in empty folders, and have nothing of their own.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Flow, type Executor, type HeddleError, type LogRecord, type Task } from 'heddle';
import { DistributedExecutor, LocalExecutor, WebSocketCluster } from 'heddle/executors';
import { Program } from '../cli/process.ts';
import { atHome, drifting, driftingOtherwise } from '../fixtures/drifting.ts';
import { polluted } from '../fixtures/leaves-open-in-workers.ts';
import { asking } from '../fixtures/shipped/asks.ts';
import { bounds } from '../fixtures/shipped/resources.ts';
import * as shipped from '../fixtures/shipped/tasks.ts';
import { newRoom } from '../fixtures/room.ts';
import { ofBoth } from '../fixtures/shipped/same-names.ts';
import { fine } from '../fixtures/shipped/unbundleable.ts';
import { NotedResult, shouting } from '../fixtures/stored-kinds.ts';
import { inc } from '../fixtures/tasks.ts';
import { joinedWorker } from './worker-process.ts';

const token = 'bundles';

test('a worker in an empty folder runs a task with all that its module imports and reads', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state } = await house.run(
    new Flow('all of it', () => ({
      scaled: shipped.scale.map([1, 2, 3]),
      greeting: shipped.greet(),
      limit: shipped.limit(),
      lazy: shipped.lazy(),
      words: shipped.words(),
      without: shipped.without(),
      parsed: shipped.fromPackage(),
      steps: shipped.steps.map((step) => step(10)),
    })),
  );

  assert.equal(state.type, 'Success', state.message);
  const { scaled, greeting, limit, lazy, parsed, steps, words, without } = state.output;
  assert.equal(words, 'import.meta.url,see import.meta.dirname,import.meta.filename');
  assert.equal(without, 'did without');
  assert.deepEqual(scaled, [3, 6, 9]);
  assert.deepEqual([greeting, limit, lazy, parsed], ['hello from a file', 42, 'loaded when it was needed', { a: 1 }]);
  assert.deepEqual([...steps], [11, 12, 13]);
});

test('in a bundle a module is in its own place, below the folder of the bundle', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state } = await house.run(new Flow('where', () => shipped.whereAmI()));

  const url = state.output;
  assert.ok(url.startsWith(pathToFileURL(house.folder).href), url);
  assert.ok(url.endsWith('/test/fixtures/shipped/tasks.ts'), url);
});

test('what a task throws in a bundle points at the line of its source', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state } = await house.run(new Flow('thrown', () => shipped.outOfScale(7)));

  const { error } = state.of('out-of-scale');
  assert.equal(error?.message, '7 is out of scale');
  assert.match(error.stack!, /test\/fixtures\/shipped\/lib\/scale\.ts:4:9/);
});

test('a bundle is sent once, and is on the disk when the worker is asked again', async () => {
  await using house = await houseWith({ code: 'bundle' });
  await house.run(new Flow('first', () => shipped.scale(1)));
  const before = house.bundles();

  const { state } = await house.run(new Flow('second', () => shipped.scale.map([5, 6])));

  assert.deepEqual(state.output, [15, 18]);
  assert.equal(before.length, 1);
  assert.deepEqual(house.bundles(), before);
});

test('a resource is found in a bundle though the module of the task that uses it does not import it', async () => {
  await using house = await houseWith({ code: 'bundle' });
  const flow = new Flow('opened', () => {
    const opened = bounds(shipped.scale(1));
    return { inside: shipped.within.map([1, 3, 42, 43], opened), scaled: shipped.scale.map([1, 2]) };
  });

  const { state } = await house.run(flow);

  assert.deepEqual({ ...state.output }, { inside: [false, true, true, false], scaled: [3, 6] });
});

test('a worker that takes no code imports the files of its own machine', async () => {
  await using house = await houseWith({ code: 'module' });

  const { state } = await house.run(new Flow('own', () => shipped.whereAmI()));

  assert.equal(state.output, new URL('../fixtures/shipped/tasks.ts', import.meta.url).href);
  assert.deepEqual(house.bundles(), []);
});

test('a kind of result comes along with each task that is stored in it, whatever that one imports', async () => {
  using room = newRoom();
  await using house = await houseWith({ code: 'bundle' });
  const result = new NotedResult({ directory: room.path, serializer: shouting });
  const options = { result, target: '{taskName}' };
  const flow = new Flow('kept', () => [shipped.scale.with(options)(2), inc.with(options)(1)]);

  const runs = [await house.run(flow), await house.run(flow)];

  assert.deepEqual(
    runs.map(({ state }) => [state.of('scale').type, state.of('inc').type, ...state.output]),
    [
      ['Success', 'Success', 6, 2],
      ['Cached', 'Cached', 6, 2],
    ],
  );
  assert.deepEqual(room.text('written.txt').split('\n').toSorted(), ['', 'inc', 'scale']);
  assert.equal(house.bundles().length, 1);
});

test('what a bundle has otherwise than where the flow was started, and what it leaves open, is told', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { logs } = await house.run(
    new Flow('warned', () => [
      atHome(),
      drifting(1),
      polluted(1),
      ...Object.values(driftingOtherwise).map((each) => each(1)),
    ]),
  );

  const warnings = logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
  const drifted = warnings.flatMap((message) => {
    const [, name, around] = /'([\w.]+)'(?: of its module| (of the function around it))?: /.exec(message) ?? [];
    return name === undefined ? [] : [[name, around].join(' ').trim()];
  });
  const others = Object.keys(driftingOtherwise);
  assert.deepEqual(
    new Set(drifted),
    new Set(['apiToken', 'cut', 'database', 'home', 'pin', 'runId', 'startedAt', 'variables', ...others]),
  );
  const effects = warnings.filter((message) => message.endsWith('(TASK_MODULE_SIDE_EFFECTS)'));
  assert.match(effects.join('\n'), /^importing test\/fixtures\/leaves-open-in-workers\.ts .* opened 1 server, [^\n]*$/);
});

test('a variable that another module has by the same name is not taken for one that differs', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state, logs } = await house.run(new Flow('named', () => ({ both: ofBoth() })));

  assert.deepEqual(state.output.both, ['same 40', 'seeds 7']);
  assert.deepEqual(
    logs.filter(({ message }) => message.includes('CAPTURE_DRIFT')),
    [],
  );
});

test('code that cannot be bundled is told with its line, and a worker that has the same file uses that [D096]', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state, logs } = await house.run(new Flow('partly', () => fine.map([1, 2])));

  assert.deepEqual(state.output, [2, 3]);
  const told = logs.find(({ level }) => level === 'warn')?.message ?? '';
  assert.match(told, /sloppy\.cjs cannot be bundled for remote workers: With statements cannot be used /);
  assert.match(told, /test\/fixtures\/shipped\/sloppy\.cjs:4:3\n {4}with \(words\) return/);
});

test('a relative path is read from the folder of the worker, which is told when there is no such file', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state } = await house.run(new Flow('reads', () => shipped.readHere()));

  const { code, path, here, message } = state.of('read-here').error as unknown as Readonly<Record<string, unknown>>;
  assert.deepEqual([code, path, here], ['NOT_IN_WORKER_FOLDER', 'package.json', house.folder]);
  assert.ok(String(message).includes(`and not in that of the flow, ${process.cwd()}. `), String(message));
});

test('a function that is run elsewhere from its text is told what it lacks there', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state } = await house.run(new Flow('from text', () => shipped.fromText()));

  const { code, message, cause } = state.of('from-text').error as HeddleError;
  assert.equal(code, 'FUNCTION_RUN_FROM_TEXT');
  assert.match(message, /^task 'from-text' ran a function elsewhere from its text.*'globalThis\.__name = \(it\) => it/);
  assert.match(String(cause), /ReferenceError: __name is not defined/);
});

test('what a module loads by a name that is computed is told beforehand, and when it is missed', async () => {
  await using house = await houseWith({ code: 'bundle' });

  const { state, logs } = await house.run(new Flow('asked', () => asking('./facts.json')));

  const { error } = state.of('asking');
  const { code, missing, at } = error as unknown as Readonly<Record<string, unknown>>;
  assert.deepEqual([code, missing, at], ['NOT_IN_BUNDLE', './facts.json', 'test/fixtures/shipped/asks.ts:8:34']);
  const warnings = logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]!,
    /^test\/fixtures\/shipped\/asks\.ts:8:34 imports a module by a name that is computed\. Only such modules are sent/,
  );
});

test('a file that was changed since it was sent is told, as workers have it as it was', async () => {
  await using house = await houseWith({ code: 'bundle' });
  const project = newFolder();
  const write = (name: string, text: string) => writeFileSync(join(project, name), text);
  mkdirSync(join(project, 'data'));
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(join(import.meta.dirname, '../..'), join(project, 'node_modules/heddle'));
  write('package.json', '{}');
  write('data/note.txt', 'old');
  write(
    'reads.mjs',
    `import { readFileSync } from 'node:fs'; import { task } from 'heddle'; const data = new URL('data/', import.meta.url);
    export const reads = task('reads', () => String(readFileSync(new URL('note.txt', data)))); new URL('./data/', import.meta.url);`,
  );
  const { reads } = (await import(pathToFileURL(join(project, 'reads.mjs')).href)) as { reads: Task<[], string> };
  const run = async (executor?: Executor) => {
    const { state, logs } = await house.run(new Flow('read', () => reads()), executor);
    return [state.output, logs.flatMap(({ message }) => /^\S+ was changed/.exec(message) ?? [])];
  };

  for (const _ of [1, 2]) assert.deepEqual(await run(), ['old', []]);
  write('data/note.txt', 'newer');
  assert.deepEqual(await run(), ['old', ['data/note.txt was changed']]);
  assert.deepEqual(await run(new LocalExecutor()), ['newer', []], 'what runs here reads it as it is');
  rmSync(project, { recursive: true });
});

test('the example of the flights runs on a worker in an empty folder', { timeout: 60_000 }, async () => {
  const folder = newFolder();
  const env = { HEDDLE_TOKEN: token, HEDDLE__CODE__DIRECTORY: join(folder, 'code') };
  const command = join(import.meta.dirname, '../../src/cli/heddle.js');
  const example = join(import.meta.dirname, '../../examples/flights.ts');
  await using flow = inFolder(folder, [command, 'run', example, '--listen', '0'], env);
  const [, url] = /heddle worker (\S+)/.exec(await flow.line(/waiting for a worker/))!;
  await using worker = inFolder(folder, [command, 'worker', url!], env);
  await worker.line(/joined/);

  await flow.line(/3,000,000 flights, 0 of them without a known delay/);
  assert.equal(await flow.status(), 0);
  rmSync(folder, { recursive: true });
});

test('a package with native code is that of the worker, once that has installed it and was restarted', async () => {
  const folder = newFolder();
  const project = join(folder, 'project');
  const place = join(folder, 'worker');
  install(join(project, 'node_modules/native'));
  mkdirSync(place);
  symlinkSync(join(import.meta.dirname, '../..'), join(project, 'node_modules/heddle'));
  writeFileSync(
    join(project, 'flow.mjs'),
    `import { context, Flow, task } from 'heddle'; import { whose } from 'native';
    const say = task('say', () => context.logger.info('native of ' + whose));
    export const flow = new Flow('native', () => say());`,
  );
  const env = { HEDDLE_TOKEN: token, HEDDLE__CODE__DIRECTORY: join(folder, 'code') };
  const command = join(import.meta.dirname, '../../src/cli/heddle.js');
  const runAndSee = async (line: RegExp) => {
    await using flow = inFolder(project, [command, 'run', 'flow.mjs', '--listen', '0'], env);
    const [, url] = /heddle worker (\S+)/.exec(await flow.line(/waiting for a worker/))!;
    await using _ = inFolder(place, [command, 'worker', url!], env);
    await flow.line(line);
  };

  await runAndSee(/no package 'native'.* npm i native@1\.2\.3/);
  install(join(place, 'node_modules/native'));
  await runAndSee(/native of worker/);
  rmSync(folder, { recursive: true });
});

/** A cluster with one worker that stands in an empty folder. */
async function houseWith({ code }: { code: 'bundle' | 'module' }) {
  const folder = newFolder();
  const cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  const codeDirectory = join(folder, 'code');
  const worker = await joinedWorker({ url: cluster.url!, token, name: 'ada', folder, codeDirectory, code });
  const run = async <Plan>(flow: Flow<Plan>, executor: Executor = new DistributedExecutor(() => cluster)) => {
    const logs: LogRecord[] = [];
    return { state: await flow.run({ executor, onLog: (record) => logs.push(record) }), logs };
  };
  const bundles = () => {
    try {
      return readdirSync(codeDirectory, { recursive: true }).filter((name) =>
        String(name).endsWith('__heddle_bundle.mjs'),
      );
    } catch {
      return [];
    }
  };
  const dispose = async () => {
    await worker[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  };
  return { run, bundles, folder, [Symbol.asyncDispose]: dispose };
}

function newFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'heddle empty ü-')));
}

/** A package with native code that says whose it is, and lets nobody import its package.json. */
function install(folder: string): void {
  const facts = { name: 'native', version: '1.2.3', gypfile: true, exports: './index.mjs' };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(facts));
  writeFileSync(join(folder, 'index.mjs'), `export const whose = import.meta.url.split('/').at(-4);`);
}

function inFolder(folder: string, args: readonly string[], env: Readonly<Record<string, string>>): Program {
  return new Program(process.execPath, args, env, folder);
}
