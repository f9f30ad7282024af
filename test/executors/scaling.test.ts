// Clusters that start workers by themselves: as threads, as processes, or by means of others.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Flow, unmapped } from 'heddle';
import {
  DistributedExecutor,
  LocalCluster,
  WebSocketCluster,
  type LaunchedWorker,
  type WorkerOrder,
} from 'heddle/executors';
import { countOf, linesOf, newDiary, note, until } from '../fixtures/diary.ts';
import * as failing from '../fixtures/failing.ts';
import { inc, sum } from '../fixtures/tasks.ts';
import { runOn } from './contract.ts';
import { freePort } from './free-port.ts';
import { Listener } from './listener.ts';
import { byCommandLine } from './worker-process.ts';

const bounded = { timeout: 30_000 };
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

for (const processes of [false, true]) {
  const kind = processes ? 'worker processes' : 'threads';

  test(`${kind}: a cluster that is scaled up has more workers when that is done`, bounded, async () => {
    await using cluster = new LocalCluster({ workers: 1, processes });
    await cluster.start();

    await cluster.scale(3);

    const { workers } = await cluster.status();
    assert.deepEqual(
      workers.map(({ name, threads, busy }) => `${name}: ${busy} of ${threads}`).toSorted(),
      numbers(3).map((place) => `worker-${place + 1}: 0 of 1`),
    );
  });

  test(`${kind}: a cluster that is scaled down lets workers finish what they run [D145]`, bounded, async () => {
    using diary = newDiary();
    const listener = new Listener();
    await using cluster = new LocalCluster({ workers: 2, processes, onLog: listener.onLog });
    await cluster.start();
    const flow = new Flow('held', () => failing.hold.map([1, 2, 3], unmapped(diary.path)));

    const running = runOn(new DistributedExecutor(() => cluster))(flow);
    await until(diary.path, (lines) => lines.length === 2);
    await cluster.scale(1);
    note(diary.path, 'go 1');
    note(diary.path, 'go 2');
    await listener.said(/^worker worker-\d left/);
    note(diary.path, 'go 3');

    assert.deepEqual((await running).state.output, [1, 2, 3]);
    assert.deepEqual(
      [1, 2, 3].map((x) => linesOf(diary.path).filter((line) => line.startsWith(`start ${x}`)).length),
      [1, 1, 1],
    );
    assert.equal((await cluster.status()).workers.length, 1);
  });

  test(`${kind}: a cluster that adapts has workers while there is work, and none afterwards`, bounded, async () => {
    using diary = newDiary();
    const listener = new Listener();
    await using cluster = new LocalCluster({ workers: 2, processes, onLog: listener.onLog });
    cluster.adapt({ target: '10ms', interval: '5ms' });
    await cluster.start();
    const flow = new Flow('bursts', () => failing.hold.map([1, 2], unmapped(diary.path)));

    const running = runOn(new DistributedExecutor(() => cluster))(flow);
    await until(diary.path, (lines) => lines.length === 2);
    note(diary.path, 'go 1');
    note(diary.path, 'go 2');

    const { state, logs } = await running;
    assert.deepEqual(state.output, [1, 2]);
    assert.ok(
      logs.some(({ message }) => /^adapting to 2 workers, from \d: /.test(message)),
      'the flow run is told',
    );
    await listener.until(() => listener.count(/^worker \S+ joined/) === listener.count(/^worker \S+ left/));
    assert.ok(listener.count(/^adapting to 0 workers, from \d: there is nothing to do$/) > 0);
  });
}

