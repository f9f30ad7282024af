// Clusters that a module starts at its top level: workers that import it for its tasks start none.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Flow, unmapped, type Executor } from 'heddle';
import { DistributedExecutor, LocalCluster, SSHCluster, WebSocketCluster } from 'heddle/executors';
import { heldFor } from '../fixtures/held.ts';
import { afterwards, early } from '../fixtures/imports-what-waits.ts';
import { late, look, processes, sockets, started, startItself, threads, token } from '../fixtures/starts-clusters.ts';
import { joinedWorker } from './worker-process.ts';

const bounded = { timeout: 60_000 };
const clusters = { threads, processes, sockets };
const worker = await joinedWorker({ url: sockets.url!, token, name: 'ada' });
after(async () => {
  for (const cluster of Object.values(clusters)) await cluster.close();
  await worker[Symbol.asyncDispose]();
});

for (const [where, cluster] of Object.entries(clusters)) {
  test(`what a module starts at its top level, no worker of ${where} starts again`, bounded, async () => {
    const { output, warnings } = await run(new Flow('f', () => look.map([0, 1])), cluster);

    assert.deepEqual(started(), [true, true, true]);
    assert.deepEqual(output, [
      [0, false, false, false],
      [1, false, false, false],
    ]);
    assert.deepEqual(warnings, []);
  });

  test(`a task on ${where} can start a cluster itself`, bounded, async () => {
    const { output } = await run(new Flow('f', () => startItself(4)), cluster);

    assert.deepEqual(output, [true, 8, 8]);
  });
}

for (const where of ['threads', 'processes'] as const) {
  test(
    `a task that is made after a start goes to ${where} with what it uses of what follows that`,
    bounded,
    async () => {
      const { output } = await run(new Flow('f', () => late(4)), clusters[where]);

      assert.deepEqual(output, [12, false, false, false]);
    },
  );
}

test('of an import that may wait for a flow run which is held back, it is told so', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  const stop = new AbortController();
  const flow = new Flow('late', () => afterwards.map([1, 2], unmapped(early(1))));
  const executor = new DistributedExecutor(() => cluster);

  const running = flow.run({ flowRunName: 'late', executor, signal: stop.signal, cancelGrace: 10, onLog: () => {} });
  let why = '';
  while (!why.includes('the import of')) {
    await new Promise((resolve) => setImmediate(resolve));
    why = await cluster.explain({ flowRunName: 'late', task: 'afterwards', mapIndex: 1 }).catch(() => '');
  }
  stop.abort();

  assert.match(
    why,
    /imports-what-waits\.ts \(for ever, if it imports \S+waits-for-its-run\.ts: that waits for the run of a flow, /,
  );
  assert.equal((await running).type, 'Cancelled');
});

test('where workers over sockets would not find it, the run says so at once, and why', bounded, async () => {
  await assert.rejects(run(new Flow('f', () => late(4)), sockets), {
    code: 'TASK_NOT_ADDRESSABLE',
    message:
      /^task 'late' was made after the start of a cluster that test\/fixtures\/starts-clusters\.ts:29 waits for \(.*\), so .* above the first run of a flow or start of a cluster, and under no condition,/,
  });
});

test('all that would start a cluster of any kind is held back while a worker imports a module', async () => {
  const all = [
    new LocalCluster({ workers: 1 }),
    new LocalCluster({ workers: 1, processes: true }),
    new WebSocketCluster({ port: 0, token }),
    new SSHCluster({ hosts: ['nowhere.invalid'] }),
  ];

  for (const cluster of all) {
    for (const call of ['start', 'connect', 'status'] as const) {
      assert.equal(await heldFor(() => cluster[call]()), 'start of a cluster', call);
    }
    assert.equal(cluster.isStarted, false);
    await cluster.close();
  }
});

async function run(flow: Flow, cluster: LocalCluster | WebSocketCluster) {
  const warnings: string[] = [];
  const onLog = ({ level, message }: { level: string; message: string }) => {
    if (level !== 'info') warnings.push(message);
  };
  const executor: Executor = new DistributedExecutor(() => cluster);
  const { output } = await flow.run({ executor, onLog });
  return { output, warnings };
}
