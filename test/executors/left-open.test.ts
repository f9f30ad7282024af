// What a program is told that is through, and does not end because a cluster of its own still listens.

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster, WebSocketCluster } from 'heddle/executors';
import { LeftOpen } from '../../src/executors/left-open.ts';
import { Program } from '../cli/process.ts';
import { joinedWorker } from './worker-process.ts';

const url = 'ws://127.0.0.1:8786';
const script = join(import.meta.dirname, '../fixtures/leaves-a-cluster-open.ts');

test('a program that stays because its cluster still listens is told so, and workers stay', async () => {
  await using program = new Program(process.execPath, [script, 'listening']);
  const at = await program.line(/^ws:/);
  await using ada = await joinedWorker({ url: at, token: 'weft', name: 'ada' });
  await program.line(/^2 3$/);

  const told = await program.line(/CLUSTER_LEFT_OPEN/);

  assert.match(
    told,
    /^\(node:\d+\) \[CLUSTER_LEFT_OPEN\] Warning: the program is through, and its process stays only /,
  );
  assert.match(
    told,
    new RegExp(`because its WebSocketCluster at ${at} is still open.* await cluster\\.close\\(\\)\\.$`),
  );
  await using bob = await joinedWorker({ url: at, token: 'weft', name: 'bob' });
  assert.deepEqual(
    [program.child.exitCode, ada.lines.some((line) => /left/.test(line)), bob.pid > 0],
    [null, false, true],
  );
});

for (const [which, end] of [['threads'], ['processes'], ['threads', 'close']]) {
  test(`a program is told that it forgot its cluster of ${which} (${end ?? 'left open'})`, async () => {
    await using program = new Program(process.execPath, [script, which!, 'anywhere', ...(end ? [end] : [])]);

    assert.deepEqual([await program.status(), program.stdout], [0, ['2 3']]);

    const warnings = program.stderr.filter((line) => line.includes('Warning'));
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^\(node:\d+\) \[CLUSTER_NOT_USED\] Warning: a LocalCluster was started, and no flow of this program ran on it.* executor: new DistributedExecutor\(\(\) => cluster\)/,
    );
  });
}

test('a program that forgot its cluster does not stay without a word because that listens', async () => {
  await using program = new Program(process.execPath, [script, 'listening', 'anywhere']);

  await program.line(/CLUSTER_LEFT_OPEN/);

  assert.equal(
    program.stderr.filter((line) => /CLUSTER_NOT_USED.*a WebSocketCluster was started/.test(line)).length,
    1,
  );
});

for (const end of ['leave', 'close']) {
  test(`a flow that is to run elsewhere forgot no cluster (${end})`, async () => {
    await using program = new Program(process.execPath, [script, 'threads', 'on-this-thread', end]);

    assert.deepEqual([await program.status(), program.stdout, program.stderr], [0, ['2 3'], []]);
  });
}

test('a cluster that was used before it was started again is not forgotten', async () => {
  await using program = new Program(process.execPath, [script, 'threads', 'on-it', 'again']);

  assert.deepEqual([await program.status(), program.stdout, program.stderr], [0, ['2 3'], []]);
});

test('nor is one that was closed while it started', async () => {
  await using program = new Program(process.execPath, [script, 'threads', 'anywhere', 'soon-closed']);

  assert.deepEqual([await program.status(), program.stdout, program.stderr], [0, ['2 3'], []]);
});

test('nor is one that a flow of its program reached by its address', async () => {
  await using program = new Program(process.execPath, [script, 'listening', 'anywhere', 'by-address']);
  await using _ada = await joinedWorker({ url: await program.line(/^ws:/), token: 'weft', name: 'ada' });

  assert.deepEqual([await program.status(), program.stderr], [0, []]);
});

