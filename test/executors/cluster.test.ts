import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Flow, Parameter, task, unmapped, type LogRecord } from 'heddle';
import {
  DistributedExecutor,
  LocalCluster,
  WebSocketCluster,
  type LocalClusterOptions,
  type WorkerOrder,
} from 'heddle/executors';
import { newDiary, untilNoted } from '../fixtures/diary.ts';
import * as failing from '../fixtures/failing.ts';
import { pauses } from '../fixtures/loops.ts';
import { Listener } from './listener.ts';
import { byCommandLine, startWorker } from './worker-process.ts';

const bounded = { timeout: 20_000 };
const one = task('one', () => 1);
const plus = task('plus', (x: number, more: number) => x + more);

test('a cluster whose start failed can be started again when what was in the way is gone', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as { port: number };
  await using cluster = new WebSocketCluster({ port, token: 'weft' });
  await assert.rejects(cluster.start(), { code: 'ADDRESS_IN_USE' });
  assert.equal(cluster.isStarted, false);

  squatter.close();
  await once(squatter, 'close');

  await cluster.start();
  assert.equal(cluster.url, `ws://127.0.0.1:${port}`);
});

test('a cluster that was closed can be started again, and closing twice is closing once [D053]', async () => {
  const cluster = new LocalCluster({ workers: 1 });
  const executor = new DistributedExecutor(() => cluster);
  const flow = new Flow('again', { executor }, () => one());
  await cluster.start();
  assert.equal((await flow.run({ onLog: () => {} })).output, 1);

  await Promise.all([cluster.close(), cluster.close()]);

  assert.equal(cluster.isStarted, false);
  assert.equal((await flow.run({ onLog: () => {} })).output, 1);
  assert.equal(cluster.isStarted, false);
});

for (const kind of ['threads', 'processes']) {
  test(`a program ends when it is through, though its cluster of ${kind} is still open`, bounded, async () => {
    const script = fileURLToPath(new URL('../fixtures/leaves-a-cluster-open.ts', import.meta.url));

    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, kind], { timeout: 15_000 });

    assert.deepEqual([stdout, stderr], ['2 3\n', '']);
  });
}

