// What a task has started and does not await.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Flow, type LogRecord } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor, type Executor } from 'heddle/executors';
import { WebSocketServer } from 'ws';
import {
  countLines,
  fetchAllOrFail,
  fetchInTime,
  fetchLater,
  fetchStatus,
  getLater,
  openSocket,
  openSocketOfPackage,
  readAll,
  readLater,
  readNothing,
  uploadRefused,
} from '../fixtures/forgetful.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-left-work-'));
after(() => rmSync(folder, { recursive: true }));
/** To read it lasts until somebody writes to it. */
const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);
const bounded = { timeout: 60_000 };

test('a task that does not await what it reads is told once in a run, those after it are not', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  await cluster.start();
  const executor = new DistributedExecutor(() => cluster);
  const flow = new Flow('f', () => readNothing.map(readLater.map([pipe, pipe])));

  const warnings = await warningsOf(flow, executor);
  assert.equal(warnings.length, 1, warnings.join('\n'));
  assert.match(
    warnings[0]!,
    /^task 'read-later' ended while what it had started went on: [12] access(?:es)? to files\. .* \(TASK_LEFT_WORK\)$/,
  );
  assert.deepEqual(await warningsOf(new Flow('g', () => readNothing(pipe)), executor), []);
  letRead();
});

test('nothing is told of what is awaited, nor on the thread of the flow, which goes on', bounded, async () => {
  await using cluster = new LocalCluster({ workers: 1 });
  const file = join(folder, 'file');
  writeFileSync(file, 'text');
  const executor = new DistributedExecutor(() => cluster);
  assert.deepEqual(await warningsOf(new Flow('f', () => readAll.map(Array(100).fill(file))), executor), []);
  assert.deepEqual(await warningsOf(new Flow('f', () => readLater(pipe)), new LocalExecutor()), []);
  letRead();
});

test('a task that does not await an answer is told, one that does not read it is not', bounded, async () => {
  await using server = await newServer();

  for (const task of [fetchLater, getLater]) {
    const warnings = await warningsOf(new Flow('f', () => task(`${server.url}/never`)), onNewThread());
    assert.equal(warnings.length, 1, warnings.join('\n'));
    assert.match(
      warnings[0]!,
      /^task '(?:fetch|get)-later' ended while what it had started went on: 1 HTTP request\. /,
    );
    server.closeAllConnections();
  }
  for (const task of [fetchStatus, uploadRefused]) {
    assert.deepEqual(await warningsOf(new Flow('f', () => task(`${server.url}/now`)), onNewThread()), []);
    server.closeAllConnections();
  }
});

test('a task that reads a stream to its end is not told, though the file is closed after it', bounded, async () => {
  const file = join(folder, 'lines');
  writeFileSync(file, 'line\n'.repeat(10));
  assert.deepEqual(await warningsOf(new Flow('f', () => countLines(file)), onNewThread()), []);
});

test('a task that opens a WebSocket is not told, as that is there to stay', bounded, async () => {
  await using server = await newServer();
  const sockets = new WebSocketServer({ server });
  for (const task of [openSocket, openSocketOfPackage]) {
    const flow = new Flow('f', () => task(server.url.replace('http', 'ws')));
    assert.deepEqual(await warningsOf(flow, onNewThread()), []);
  }
  sockets.close();
});

test('a task that is out of time or fails is told of that alone, whatever it awaited then', bounded, async () => {
  await using server = await newServer();
  for (const task of [fetchInTime, fetchAllOrFail]) {
    assert.deepEqual(await warningsOf(new Flow('f', () => task(`${server.url}/never`)), onNewThread()), []);
    server.closeAllConnections();
  }
});

function onNewThread(): Executor {
  return new DistributedExecutor(() => new LocalCluster({ workers: 1 }));
}

/** It begins to answer what asks for `/now`, and nobody else. */
async function newServer() {
  const server = createServer(({ url }, response) => void (url === '/now' && response.write('begun')));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return Object.assign(server, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function letRead(): void {
  writeFileSync(pipe, '');
}

async function warningsOf(flow: Flow, executor: Executor): Promise<string[]> {
  const warnings: string[] = [];
  const onLog = ({ level, message }: LogRecord) => void (level === 'warn' && warnings.push(message));
  await flow.run({ executor, onLog });
  return warnings;
}