test('worker processes are processes of their own, and are gone when the cluster is closed', bounded, async () => {
  using diary = newDiary();
  const cluster = new LocalCluster({ workers: 2, processes: true });
  await cluster.start();

  await runOn(new DistributedExecutor(() => cluster))(
    new Flow('pids', () => failing.brief.map(numbers(20), unmapped(diary.path))),
  );
  const pids = new Set(linesOf(diary.path).map((line) => Number(line.split(' ').at(-1))));
  const commands = [...pids].map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
  await cluster.close();

  assert.ok(!pids.has(process.pid));
  for (const command of commands) {
    const [name] = command.slice(command.indexOf('--name') + 1);
    assert.match(name!, /^worker-[12]$/);
    assert.ok(!command.some((argument) => /^[\w-]{32}$/.test(argument)), 'no token is in the process list');
  }
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('a run that is cancelled while its worker processes start leaves none of them', bounded, async () => {
  const stop = new AbortController();
  const listener = new Listener();
  const cluster = new LocalCluster({ workers: 2, processes: true, onLog: listener.onLog });
  const starting = () => {
    setImmediate(() => stop.abort());
    return cluster;
  };
  const flow = new Flow('hasty', () => inc.map([1, 2]));

  const { state } = await runOn(new DistributedExecutor(starting))(flow, { signal: stop.signal });

  assert.deepEqual(
    state.of('inc').children.map(({ type }) => type),
    ['Cancelled', 'Cancelled'],
  );
  assert.equal(cluster.isStarted, false);
  assert.equal(listener.count(/^worker \S+ joined/), listener.count(/^worker \S+ left/));
  assert.ok(!process.getActiveResourcesInfo().includes('TCPServerWrap'), 'nobody listens');
});

test('worker processes end when the process that started them is killed', bounded, async () => {
  const script = fileURLToPath(new URL('../fixtures/leaves-workers.ts', import.meta.url));
  const child = spawn(process.execPath, [script, 'start'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout }), 'line');

  child.kill('SIGKILL');

  // The workers have the same standard output: it ends when the last of them is gone.
  await once(child.stdout, 'close');
});

// It takes 6 s: one for the connection, and five in which a process could end in order.
test('a worker process that is frozen does not keep its cluster from closing', { timeout: 13_000 }, async () => {
  using diary = newDiary();
  const cluster = new LocalCluster({ workers: 1, processes: true });
  await cluster.start();
  const flow = new Flow('pid', () => failing.brief.map([1], unmapped(diary.path)));
  await runOn(new DistributedExecutor(() => cluster))(flow);
  const pid = Number(linesOf(diary.path)[0]!.split(' ').at(-1));

  process.kill(pid, 'SIGSTOP');
  await cluster.close();

  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('a worker process that dies is replaced, and its neighbours keep what they did [D043]', bounded, async () => {
  using diary = newDiary();
  const listener = new Listener();
  await using cluster = new LocalCluster({ workers: 1, processes: true, onLog: listener.onLog });
  const flow = new Flow('killed', () => failing.killProcessOnce.map(numbers(5), unmapped(3), unmapped(diary.path)));

  const { state, logs } = await runOn(new DistributedExecutor(() => cluster))(flow);

  assert.deepEqual(state.output, numbers(5));
  assert.equal(countOf(diary.path, 'run 3'), 2);
  assert.equal(countOf(diary.path, 'run 0'), 1);
  const replaced =
    /^worker-1 has ended, and another one is started: worker worker-1 ended \(SIGKILL, as .*\); its last words/;
  await listener.said(replaced);
  await listener.said(/^worker worker-1\.2 joined/);
  assert.ok(logs.some(({ message }) => replaced.test(message)));
});

test('a task run that was lost with its worker process is told how that ended', bounded, async () => {
  using diary = newDiary();
  const cluster = () => new LocalCluster({ workers: 1, processes: true, allowedFailures: 0 });
  const flow = new Flow('told', () => [failing.killProcessOnce(1, 1, diary.path), failing.fillProcess()]);

  const { state } = await runOn(new DistributedExecutor(cluster))(flow);

  const messageOf = (task: string) => state.of(task).message;
  assert.match(
    messageOf('kill-process-once'),
    /its worker was lost \(its process ended \(SIGKILL, as .*\); it was last/,
  );
  const heap = 'Reached heap limit Allocation failed - JavaScript heap out of memory; see memoryLimit';
  assert.ok(messageOf('fill-process').includes(`(its process ended (SIGABRT: ${heap});`), messageOf('fill-process'));
});

test('a memory limit holds in worker processes as it does in threads', bounded, async () => {
  const cluster = () => new LocalCluster({ workers: 1, processes: true, memoryLimit: 64, allowedFailures: 0 });

  const { state } = await runOn(new DistributedExecutor(cluster))(new Flow('hungry', () => failing.eatMemory(3, 3)));

  assert.match(state.of('eat-memory').message, /ran out of memory \(limit 64 MB/);
});

test('a cluster whose workers are started elsewhere says so when it is asked to scale', bounded, async () => {
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft' });
  await cluster.start();

  const advice = `start one with: heddle worker ${cluster.url} (and the same HEDDLE_TOKEN), or pass { launch }`;
  const message = `WebSocketCluster cannot scale, because its workers are started elsewhere: ${advice}`;
  await assert.rejects(cluster.scale(2), { code: 'CANNOT_SCALE', message });
  assert.throws(() => cluster.adapt(), { code: 'CANNOT_SCALE' });
});

test('what listens at all addresses is named to other machines as this machine is', async () => {
  await using cluster = new WebSocketCluster({ host: '0.0.0.0', port: 0, token: 'weft' });
  await cluster.start();

  const { port } = new URL(cluster.url!);
  assert.equal(cluster.advice, `start one with: heddle worker ws://${hostname()}:${port} (and the same HEDDLE_TOKEN)`);
});

test('a cluster that is told how to start workers has as many as it is to have', bounded, async () => {
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft', workers: 2, launch: byCommandLine });

  const state = await new Flow('launched', () => sum(inc.map([1, 2, 3]))).run({
    executor: new DistributedExecutor(() => cluster),
    onLog: () => {},
  });

  assert.deepEqual([state.output, state.statistics.workers], [9, 2]);
  assert.equal(cluster.isStarted, false);
});

test('a cluster of which no worker can be started fails, with the reason', bounded, async () => {
  const broken = () => {
    throw new RangeError('no machine is free');
  };
  await using cluster = new WebSocketCluster({ port: await freePort(), token: 'weft', launch: broken });

  await assert.rejects(cluster.start(), { message: 'no machine is free' });
  assert.equal(cluster.isStarted, false);
  // Its port is free again.
  await assert.rejects(cluster.start(), { message: 'no machine is free' });
});

test('a start that fails tells only who started it, though the cluster was to adapt meanwhile', bounded, async () => {
  const launch = () => Promise.reject(new RangeError('no machine is free'));
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft', launch });

  const starting = cluster.start();
  cluster.adapt({ minimum: 1 });

  await assert.rejects(starting, { message: 'no machine is free' });
});

test(
  'a cluster that is started again while its first start still fails is started, and can be closed',
  bounded,
  async () => {
    const first = Promise.withResolvers<LaunchedWorker>();
    const isAsked = Promise.withResolvers<void>();
    let launches = 0;
    const launch = (order: WorkerOrder) => {
      isAsked.resolve();
      return launches++ === 0 ? first.promise : byCommandLine(order);
    };
    await using cluster = new WebSocketCluster({ port: 0, token: 'weft', launch });

    const failing = assert.rejects(cluster.start(), { message: 'no machine is free' });
    await isAsked.promise;
    const closing = cluster.close();
    const again = cluster.start();
    first.reject(new RangeError('no machine is free'));
    await Promise.all([failing, closing, again]);

    assert.equal(cluster.isStarted, true);
    assert.equal((await cluster.status()).workers.length, 1);
  },
);

test('a cluster that is started while it closes starts when its workers are gone', bounded, async () => {
  const events: string[] = [];
  const launch = (order: WorkerOrder): LaunchedWorker => {
    events.push('launched');
    const worker = byCommandLine(order);
    return { ...worker, end: () => worker.end().then(() => void events.push('gone')) };
  };
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft', launch });
  await cluster.start();

  const closing = cluster.close();
  await cluster.start();
  await closing;

  assert.equal(cluster.isStarted, true);
  assert.deepEqual(events, ['launched', 'gone', 'launched']);
});

test('a worker that ends before it has joined fails the start, with its last words [D044]', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1, processes: true });
  const { execArgv } = process;
  process.execArgv = ['--conditions', 'x', '--no-such-option'];

  try {
    await assert.rejects(cluster.start(), {
      code: 'WORKER_ENDED',
      message: /exit code 9\).*\n.*bad option: --no-such-/,
    });
  } finally {
    process.execArgv = execArgv;
  }
});

test('a worker process that is killed before it has joined says so, and what that may mean', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1, processes: true });
  const { execArgv } = process;
  process.execArgv = ['--import', `data:text/javascript,process.kill(process.pid, 'SIGKILL')`];

  try {
    await assert.rejects(cluster.start(), {
      code: 'WORKER_ENDED',
      message:
        'worker worker-1 ended (SIGKILL, as the system does it when memory is short: look into its log, and see ' +
        'workerMemory); it said nothing',
    });
  } finally {
    process.execArgv = execArgv;
  }
});