for (const processes of [false, true]) {
  test(`an ordinary close of a cluster is no warning (processes: ${processes})`, bounded, async () => {
    const told: string[] = [];
    const onLog = ({ level, message }: LogRecord) => void told.push(`${level} ${message}`);
    {
      await using cluster = new LocalCluster({ workers: 2, processes, onLog });
      const flow = new Flow('quiet', { executor: new DistributedExecutor(() => cluster) }, () => one());
      await cluster.start();
      await flow.run({ onLog: () => {} });
    }

    assert.equal(told.filter((line) => /^info worker worker-[12] left \(/.test(line)).length, 2);
    assert.deepEqual(told.filter((line) => !line.startsWith('info ')), []); // prettier-ignore
  });
}

test('a cluster given as an executor is told what it is for', async () => {
  const executor = new LocalCluster() as never;

  await assert.rejects(new Flow('wrong', () => one()).run({ executor }), {
    code: 'INVALID_OPTION',
    message: /should be an executor, like .* new DistributedExecutor\(\(\) => cluster\); got a LocalCluster$/,
  });
});

test('an address without a token is refused with what to do, before anything is asked there', async (t) => {
  const { HEDDLE_TOKEN: token } = process.env;
  delete process.env['HEDDLE_TOKEN'];
  t.after(() => token !== undefined && (process.env['HEDDLE_TOKEN'] = token));
  const executor = new DistributedExecutor('ws://127.0.0.1:9');

  await assert.rejects(new Flow('tokenless', () => one()).run({ executor, onLog: () => {} }), {
    code: 'TOKEN_REQUIRED',
    message: /wants a token: pass \{ token \} to DistributedExecutor, or set HEDDLE_TOKEN\.$/,
  });
  const addressless = new Flow('addressless', () => one());
  const refusal = { code: 'BAD_ADDRESS', message: /Did you mean ws:\/\/mill:9\?$/ };
  await assert.rejects(addressless.run({ executor: new DistributedExecutor('mill:9'), onLog: () => {} }), refusal);
});

test('a cluster without a token is refused when it starts, so workers that have none can import its module', async (t) => {
  const { HEDDLE_TOKEN: token } = process.env;
  delete process.env['HEDDLE_TOKEN'];
  t.after(() => token !== undefined && (process.env['HEDDLE_TOKEN'] = token));
  const refusal = { name: 'TypeError', code: 'TOKEN_REQUIRED', message: /^WebSocketCluster needs a token, / };

  for (const options of [{}, { token: 'warp and weft' }]) {
    await assert.rejects(new WebSocketCluster({ port: 0, ...options }).start(), refusal);
  }
});

test('a cluster has the workers and threads that it is told to have, or a worker for each core [P346]', async () => {
  const cluster = new LocalCluster({ workers: 2, threads: 2 });
  const flow = new Flow('sized', () => one());

  const state = await flow.run({ executor: new DistributedExecutor(() => cluster), onLog: () => {} });

  assert.deepEqual([state.statistics.workers, state.statistics.threads], [2, 4]);
  assert.equal(cluster.isStarted, false);
  assert.match(new LocalCluster().description, new RegExp(`^${availableParallelism()} workers? with 1 thread each`));
  assert.match(new WebSocketCluster({ launch: byCommandLine }).description, /^1 worker of its own, and workers that/);
});

test('a cluster that could never be is refused when it is made', () => {
  const impossible: readonly (readonly [LocalClusterOptions, RegExp])[] = [
    [{ workers: 1e9 }, /'workers' of LocalCluster should be a whole number from 1 to 1000; got 1000000000/],
    [{ threads: 1e9 }, /'threads' of LocalCluster should be a whole number from 1 to 1000; got 1000000000/],
    [{ workerMemory: 0 }, /'workerMemory' of LocalCluster should be 256 MB or more/],
    [
      { workerMemory: '1GB' },
      /'workerMemory' of LocalCluster is for worker processes, .*: say processes: true as well/,
    ],
    [{ spillDirectory: '/no/such' }, /'spillDirectory' of LocalCluster should be a folder that can be written to/],
  ];

  for (const [options, message] of impossible) {
    assert.throws(() => new LocalCluster(options), { code: 'INVALID_OPTION', message });
  }
  const message = `option 'workers' of WebSocketCluster needs 'launch', which says how to start one`;
  assert.throws(() => new WebSocketCluster({ workers: 2 }), { code: 'INVALID_OPTION', message });
  const beat = /'heartbeatTimeout' of WebSocketCluster should be '100ms' or more; got 15, which are milliseconds$/;
  assert.throws(() => new WebSocketCluster({ heartbeatTimeout: 15 }), { code: 'INVALID_OPTION', message: beat });
});

test('a parameter says how many workers a run has; one that cannot be is told before anything runs [S20]', async () => {
  const executor = new DistributedExecutor(({ parameters }) => new LocalCluster({ workers: parameters['workers'] }));
  const flow = new Flow('elastic', { executor }, () => {
    new Parameter('workers', { default: 1 });
    return one();
  });

  const two = await flow.run({ parameters: { workers: 2 }, onLog: () => {} });

  assert.equal(two.statistics.workers, 2);
  await assert.rejects(flow.run({ parameters: { workers: 0 }, onLog: () => {} }), {
    code: 'CLUSTER_FACTORY_FAILED',
    message:
      `the cluster factory of flow 'elastic' threw: option 'workers' of LocalCluster should be a whole number ` +
      `from 1 to 1000; got 0`,
  });
});

test('parameters can be the options of a cluster, which asks for those that are not there too', bounded, async () => {
  const executor = new DistributedExecutor(({ parameters }) => new LocalCluster(parameters));
  const flow = new Flow('elastic', { executor }, () => {
    new Parameter('workers', { default: 2 });
    return one();
  });

  assert.equal((await flow.run({ onLog: () => {} })).statistics.workers, 2);
});

test('whoever closes a cluster waits until it is closed, however many do [D051]', bounded, async () => {
  const cluster = new LocalCluster({ workers: 2 });
  await cluster.start();
  const order: number[] = [];

  await Promise.all([1, 2, 3, 4, 5].map((each) => cluster.close().then(() => order.push(each))));

  assert.deepEqual(order, [1, 2, 3, 4, 5]);
});

test('the port of a cluster that is closed is free for the next one [D054]', bounded, async () => {
  const first = new WebSocketCluster({ port: 0, token: 'weft' });
  await first.start();
  const { url } = first;
  await using worker = startWorker({ url: url!, token: 'weft', name: 'ada' });
  await worker.said(/joined/);
  await first.close();

  await using second = new WebSocketCluster({ port: Number(new URL(url!).port), token: 'weft' });
  await second.start();

  assert.equal(second.url, url);
});

test('a cluster that is closed while its workers start has none of them afterwards [D046]', bounded, async () => {
  const listener = new Listener();
  const cluster = new LocalCluster({ workers: 2, processes: true, onLog: listener.onLog });

  const starting = cluster.start();
  await cluster.close();

  await starting;
  assert.equal(cluster.isStarted, false);
  await listener.until(() => listener.count(/^worker \S+ joined/) === listener.count(/^worker \S+ left/));
});

test('a cluster of which one worker cannot be started fails, and ends the others [D055]', bounded, async () => {
  const ended = Promise.withResolvers<unknown>();
  const launch = ({ place, url, token, name }: { place: number; url: string; token: string; name: string }) => {
    if (place === 1) throw new RangeError('there is no second machine');
    const worker = byCommandLine({ url, token, name });
    void worker.ended.then(ended.resolve);
    return worker;
  };
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft', workers: 2, launch });

  await assert.rejects(cluster.start(), { message: 'there is no second machine' });

  await ended.promise;
  assert.equal(cluster.isStarted, false);
});

test('who throws while a cluster is in use gets his own error, and the cluster is closed [D061]', bounded, async () => {
  const cluster = new LocalCluster({ workers: 1 });
  const using = async () => {
    await using used = cluster;
    await used.start();
    throw new RangeError('something of mine');
  };

  await assert.rejects(using(), { name: 'RangeError', message: 'something of mine' });

  assert.equal(cluster.isStarted, false);
});

test('a cluster listens for this machine alone unless it is told otherwise [D163]', async () => {
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft' });
  await cluster.start();

  // Another address of the same machine, which whoever listens on all of them would answer at.
  const stranger = connect(Number(new URL(cluster.url!).port), '127.0.0.2');

  const [error] = (await once(stranger, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
});

test('twenty flows that run at once on one cluster each get their own [D166]', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 2 });
  await cluster.start();
  const executor = new DistributedExecutor(() => cluster);
  const flow = new Flow('beside', { executor }, () =>
    plus.map([1, 2, 3], unmapped(new Parameter('more', { default: 0 }))),
  );

  const states = await Promise.all(
    Array.from({ length: 20 }, (_, more) => flow.run({ parameters: { more }, onLog: () => {} })),
  );

  assert.deepEqual(
    states.map(({ output }) => output),
    states.map((_, more) => [1 + more, 2 + more, 3 + more]),
  );
});

