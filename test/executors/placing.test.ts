// What tasks need of workers, what overlaps and dies, and what must not run twice.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Flow, Parameter, unmapped, type LogRecord } from 'heddle';
import {
  DistributedExecutor,
  LocalCluster,
  LocalExecutor,
  WebSocketCluster,
  type LocalClusterOptions,
} from 'heddle/executors';
import { countOf, newDiary } from '../fixtures/diary.ts';
import { double, inc } from '../fixtures/tasks.ts';
import { computes, needsGpu, overlapAndExit, payOnce, waits } from '../fixtures/overlapping.ts';
import { runOn } from './contract.ts';
import { joinedWorker } from './worker-process.ts';

const bounded = { timeout: 30_000 };
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

for (const processes of [false, true]) {
  const where = processes ? 'a worker process' : 'a worker';
  test(`${where} runs no more of a task at once than it has resources for`, bounded, async () => {
    using folder = newFolder();
    const flow = new Flow('gpus', () => needsGpu.map(numbers(10), unmapped(folder.path)));
    const cluster = { workers: 1, threads: 3, processes, resources: { gpu: 1.5 }, labels: ['eu', 'big'] };

    const { state } = await run(flow, cluster);

    assert.equal(state.type, 'Success', state.message);
  });
}

test('what no worker can run waits, is told at once with the nearest, and runs when one joins', bounded, async () => {
  using folder = newFolder();
  await using cluster = new WebSocketCluster({ port: 0, token: 'gpu' });
  await cluster.start();
  const at = { url: cluster.url!, token: 'gpu' };
  await using _ = await joinedWorker({ ...at, name: 'ada', args: ['--resource', 'gpu=0.5', '--label', 'us'] });
  const told = Promise.withResolvers<LogRecord>();
  const onLog = (record: LogRecord) => {
    if (record.message.includes('cannot run yet')) told.resolve(record);
  };
  const flow = new Flow('stranded', () => needsGpu(1, folder.path));
  const running = runOn(new DistributedExecutor(() => cluster))(flow, { flowRunName: 'waiting', onLog });

  const { level, message } = await told.promise;
  const explained = await cluster.explain({ flowRunName: 'waiting', task: 'needs-gpu' });
  await using __ = await joinedWorker({ ...at, name: 'bob', args: ['--resource', 'gpu=2', '--label', 'eu'] });
  const { state } = await running;

  assert.equal(level, 'warn');
  const why =
    "it needs gpu 1 and label 'eu', and no worker here has that; the nearest, ada, has no label 'eu' and has gpu 0.5. " +
    "It waits for one that has: heddle worker URL --resource gpu=1 --label eu, or new LocalCluster({ resources: { gpu: 1 }, labels: ['eu'] })";
  assert.equal(message, `task 'needs-gpu' cannot run yet: ${why}`);
  const queue = 'is queued behind 0 indices of its own array and 0 other arrays';
  assert.equal(explained, `Task 'needs-gpu' ${queue}, and ${why}.`);
  assert.equal(state.output, 1);
  const { workers } = await cluster.status();
  const bob = workers.find(({ name }) => name === 'bob');
  assert.deepEqual([bob?.resources, bob?.labels], [{ gpu: 2 }, ['eu']]);
});

test('a task that is called parameters is not taken for those of the flow run', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  const cancelling = new AbortController();
  const told = Promise.withResolvers<void>();
  const onLog = ({ message }: LogRecord) => void (message.includes('cannot run yet') && told.resolve());
  const flow = new Flow('long-text', () => {
    new Parameter('text');
    return needsGpu.with({ name: 'parameters' })(1, '');
  });
  const running = runOn(new DistributedExecutor(() => cluster))(flow, {
    flowRunName: 'waiting',
    parameters: { text: 'weft '.repeat(10_000) },
    signal: cancelling.signal,
    onLog,
  });

  await told.promise;
  const explained = await cluster.explain({ flowRunName: 'waiting', task: 'parameters' });
  cancelling.abort();
  await running;

  assert.match(explained, /^Task 'parameters' is queued behind .* it needs gpu 1 and label 'eu'/);
});

test('on the thread of the flow itself nobody asks what a task needs', bounded, async () => {
  using folder = newFolder();
  const flow = new Flow('here', () => needsGpu(1, folder.path));

  const { state } = await runOn(new LocalExecutor())(flow);

  assert.equal(state.output, 1);
});