test('what an adaptive cluster cannot do is said at once', () => {
  const cluster = new LocalCluster();

  assert.throws(() => cluster.adapt({ minimum: 3, maximum: 2 }), {
    code: 'INVALID_OPTION',
    message: /between 3 and 2/,
  });
  assert.throws(() => cluster.adapt({ max: 2 } as never), {
    code: 'UNKNOWN_OPTION',
    message: /Here it is 'maximum'\.$/,
  });
  assert.throws(() => cluster.adapt({ target: 'soon' as never }), { code: 'INVALID_DURATION' });
  for (const never of [{ target: 0 }, { interval: '0s' }] as const) {
    assert.throws(() => cluster.adapt(never), { code: 'INVALID_OPTION', message: /of adapt should be more than 0/ });
  }
});

test('what is done more seldom than a timer can wait is not done all the time instead', bounded, async () => {
  const warned = new Set<string>();
  const warn = ({ name }: Error) => warned.add(name);
  process.on('warning', warn);
  const settings = { port: 0, token: 'warp', heartbeatTimeout: '1000d', launch: byCommandLine } as const;
  await using cluster = new WebSocketCluster(settings);

  cluster.adapt({ interval: '60d' });
  const { state } = await runOn(new DistributedExecutor(() => cluster))(new Flow('once', () => inc(1)));

  process.off('warning', warn);
  assert.equal(state.type, 'Success');
  assert.ok(!warned.has('TimeoutOverflowWarning'));
});