test('a cluster whose launch gives no worker says what it should give', bounded, async () => {
  for (const given of [undefined, {}, { ended: 'soon', leave: () => {}, end: () => {} }]) {
    await using cluster = new WebSocketCluster({ port: 0, token: 'weft', launch: () => given as never });

    await assert.rejects(cluster.start(), { code: 'INVALID_OPTION', message: /'launch' .* \{ ended, leave, end \}/ });
  }
});

test('a worker that cannot be told to leave is told of, and keeps nobody from closing', bounded, async () => {
  const listener = new Listener();
  const leave = () => {
    throw new Error('no such process');
  };
  const launch = (order: WorkerOrder) => ({ ...byCommandLine(order), leave });
  await using cluster = new WebSocketCluster({ port: 0, token: 'weft', launch, onLog: listener.onLog });
  await cluster.start();

  await cluster.scale(0);

  await listener.said(/^worker-1 could not be told to leave: no such process$/);
});

test('a cluster goes on whose onLog throws, which a warning of the process tells once', bounded, async () => {
  const warnings: (Error & { code?: string })[] = [];
  const hear = (warning: Error) => void warnings.push(warning);
  process.on('warning', hear);
  const onLog = () => {
    throw new RangeError('the disk is full');
  };
  await using cluster = new LocalCluster({ workers: 1, onLog });

  await cluster.start();
  const state = await new Flow('goes on', () => one()).run({ executor: new DistributedExecutor(() => cluster) });
  await cluster.scale(0);

  process.off('warning', hear);
  assert.equal(state.type, 'Success');
  const told = warnings.filter(({ code }) => code === 'LOG_LISTENER_FAILED').map(({ message }) => message);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^the onLog of LocalCluster threw: the disk is full\. The line is lost/);
});

test('what failed before a run lost its scheduler is not said to have led to that', bounded, async () => {
  using diary = newDiary();
  const cluster = new LocalCluster({ workers: 2 });
  const flow = new Flow('closed', () => [failing.rejectLater(1), failing.stuck(diary.path)]);
  await cluster.start();

  const failed = Promise.withResolvers<void>();
  const onLog = ({ task, level }: LogRecord) => {
    if (task === 'reject-later' && level === 'error') failed.resolve();
  };
  const running = flow.run({ executor: new DistributedExecutor(() => cluster), onLog });
  await Promise.all([failed.promise, untilNoted(diary.path, 'started')]);
  await cluster.close();

  const { message, error } = await running;
  assert.match(
    message,
    /scheduler \(this process\) was lost: the cluster was closed\. Close it when its flow runs are over: await them first\.$/,
  );
  assert.equal((error?.cause as { code?: string }).code, 'SCHEDULER_LOST');
});

test('a run that was lost is told as such, though a task of it was paused', bounded, async () => {
  using diary = newDiary();
  const cluster = new LocalCluster({ workers: 2 });
  const flow = new Flow('closed', () => [pauses(1), failing.stuck(diary.path)]);
  await cluster.start();

  const paused = Promise.withResolvers<void>();
  const onLog = ({ task, message }: LogRecord) => {
    if (task === 'pauses' && message.includes('Paused')) paused.resolve();
  };
  const running = flow.run({ executor: new DistributedExecutor(() => cluster), onLog });
  await Promise.all([paused.promise, untilNoted(diary.path, 'started')]);
  await cluster.close();

  const { type, error } = await running;
  assert.deepEqual([type, (error?.cause as { code?: string }).code], ['Failed', 'SCHEDULER_LOST']);
});