test('when a thread dies that several runs share, only the one to blame is charged, alone', bounded, async () => {
  using diary = newDiary();
  const flow = new Flow('shared-fate', () => overlapAndExit.map(numbers(12), unmapped(5), unmapped(diary.path)));

  const { state, logs } = await run(flow, { workers: 1, allowedFailures: 1 });

  const types = state.of('overlap-and-exit').children.map(({ type }) => type);
  assert.deepEqual(types, numbers(12).map((x) => (x === 5 ? 'Crashed' : 'Success'))); // prettier-ignore
  const { message, error } = state.of('overlap-and-exit').children[5]!;
  assert.match(message, /were lost 2 times; last on worker-1: its thread ended with exit code 7.*about to do 5$/s);
  assert.deepEqual((error as Error & { lastLines?: unknown }).lastLines, ['about to do 5']);
  // Together with the others, and twice alone; of the others none was lost alone.
  assert.equal(countOf(diary.path, 'run 5'), 3);
  assert.ok(numbers(12).every((x) => x === 5 || countOf(diary.path, `run ${x}`) <= 2));
  const loss = logs.find(({ message }) => message.includes('of which one was to blame'));
  assert.match(
    loss?.message ?? '',
    /exit code 7.*; the 4 runs of which one was to blame are run again, fewer together$/,
  );
});

test(
  "what must not run twice crashes with its thread, and with what overlapped: onWorkerLost 'crash'",
  bounded,
  async () => {
    using diary = newDiary();
    const flow = new Flow('payments', () => payOnce.map(numbers(6), unmapped(diary.path)));

    const { state } = await run(flow, { workers: 1 });

    const children = state.of('pay-once').children;
    const types = children.map(({ type }) => type);
    assert.deepEqual(types, ['Crashed', 'Crashed', 'Success', 'Success', 'Success', 'Success']);
    assert.ok(numbers(6).every((x) => countOf(diary.path, `run ${x}`) === 1));
    assert.match(children[0]!.message, /is not run again, because its task says onWorkerLost: 'crash'/);
  },
);

test(
  'a thread that mostly waits is told of once, with a number to try; one that computes is not',
  bounded,
  async () => {
    const flow = new Flow('idle', () => [
      waits.with({ tags: ['api'] }).map(numbers(12)),
      computes.map(numbers(6)),
      waits.with({ slug: 'as-told', concurrency: 1 }).map(numbers(12)),
    ]);

    const { logs } = await run(flow, { workers: 2 });

    const hints = logs.filter(({ message }) => message.includes('concurrency'));
    assert.equal(hints.length, 1, hints.map(({ message }) => message).join());
    assert.deepEqual([hints[0]!.task, hints[0]!.level], ['waits', 'info']);
    const words = /^task 'waits' mostly waits: .* had nothing to do for \d+ % of .*: try \{ concurrency: \d+ \}$/;
    assert.match(hints[0]!.message, words);
    assert.match(
      hints[0]!.message,
      /Unless native code works for it meanwhile.*, or the limit of a tag of it is reached,/,
    );
  },
);

test(
  'a task that is called often and mostly waits is told of once, since only runs of a map overlap',
  bounded,
  async () => {
    const flow = new Flow('called', () => [
      numbers(12).map(() => waits(0)),
      numbers(12).map(() => waits.with({ concurrency: 4 })(0)),
      numbers(10).map(() => computes(0)),
    ]);

    const { logs } = await run(flow, { workers: 1 });

    const hints = logs.filter(({ message }) => message.includes('map(…)'));
    assert.equal(hints.length, 1, hints.map(({ message }) => message).join());
    assert.deepEqual([hints[0]!.task, hints[0]!.level], ['waits', 'info']);
    assert.match(hints[0]!.message, /^task 'waits' mostly waits: .* Only the runs of one map overlap there\./);
    assert.match(hints[0]!.message, /Call waits\.map\(…\) once.*, rather than waits\(…\) 24 times$/);
    assert.doesNotMatch(hints[0]!.message, /limit of a tag/);
  },
);

test(
  'a task that is called a thousand times is told what that costs, and one that is mapped is not',
  bounded,
  async () => {
    const flow = new Flow('many', () => [numbers(1_000).map((x) => inc(x)), double.map(numbers(1_000)), double(1)]);

    const { logs } = await run(flow, { workers: 1 });

    const hints = logs.filter(({ message }) => message.includes('costs'));
    assert.equal(hints.length, 1);
    assert.match(hints[0]!.message, /^task 'inc' is called 1000 times, .* one call with \.map\(list\) costs about/);
  },
);

test('of a task whose runs wait for one another nothing is told', bounded, async () => {
  const flow = new Flow('chained', () => {
    let last = waits(0);
    for (const _ of numbers(11)) last = waits(last);
    return last;
  });

  const { logs } = await run(flow, { workers: 1 });

  assert.equal(logs.filter(({ message }) => message.includes('mostly waits')).length, 0);
});

function run<Plan>(flow: Flow<Plan>, options: LocalClusterOptions) {
  return runOn(new DistributedExecutor(() => new LocalCluster(options)))(flow);
}

function newFolder(): { readonly path: string } & Disposable {
  const parent = mkdtempSync(join(tmpdir(), 'heddle-alone-'));
  return { path: join(parent, 'alone'), [Symbol.dispose]: () => rmSync(parent, { recursive: true }) };
}
