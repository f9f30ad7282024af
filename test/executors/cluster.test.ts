import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { Flow, Parameter, task } from 'heddle';
import { DistributedExecutor, LocalCluster, WebSocketCluster } from 'heddle/executors';

const one = task('one', () => 1);

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

test('a cluster that was closed can be started again, and closing twice is closing once', async () => {
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
});

test('a cluster has the workers and threads that it is told to have, or a worker for each core [P346]', async () => {
  const cluster = new LocalCluster({ workers: 2, threads: 2 });
  const flow = new Flow('sized', () => one());

  const state = await flow.run({ executor: new DistributedExecutor(() => cluster), onLog: () => {} });

  assert.deepEqual([state.statistics.workers, state.statistics.threads], [2, 4]);
  assert.equal(cluster.isStarted, false);
  assert.match(new LocalCluster().description, new RegExp(`^${availableParallelism()} workers? with 1 thread each`));
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
      `the cluster factory of flow 'elastic' threw: option 'workers' of LocalCluster should be a whole number, 1 or ` +
      `more; got 0`,
  });
});
