// What a cluster that listens tells those who watch it over HTTP.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, WebSocketCluster } from 'heddle/executors';
import { inc } from '../fixtures/tasks.ts';
import { joinedWorker } from './worker-process.ts';

const bounded = { timeout: 20_000 };
const token = 'watched';
const authorization = `Bearer ${token}`;

test('health is told to everybody: 503 as long as nobody is there to work, 200 then', bounded, async () => {
  await using cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  const url = `${cluster.url!.replace('ws:', 'http:')}/health`;

  const before = await fetch(url);
  assert.equal(before.status, 503);
  assert.deepEqual(await before.json(), { status: 'no workers', workers: 0, flowRuns: 0 });
  await using _worker = await joinedWorker({ url: cluster.url!, token, name: 'ada' });
  const after = await fetch(url);
  const head = await fetch(url, { method: 'HEAD' });

  assert.equal(after.status, 200);
  assert.deepEqual(await after.json(), { status: 'ok', workers: 1, flowRuns: 0 });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('metrics are told to those who know the token', bounded, async () => {
  await using cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  await using _worker = await joinedWorker({ url: cluster.url!, token, name: 'ada', threads: 2 });
  const url = `${cluster.url!.replace('ws:', 'http:')}/metrics`;
  const executor = new DistributedExecutor(() => cluster);
  await new Flow('some', () => inc.map([1, 2, 3])).run({ executor, onLog: () => {} });

  const stranger = await fetch(url);
  const guesser = await fetch(url, { headers: { authorization: 'Bearer guess' } });
  const metrics = await fetch(url, { headers: { authorization } });
  // HTTP minds no case in the name of a scheme.
  const lower = await fetch(url, { headers: { authorization: authorization.replace('Bearer', 'bearer') } });
  const basic = await fetch(url, { headers: { authorization: authorization.replace('Bearer', 'Basic') } });

  const statuses = [stranger, guesser, metrics, lower, basic].map(({ status }) => status);
  assert.deepEqual(statuses, [401, 401, 200, 200, 401]);
  assert.equal(((await guesser.json()) as { code: string }).code, 'WRONG_TOKEN');
  assert.equal(stranger.headers.get('www-authenticate'), 'Bearer realm="heddle"');
  assert.match(metrics.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
  const text = await metrics.text();
  assert.match(text, /^heddle_threads 2$/m);
  assert.match(text, /^heddle_settled_total 3$/m);
  assert.match(text, /^heddle_arrays 0$/m);
  assert.match(text, /^heddle_worker_memory_bytes \d{7,}$/m);
});

test('what is no page is no page, whatever it is called', bounded, async () => {
  await using cluster = new WebSocketCluster({ port: 0, token });
  await cluster.start();
  const url = cluster.url!.replace('ws:', 'http:');

  const answers = [fetch(`${url}/constructor`), fetch(`${url}/health/x`), fetch(`${url}/health`, { method: 'POST' })];

  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    [426, 426, 426],
  );
});
