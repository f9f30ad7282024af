// Worker processes that cannot load what they are given: others run that, and nobody is left without a word.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Flow, type LogRecord, type Task } from 'heddle';
import { at, on, started } from './over-sockets.ts';
import { joinedWorker } from './worker-process.ts';

test('a worker that lacks a package fails nothing: others run it, and the log says what to install where', async () => {
  await using house = await houseOf({ ada: 'bare', bob: 'furnished' });

  const { state, told } = await house.run(new Flow('scaled', () => house.scale.map(numbers(5_000))));

  assert.equal(state.type, 'Success', state.message);
  assert.equal(state.output.length, 5_000);
  const [warning, ...others] = told;
  assert.deepEqual(others, []);
  assert.equal(warning?.level, 'warn');
  const lacks =
    /^worker ada is unable to run it, so what it was given is run by others: .*EXTERNAL_MISSING.* npm i native@1\.2\.3/;
  assert.match(warning.message, lacks);
});

test('a worker of which only some threads can load a task runs it on the others, and says so once', async () => {
  await using house = await houseOf({ ada: 'furnished' }, { threads: 3 });

  const { state, told } = await house.run(new Flow('lucky', () => house.lucky.map(numbers(300))));

  assert.deepEqual([state.type, state.output.length], ['Success', 300], state.message);
  const lines = told.map(({ level, message }) => [level, message.split(':')[0]]);
  const message = 'a thread of worker ada is unable to run it, so what it was given is run by others there';
  assert.deepEqual(lines, [['warn', message]]);
});

test('a worker that can start no thread crashes nothing: others run it, and the log says once what to look at', async () => {
  await using house = await houseOf({ ada: 'threadless', bob: 'furnished' });

  const { state, told } = await house.run(new Flow('scaled', () => house.scale.map(house.scale.map(numbers(1_000)))));

  assert.deepEqual([state.type, state.output?.length], ['Success', 1_000], state.message);
  const [warning, ...others] = told;
  assert.deepEqual(others, []);
  const lacks = /^worker ada is unable to run it, .*: no thread could be started: no more of them\. .*NODE_OPTIONS/;
  assert.match(warning!.message, lacks);
});

test('an input that cannot be read fails its task runs, and says nothing of the worker', async () => {
  await using house = await houseOf({ ada: 'furnished', bob: 'furnished' });

  const { state, told } = await house.run(new Flow('poison', () => house.taste.map(house.brew.map(numbers(100)))));

  const codes = state
    .of('taste')
    .children.flatMap((child) => (child.error as { code?: string } | undefined)?.code ?? []);
  assert.deepEqual(new Set(codes), new Set(['TYPE_CODEC_FAILED']));
  assert.ok(codes.length < 100, String(codes.length));
  assert.deepEqual(
    told.filter(({ message }) => message.includes('is unable')),
    [],
  );
});

test('tasks one after the other all go to the worker that can run them', async () => {
  await using house = await houseOf({ ada: 'bare', bob: 'furnished' });
  const { scale } = house;

  const { state } = await house.run(new Flow('chain', () => scale(scale(scale(scale(scale(1)))))));

  assert.deepEqual([state.type, state.output], ['Success', 243]);
});

test('what no worker can run fails with the reason, once all of them were asked', async () => {
  await using house = await houseOf({ ada: 'bare', bob: 'bare' });

  const { state, told } = await house.run(new Flow('none', () => house.scale.map(numbers(100))));

  assert.equal(state.type, 'Failed');
  const codes = state.of('scale').children.map((child) => (child.error as { code?: unknown } | undefined)?.code);
  assert.deepEqual(new Set(codes), new Set(['EXTERNAL_MISSING']));
  const [declined, error, finished] = told;
  assert.deepEqual([told.length, declined?.level, error?.level], [3, 'warn', 'error']);
  assert.match(declined!.message, /^worker (?:ada|bob) is unable to run it, .*[^\n]$/);
  assert.match(error!.message, /^HeddleError \[EXTERNAL_MISSING\]: /);
  assert.match(finished!.message, /^finished: 100 runs in .*, 100 failed \(indices 0, 1, 2, .* and 90 more\)$/);
});

test('a worker that cannot write where it is to keep code does so elsewhere until it ends, and says so', async () => {
  await using house = await houseOf({ ada: 'homeless' });
  const [, elsewhere] = /cannot keep code in .*package\.json: ENOTDIR.*; until it ends it does so in (.*)$/.exec(
    house.lines('ada')[0]!,
  )!;

  const { state } = await house.run(new Flow('one', () => house.brew(1)));

  assert.equal(state.type, 'Success', state.message);
  assert.ok(existsSync(elsewhere!));
  await house.leave('ada');
  assert.ok(!existsSync(elsewhere!));
});