test('it is told once, when no flow runs any more and nothing else keeps the process', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const { open, house, events } = cluster();

  open.used();
  t.mock.timers.tick(10_000);
  assert.deepEqual(events.splice(0), ['ref']);
  house.flowRuns = 0;
  t.mock.timers.tick(3_000);
  assert.deepEqual(events.splice(0), ['unref']);
  house.program.emit('beforeExit');
  t.mock.timers.tick(1_000);
  assert.deepEqual(events.splice(0), ['ref', 'CLUSTER_LEFT_OPEN']);

  open.used();
  t.mock.timers.tick(10_000);
  house.program.emit('beforeExit');
  t.mock.timers.tick(10_000);
  assert.deepEqual(events, []);
});

test('a program that closes its cluster, or runs a flow, when Node says that it would end is told nothing', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const { open, house, events } = cluster();
  house.flowRuns = 0;

  open.used();
  t.mock.timers.tick(3_000);
  house.program.emit('beforeExit');
  house.flowRuns = 1;
  open.used();
  t.mock.timers.tick(10_000);
  assert.deepEqual(events.splice(0), ['ref', 'unref', 'ref', 'ref']);

  house.flowRuns = 0;
  t.mock.timers.tick(3_000);
  house.program.emit('beforeExit');
  open[Symbol.dispose]();
  t.mock.timers.tick(10_000);
  assert.deepEqual(events, ['unref', 'ref']);
});

test('a run that begins meanwhile holds the process again, and so does nothing once the cluster is closed', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const { open, house, events } = cluster();
  house.flowRuns = 0;

  open.used();
  t.mock.timers.tick(3_000);
  open.used();
  house.program.emit('beforeExit');
  assert.deepEqual(events.splice(0), ['ref', 'unref', 'ref']);

  t.mock.timers.tick(3_000);
  open[Symbol.dispose]();
  house.program.emit('beforeExit');
  open.used();
  t.mock.timers.tick(10_000);
  assert.deepEqual(events, ['unref']);
});

test('a program that waits for a signal is meant to stay, and so is one whose own flows never ran there', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const { open, house, events } = cluster();
  house.flowRuns = 0;

  t.mock.timers.tick(10_000);
  house.program.emit('beforeExit');
  assert.deepEqual(events, []);

  house.program.once('SIGTERM', () => {});
  open.used();
  t.mock.timers.tick(3_000);
  house.program.emit('beforeExit');
  t.mock.timers.tick(10_000);
  assert.deepEqual(events, ['ref', 'unref', 'ref']);
});

/** What it does to its listener, and says, in order. */
function cluster() {
  const events: string[] = [];
  const emitWarning = (_: string, { code }: { code: string }) => void events.push(code);
  const program = Object.assign(new EventEmitter(), { emitWarning });
  const house = { flowRuns: 1, program };
  const listener = { ref: () => void events.push('ref'), unref: () => void events.push('unref') };
  const open = new LeftOpen({ url, listener, hasFlowRuns: () => house.flowRuns > 0, program: program as never });
  return { open, house, events };
}

test('who has many runs at once start a cluster each is told once to share one', { timeout: 60_000 }, async () => {
  const warnings: (Error & { code?: string })[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  const run = async (executor: DistributedExecutor) => await new Flow('f', () => 1).run({ executor, onLog: () => {} });
  const many = Array.from({ length: 10 });
  await using cluster = new LocalCluster({ workers: 1 });

  await Promise.all(many.map(() => run(new DistributedExecutor(() => cluster))));
  for (const _ of many) await run(new DistributedExecutor(() => new WebSocketCluster({ port: 0, token: 'own' })));
  assert.equal(warnings.length, 0);
  await Promise.all(many.map(() => run(new DistributedExecutor(() => new LocalCluster({ workers: 1 })))));

  process.off('warning', note);
  assert.deepEqual([warnings.length, warnings[0]?.code], [1, 'CLUSTER_PER_RUN']);
  assert.match(warnings[0]!.message, /^more than 8 flow runs .* await cluster\.start\(\) once/);
});
