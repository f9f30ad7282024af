// What large results do to the memory of those who hold them, and what becomes of a run when there is no room.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, type ClusterStatus } from 'heddle/executors';
import { heldBack, level, raise, swell } from '../fixtures/heavy.ts';
import { sum } from '../fixtures/tasks.ts';
import { newFolder } from '../scheduler/folder.ts';
import { runOn } from './contract.ts';
import { CommandProcess, joinedWorker } from './worker-process.ts';

const token = 'memory';
const bounded = { timeout: 30_000 };
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

suite('memory', { concurrency: 2 }, () => {
  test('a scheduler holds more results than it has memory for, on disk', bounded, async () => {
    await using scheduler = new CommandProcess(['scheduler', '--listen', '0', '--memory-limit', '8MB'], token);
    await scheduler.said(/listening at/);
    const [url = ''] = /ws:\S+\d/.exec(scheduler.lines.join('\n')) ?? [];
    await using _ = await joinedWorker({ url, token, name: 'ada' });
    const before = peakOf(scheduler.pid);
    const flow = new Flow('held', () => ({ levels: heldBack(numbers(40), 4_000_000) }));

    const { state } = await runOn(new DistributedExecutor(url, { token }))(flow);

    assert.deepEqual(state.output.levels, numbers(40));
    const grown = peakOf(scheduler.pid) - before;

    assert.ok(grown < 180, `it took ${grown} MB more than at its start, for results of 160 MB`);
  });

  test('what is over the limit of a local cluster is on disk until it is needed', bounded, async () => {
    await using cluster = new LocalCluster({ workers: 1, resultMemory: '1MB' });
    await cluster.start();
    const flow = new Flow('spilled', () => ({ levels: heldBack(numbers(32), 500_000) }));
    let status: Promise<ClusterStatus> | undefined;

    const { state } = await runOn(new DistributedExecutor(() => cluster))(flow, {
      onLog: ({ message }) => {
        if (message === 'now the rest') status = cluster.status();
      },
    });

    assert.deepEqual(state.output.levels, numbers(32));
    const { heldBytes = 0, spilledBytes = 0 } = (await status) ?? {};
    assert.ok(heldBytes >= 16_000_000, `${heldBytes} bytes are held`);
    assert.ok(spilledBytes > 0);
    assert.deepEqual(await cluster.status().then((after) => [after.heldBytes, after.spilledBytes]), [0, 0]);
  });

  test('what only dependents need is dropped as soon as they have it', bounded, async () => {
    await using cluster = new LocalCluster({ workers: 1 });
    await cluster.start();
    let most = 0;
    const flow = new Flow('passed-on', () => {
      const levels = level.map(raise.map(swell.map(numbers(40), unmapped(1_000_000))));
      return { total: sum(levels) };
    });

    const { state } = await runOn(new DistributedExecutor(() => cluster))(flow, {
      onLog: () => {
        void cluster.status().then(({ heldBytes }) => (most = Math.max(most, heldBytes)));
      },
    });

    assert.equal(state.output.total, 820);
    assert.ok(most > 0 && most < 20_000_000, `${most} bytes were held at one time`);
  });

  test('results that are large, and that the builder did not return, are not kept, and say so', bounded, async () => {
    const flow = new Flow('not-kept', () => {
      const swelled = swell.map(numbers(70), unmapped(1_000_000));
      return { total: sum(level.map(swelled)) };
    });

    const { state } = await runOn(new LocalExecutor())(flow);

    assert.equal(state.output.total, 2_415);
    const [child] = state.of('swell').children;
    assert.equal(child?.isSuccessful(), true);
    assert.throws(() => child?.result, {
      code: 'RESULT_NOT_KEPT',
      task: 'swell',
      message: /^the results of 'swell' were not kept, because they are large \(66\.8 MB\) and only the tasks that/,
    });
    assert.throws(() => state.of('swell').result, { code: 'RESULT_NOT_KEPT' });
    assert.equal(state.of('swell').toJSON().children?.length, 70);
    assert.deepEqual(state.of('level').result, numbers(70));
  });

  test('results for which the disk has no room stay in memory, which is told once', bounded, async () => {
    using folder = newFolder();

    const { output, warnings } = await onSmallDisk(folder.path, '2m');

    assert.deepEqual(output, { levels: numbers(8) });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^results take more than 1 MB .* moved to disk in .*: ENOSPC: no space left on device/);
  });
});

const program = fileURLToPath(new URL('../fixtures/spilling.ts', import.meta.url));

/** What `spilling.ts` says where its disk is so small. Only its process sees that disk. */
async function onSmallDisk(folder: string, size: string): Promise<{ output: unknown; warnings: string[] }> {
  const script = `mount -t tmpfs -o size=${size} none "$1" && exec "$2" "$3" "$1"`;
  const args = ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder, process.execPath, program];
  const { stdout } = await promisify(execFile)('unshare', args);
  return JSON.parse(stdout) as { output: unknown; warnings: string[] };
}

/** The most memory that a process had so far, in megabytes. */
function peakOf(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}
