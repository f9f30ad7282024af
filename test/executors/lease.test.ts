// Who closes a cluster: its author, or the flow runs that started it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Flow, task, type LogRecord } from 'heddle';
import { DistributedExecutor, LocalCluster, WebSocketCluster } from 'heddle/executors';
import { Listener } from './listener.ts';
import { byCommandLine } from './worker-process.ts';

const bounded = { timeout: 20_000 };
const one = task('one', () => 1);

test('a run closes the cluster that it starts, also one that another run could not start before', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as { port: number };
  await using cluster = new WebSocketCluster({ port, token: 'weft', workers: 1, launch: byCommandLine });
  const flow = new Flow('again', { executor: new DistributedExecutor(() => cluster) }, () => one());
  await assert.rejects(flow.run({ onLog: () => {} }), { code: 'ADDRESS_IN_USE' });
  squatter.close();
  await once(squatter, 'close');

  const { output } = await flow.run({ onLog: () => {} });

  assert.deepEqual([output, cluster.isStarted], [1, false]);
});

test('a cluster that a flow run has started is left running once its author starts it as well', async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  const flow = new Flow('early', { executor: new DistributedExecutor(() => cluster) }, () => one());
  const starting = Promise.withResolvers<void>();
  const onLog = ({ message }: LogRecord) => {
    if (message.startsWith('running on ')) starting.resolve(cluster.start());
  };

  await Promise.all([flow.run({ onLog }), starting.promise]);

  assert.equal(cluster.isStarted, true);
  await flow.run({ onLog: () => {} });
  assert.equal(cluster.isStarted, true);
});

test('a run ends as its tasks did, also when its cluster cannot be closed', bounded, async () => {
  const listener = new Listener();
  class Stubborn extends LocalCluster {
    override async close(): Promise<void> {
      await super.close();
      throw new Error('somebody is still there');
    }
  }
  const executor = new DistributedExecutor(() => new Stubborn({ workers: 1 }));

  const state = await new Flow('f', () => one()).run({ executor, onLog: listener.onLog });

  assert.equal(state.output, 1);
  assert.equal(
    listener.count(
      /^the cluster of this run could not be closed: somebody is still there\. What it has started may be there still$/,
    ),
    1,
  );
});

test('a run closes the cluster that it starts, also one that does something of its own first', bounded, async () => {
  class Prepared extends LocalCluster {
    override async start(): Promise<void> {
      await nextTurn();
      await super.start();
    }
  }
  const cluster = new Prepared({ workers: 1 });

  const { type } = await new Flow('once', () => one()).run({ executor: new DistributedExecutor(() => cluster) });

  assert.deepEqual([type, cluster.isStarted], ['Success', false]);
});