test('scaling to what is no number of workers is refused', bounded, async () => {
  await assert.rejects(new LocalCluster().scale(-1), {
    code: 'INVALID_OPTION',
    message: /from 0 to 1000 workers; got -1$/,
  });
  await assert.rejects(new LocalCluster().scale(1e9), { code: 'INVALID_OPTION', message: /from 0 to 1000 workers/ });
});

test('a cluster can be asked while a flow runs on it, and says so before', bounded, async () => {
  using diary = newDiary();
  await using cluster = new LocalCluster({ workers: 1 });
  const question = { flowRunName: 'asked', task: 'hold', mapIndex: 1 };
  await assert.rejects(cluster.status(), { code: 'CLUSTER_NOT_STARTED', message: /await cluster.start\(\)/ });
  await assert.rejects(cluster.explain(question), { code: 'CLUSTER_NOT_STARTED' });
  await cluster.start();
  await assert.rejects(cluster.explain(undefined as never), { code: 'INVALID_OPTION', message: /the options of expl/ });
  await assert.rejects(cluster.explain({} as never), { code: 'INVALID_OPTION', message: /'flowRunName' of explain/ });
  const flow = new Flow('held', () => failing.hold.map([1, 2], unmapped(diary.path)));

  const running = flow.run({ flowRunName: 'asked', executor: new DistributedExecutor(() => cluster), onLog: () => {} });
  await until(diary.path, (lines) => lines.length === 1);
  // The thread says that it has imported the module before the task runs, and may be heard later.
  let why = await cluster.explain(question);
  while (why.includes('the import of')) why = await cluster.explain(question);
  const { flowRuns } = await cluster.status();
  note(diary.path, 'go 1');
  note(diary.path, 'go 2');
  await running;

  const busy = `the only thread is busy with task 'hold'`;
  const queued = 'is queued behind 0 indices of its own array and 0 other arrays';
  assert.equal(why, `Task 'hold' [map index 1] ${queued}, and ${busy}.`);
  const [{ arrays } = { arrays: [] }] = flowRuns;
  const held = arrays.find(({ task }) => task === 'hold');
  assert.deepEqual([held?.queued, held?.assigned, held?.length], [1, 1, 2]);
});
