// What large results do to the memory of those who hold them, and what becomes of a run when there is no room.

import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, type ClusterStatus } from 'heddle/executors';
import { hoard } from '../fixtures/hoarding.ts';
import { heapLimit, heldBack, level, raise, swell } from '../fixtures/heavy.ts';
import { sum } from '../fixtures/tasks.ts';
import { newFolder } from '../scheduler/folder.ts';
import { runOn } from './contract.ts';
import { CommandProcess, joinedWorker } from './worker-process.ts';

const token = 'memory';
const bounded = { timeout: 60_000 };
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

suite('memory', { concurrency: 2 }, () => {
  test('a scheduler holds more results than it has memory for, on disk', bounded, async () => {
    await using scheduler = await startedScheduler();
    const { url } = scheduler.address;
    await using _ = await joinedWorker({ url, token, name: 'ada' });
    const before = peakOf(scheduler.pid);
    const flow = new Flow('held', () => ({ levels: heldBack(numbers(40), 4_000_000) }));

    const { state } = await runOn(new DistributedExecutor(url, { token }))(flow);

    assert.deepEqual(state.output.levels, numbers(40));
    const grown = peakOf(scheduler.pid) - before;

    assert.ok(grown < 180, `it took ${grown} MB more than at its start, for results of 160 MB`);
  });

  test('the heap of a thread of a worker is as large as its command line says', bounded, async () => {
    await using scheduler = await startedScheduler();
    const { url } = scheduler.address;
    await using _ = await joinedWorker({ url, token, name: 'ada', args: ['--thread-memory', '64'] });

    const { state } = await runOn(new DistributedExecutor(url, { token }))(new Flow('heap', () => heapLimit()));

    assert.equal(state.output, 64);
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

  test('a flow that stands still for a while costs its scheduler no memory, and misses nothing', bounded, async () => {
    await using scheduler = await startedScheduler();
    // Its code is here: who stands still sends none.
    await using _ = await joinedWorker({ ...scheduler.address, name: 'ada', code: 'module' });
    using client = new FlowProcess('many-results', scheduler.address);

    await scheduler.metric('settled_total', (settled) => settled >= 31);
    const held = await scheduler.metric('held_bytes', () => true);
    const spilled = await scheduler.metric('spilled_bytes', (bytes) => bytes > held - 16_000_000);
    client.goOn();

    assert.ok(held >= 30_000_000, `${held} bytes are held, ${spilled} of them on disk`);
    assert.deepEqual(JSON.parse(await client.ended), { count: 40, levels: numbers(40) });
  });

  test('a thread that rests gives back what its tasks have left behind', bounded, async () => {
    const script = fileURLToPath(new URL('../fixtures/rests-after-work.ts', import.meta.url));

    // V8 takes some eight seconds, or a few times that.
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 50_000 });

    assert.match(stdout, /^\d+\nless than half\n$/);
  });

  test('a flood of lines waits for whoever reads them, and none is lost', bounded, async () => {
    await using scheduler = await startedScheduler();
    await using _ = await joinedWorker({ ...scheduler.address, name: 'ada' });
    using client = new FlowProcess('many-lines', scheduler.address);
    await client.said('begun');
    client.stop();

    await scheduler.metric('flow_runs_paused', (paused) => paused === 1);
    client.goOn();

    assert.deepEqual(JSON.parse(await client.ended), { lines: 100_000, inOrder: true });
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

  test(
    'a worker that takes too much memory ends what it has begun last, and only that is to blame',
    bounded,
    async () => {
      const cluster = () =>
        new LocalCluster({ workers: 1, processes: true, workerMemory: '450MB', allowedFailures: 1 });
      const flow = new Flow('hoarding', () => hoard.map([10, 20, 1_000, 30]));

      const { state, logs } = await runOn(new DistributedExecutor(cluster))(flow);

      const children = state.of('hoard').children;
      assert.deepEqual(
        children.map(({ type }) => type),
        ['Success', 'Success', 'Crashed', 'Success'],
      );
      assert.match(
        children[2]!.message,
        /lost 2 times; last on worker-1: its worker took [\d.]+ [MG]B of the 450 MB that it may \(see workerMemory\)/,
      );
      assert.ok(
        logs.some(({ message }) =>
          message.startsWith('worker worker-1 begins nothing more for now: its process takes'),
        ),
      );
    },
  );

  test('results for which the disk has no room stay in memory, which is told once', bounded, async () => {
    using folder = newFolder();

    const { output, warnings } = await onSmallDisk(folder.path, '2m');

    assert.deepEqual(output, { levels: numbers(8) });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^results take more than 1 MB .* moved to disk in .*: ENOSPC: no space left on device/);
  });
});

/** A real `heddle scheduler` that is allowed little memory for results. */
class SchedulerProcess extends CommandProcess {
  constructor() {
    super(['scheduler', '--listen', '0', '--memory-limit', '8MB'], token);
  }

  get address(): { url: string; token: string } {
    const [url = ''] = /ws:\S+\d/.exec(this.lines.join('\n')) ?? [];
    return { url, token };
  }

  /** Asks for it until it is as it should be, and gives it. */
  async metric(name: string, isRight: (value: number) => boolean): Promise<number> {
    const page = this.address.url.replace('ws', 'http');
    for (;;) {
      const response = await fetch(`${page}/metrics`, { headers: { authorization: `Bearer ${token}` } });
      const value = Number(new RegExp(`^heddle_${name} (\\S+)$`, 'm').exec(await response.text())?.[1]);
      if (isRight(value)) return value;
    }
  }
}

async function startedScheduler(): Promise<SchedulerProcess> {
  const scheduler = new SchedulerProcess();
  await scheduler.said(/for those who watch/);
  return scheduler;
}

/** `test/fixtures/<name>.ts` in a process of its own, that can be made to stand still. */
class FlowProcess implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, address: { url: string; token: string }) {
    const path = fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url));
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    this.#child = spawn(process.execPath, [path, address.url], {
      stdio: [...stdio],
      env: { ...process.env, HEDDLE_TOKEN: address.token },
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line that it prints. */
  get ended(): Promise<string> {
    return this.#lines.next().then(({ value }) => String(value));
  }

  async said(line: string): Promise<void> {
    assert.equal(await this.ended, line);
  }

  stop(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

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