test('a worker that can write nowhere says so as it starts', async () => {
  await using house = await houseOf({ ada: 'blocked' });

  assert.match(
    house.lines('ada')[0]!,
    /it cannot keep code in .*package\.json: ENOTDIR.*, nor in \/nowhere\. .*HEDDLE__CODE__DIRECTORY/,
  );
});

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

/**
 * One that is furnished has the package that the task needs; one that is homeless too, but a file where code is to go;
 * one that is blocked has that file, and no folder for what is temporary; of one that is threadless, what Node loads
 * first in each thread fails.
 */
type Kind = 'bare' | 'furnished' | 'homeless' | 'blocked' | 'threadless';

type NumberTask = Task<[number: number], number>;

interface Tasks {
  readonly scale: NumberTask;
  readonly brew: Task<[number: number], object>;
  readonly taste: Task<[drink: object], number>;
  readonly lucky: NumberTask;
}

/** Of the values that `brew` gives, that of 7 cannot be read. */
const source = `import { registerType, task } from 'heddle'; import { factor } from 'native';
export class Drink { constructor(n) { this.n = n; } }
registerType(Drink, {
  tag: 'Drink',
  encode: ({ n }) => n,
  decode: (n) => { if (n === 7) throw new Error('seven'); return new Drink(n); },
});
export const scale = task('scale', (number) => number * factor);
export const brew = task('brew', (n) => new Drink(n));
export const taste = task('taste', ({ n }) => n);
`;

/** A module that one thread of the worker cannot load: the first that tries to. */
function luckySource(mark: string): string {
  return `import { task } from 'heddle'; import { openSync } from 'node:fs'; import { isMainThread } from 'node:worker_threads';
  let isFirst = !isMainThread;
  try { if (isFirst) openSync(${JSON.stringify(mark)}, 'wx'); } catch { isFirst = false; }
  if (isFirst) throw new Error('bad luck');
  export const lucky = task('lucky', (number) => number);`;
}

const threadlessSource = `import { isMainThread } from 'node:worker_threads';
  if (!isMainThread) throw new Error('no more of them');`;

async function moduleAt<Module>(file: string): Promise<Module> {
  return (await import(pathToFileURL(file).href)) as Module;
}

/** Workers by their names, each in a folder of its own, and a task that needs a package with native code. */
async function houseOf(workers: Readonly<Record<string, Kind>>, { threads = 1 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-unable-'));
  const project = join(folder, 'project');
  install(project);
  symlinkSync(join(import.meta.dirname, '../..'), join(project, 'node_modules/heddle'));
  writeFileSync(join(project, 'tasks.mjs'), source);
  writeFileSync(join(project, 'lucky.mjs'), luckySource(join(folder, 'mark')));
  const { scale, brew, taste } = await moduleAt<Tasks>(join(project, 'tasks.mjs'));
  const { lucky } = await moduleAt<Pick<Tasks, 'lucky'>>(join(project, 'lucky.mjs'));
  const preload = join(folder, 'preload.mjs');
  writeFileSync(preload, threadlessSource);
  const cluster = await started();
  const entries = Object.entries(workers).map(async ([name, kind]) => {
    const place = join(folder, name);
    mkdirSync(place);
    if (kind === 'furnished' || kind === 'homeless') install(place);
    const hasPlace = kind !== 'homeless' && kind !== 'blocked';
    const codeDirectory = hasPlace ? join(place, 'code') : join(project, 'node_modules/native/package.json');
    const env = {
      ...(kind === 'threadless' && { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` }),
      ...(kind === 'blocked' && { TMPDIR: '/nowhere' }),
    };
    return [name, await joinedWorker({ ...at(cluster), name, folder: place, codeDirectory, threads, env })] as const;
  });
  const processes = new Map(await Promise.all(entries));
  const run = async <Plan>(flow: Flow<Plan>) => {
    const told: LogRecord[] = [];
    const onLog = (record: LogRecord) => {
      if (record.task !== undefined && record.level !== 'info') told.push(record);
    };
    return { state: await flow.run({ executor: on(cluster), onLog }), told };
  };
  const dispose = async () => {
    for (const worker of processes.values()) await worker[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  };
  return {
    run,
    scale,
    brew,
    taste,
    lucky,
    lines: (name: string) => processes.get(name)!.lines,
    leave: (name: string) => {
      processes.get(name)!.kill('SIGTERM');
      return processes.get(name)!.exited();
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** A package with native code, as far as a bundle can tell: such stay outside. */
function install(folder: string): void {
  const place = join(folder, 'node_modules/native');
  mkdirSync(place, { recursive: true });
  const facts = { name: 'native', version: '1.2.3', gypfile: true, exports: './index.mjs' };
  writeFileSync(join(place, 'package.json'), JSON.stringify(facts));
  writeFileSync(join(place, 'index.mjs'), 'export const factor = 3;');
}
