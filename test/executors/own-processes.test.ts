import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { totalmem } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { memoryHere } from '../../src/executors/memory-here.ts';
import { startDaemon } from '../fixtures/daemon.ts';

const bounded = { timeout: 60_000 };

test('what a task writes to the streams of a worker process, its cluster writes to its own', bounded, async () => {
  const script = fileURLToPath(new URL('../fixtures/writes-to-streams.ts', import.meta.url));

  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script]);

  const linesOf = (text: string) => text.trimEnd().split('\n').toSorted();
  assert.deepEqual(linesOf(stdout), ['out of its child', 'out of the task']);
  assert.deepEqual(linesOf(stderr), ['errors of its child', 'errors of the task']);
});

test('a program that a task has started to stay is not waited for when its worker process ends', bounded, async () => {
  const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1, processes: true }));

  const { output: daemon } = await new Flow('daemon', { executor }, () => startDaemon()).run({ onLog: () => {} });

  assert.ok(process.kill(daemon, 'SIGKILL'), 'it is still there');
});

test('a worker process for which no file is left to open is told like any other that ended', bounded, async () => {
  const script = fileURLToPath(new URL('../fixtures/no-files-left.ts', import.meta.url));

  const limited = ['-c', 'ulimit -n 100; exec "$0" "$1"', process.execPath, script];
  const { stdout } = await promisify(execFile)('sh', limited);

  const [refused = '', workers] = stdout.trimEnd().split('\n');
  const { code, message } = JSON.parse(refused) as { code: string; message: string };
  assert.equal(code, 'WORKER_ENDED');
  assert.match(message, /^worker worker-2 ended \(spawn .* EMFILE\); it said nothing$/);
  assert.equal(workers, '2');
});

test('of what a worker process wrote before it ended, the last twenty lines are told', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1, processes: true });
  const { execArgv } = process;
  const lines = 'for (let line = 1; line <= 30; line += 1) console.error(`line ${line}`); process.exit(3)';
  process.execArgv = ['--import', `data:text/javascript,${encodeURIComponent(lines)}`];

  try {
    const last = Array.from({ length: 20 }, (_, index) => `\n  line ${index + 11}`).join('');
    const message = `worker worker-1 ended (exit code 3); its last words were:${last}`;
    await assert.rejects(cluster.start(), { code: 'WORKER_ENDED', message });
  } finally {
    process.execArgv = execArgv;
  }
});

test('worker processes have equal shares of the memory that there is', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 2, processes: true });
  await cluster.start();

  const limits = async () => (await cluster.status()).workers.map(({ memoryLimitBytes }) => memoryLimitBytes);
  let shares = await limits();
  // They tell it now and then.
  for (; shares.includes(undefined); shares = await limits()) await new Promise(setImmediate);

  const share = Math.floor(memoryHere() / 2);
  assert.deepEqual(shares, [share, share]);
});

test(
  'more worker processes than there is memory for are refused before one is started',
  { skip: totalmem() > 60 * 2 ** 30 && 'needs less than 60 GB of memory' },
  () => {
    assert.throws(() => new LocalCluster({ workers: 1_000, processes: true }), {
      code: 'INVALID_OPTION',
      option: 'workers',
      message:
        /^1000 worker processes take 62\.5 GB before they run anything, and this machine has [\d.]+ [MG]B: give /,
    });
    assert.match(new LocalCluster({ workers: 1_000 }).description, /^1000 workers with 1 thread each in this process$/);
  },
);
