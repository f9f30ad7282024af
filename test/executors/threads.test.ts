import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Flow, type LogRecord } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { linesOf, newDiary } from '../fixtures/diary.ts';
import { leaveALine, tellAndBlock, writeTheLine } from '../fixtures/logging.ts';
import { argumentsHere, inc } from '../fixtures/tasks.ts';
import { describeContract } from './contract.ts';

const cluster = new LocalCluster({ workers: 2 });
before(() => cluster.start());
after(() => cluster[Symbol.asyncDispose]());

describeContract('threads', () => new DistributedExecutor(() => cluster), { sharesMemory: true });

test('an executor that is given no function is answered with the one to write', () => {
  assert.throws(() => new DistributedExecutor(cluster as never), /got a LocalCluster\. Write \(\) => cluster\.$/);
  assert.throws(() => new DistributedExecutor(LocalCluster as never), /Write \(\) => new LocalCluster\(\)\.$/);
  assert.throws(
    () => new DistributedExecutor({ workers: 4 } as never),
    /got an object\. Write \(\) => new LocalCluster\(\{ workers: 4 \}\), for threads\.$/,
  );
});

test('threads get the arguments of the command line, as the modules of scripts expect', async () => {
  process.argv.push('--day', 'monday');
  try {
    const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }));
    const state = await new Flow('arguments', () => argumentsHere()).run({ executor, onLog: () => {} });

    assert.deepEqual(state.output, process.argv.slice(2));
  } finally {
    process.argv.length -= 2;
  }
});

test('a file of tests that has tasks as well is not tested once more by each thread', async () => {
  using diary = newDiary();
  const file = fileURLToPath(new URL('../fixtures/tested-beside.ts', import.meta.url));

  // Not as a part of this run of tests.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(process.execPath, [file, diary.path], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const [said, [status]] = await Promise.all([textOf(child.stdout), once(child, 'close') as Promise<[number]>]);

  assert.equal(status, 0, said);
  assert.deepEqual(linesOf(diary.path).toSorted(), ['before', 'it', 'test']);
  assert.match(said, /^. tests 3$/m);
});

test('a clock that a test stops and sets back keeps no run from ending', async (t) => {
  t.mock.method(performance, 'now', () => 0);

  const executor = new DistributedExecutor(() => cluster);
  const state = await new Flow('timeless', () => inc.map([1, 2, 3])).run({ executor, onLog: () => {} });

  assert.deepEqual(state.output, [2, 3, 4]);
});

test('what a task has written is heard while it blocks its thread, in order and once', async () => {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const heard: string[] = [];
  const onLog = ({ message }: LogRecord) => {
    if (!message.startsWith('line ')) return;
    heard.push(message);
    if (message !== 'line 10') return;
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  const executor = new DistributedExecutor(() => cluster);

  const state = await new Flow('blocked', () => tellAndBlock(10, gate)).run({ executor, onLog });

  assert.equal(state.output, true);
  assert.deepEqual(
    heard,
    Array.from({ length: 10 }, (_, line) => `line ${line + 1}`),
  );
});

test('a line that is written after its run has ended holds up no other run', { timeout: 20_000 }, async () => {
  const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }));
  const flow = new Flow('left-behind', () => writeTheLine.with({ upstreamTasks: [leaveALine()] })());

  const state = await flow.run({ executor, onLog: () => {} });

  assert.equal(state.output, true);
});

test(
  'what a task prints last is not lost with its thread, also while it keeps it busy',
  { timeout: 60_000 },
  async () => {
    const file = fileURLToPath(new URL('../fixtures/prints-at-last.ts', import.meta.url));
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'ignore'] });

    const printed = ['first', 'last', 'Success', 'reading', 'parsing', 'adding up', 'TimedOut'];
    assert.deepEqual((await textOf(child.stdout)).trimEnd().split('\n'), printed);
  },
);
