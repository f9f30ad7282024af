// Code comes from clients only, and what was changed on its way is not run.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { test } from 'node:test';
import { pack } from '../../src/code/bundle/bundle-archive.ts';
import { BundleStore } from '../../src/code/bundle/bundle-store.ts';
import { inprocPair } from '../../src/comm/inproc.ts';
import type { CodeSource } from '../../src/lib/chunk.ts';
import type { FromPeer, ToPeer } from '../../src/protocol/messages.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { join } from '../../src/worker/join.ts';
import type { ChunkPool } from '../../src/worker/pool.ts';
import { connect, submission } from '../scheduler/peers.ts';

const code = { module: 'file:///flows/tasks.ts', path: 'flows/tasks.ts', fingerprint: 'f' };
const honest = pack([{ path: '__heddle_bundle.mjs', bytes: Buffer.from('export const a = 1;') }], {
  externals: {},
  links: {},
});
const evil = pack([{ path: '__heddle_bundle.mjs', bytes: Buffer.from('evil();') }], { externals: {}, links: {} });

test('a bundle that was changed on its way is neither run nor kept, and one that is whole is', async () => {
  await using house = await houseOf({ takesCode: true });
  const client = connect(house.scheduler, { role: 'client' });
  await client.next('welcome');

  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, code })] });
  await client.next('need-code');
  client.send({ type: 'code', array: 1, bundle: { id: honest.id, bytes: evil.bytes } });
  const { problem = '' } = await house.ran();

  assert.match(problem, /^the code that was sent could not be kept: a bundle of code arrived that is not the one/);
  assert.deepEqual(house.files(), []);
  client.send({
    type: 'submit',
    arrays: [submission({ array: 2, length: 1, code: { ...code, module: 'file:///b.ts' } })],
  });
  await client.next('need-code');
  client.send({ type: 'code', array: 2, bundle: evil });
  assert.match((await house.ran()).bundle!, new RegExp(`${evil.id}/__heddle_bundle\\.mjs$`));
});

test('what cannot be kept is told with its folder, and how to name another', async () => {
  await using house = await houseOf({ takesCode: true, isBlocked: true });
  const client = connect(house.scheduler, { role: 'client' });
  await client.next('welcome');

  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, code })] });
  await client.next('need-code');
  client.send({ type: 'code', array: 1, bundle: honest });
  const { problem = '' } = await house.ran();

  assert.match(problem, /^the code that was sent could not be kept: ENOTDIR/);
  assert.match(problem, /\. Give it a folder .*: HEDDLE__CODE__DIRECTORY, which is .*occupied now\.$/);
});

test('a bundle that one client sends does not take the place of that of another', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 2 });
  const [ada, eve] = [connect(scheduler, { role: 'client' }), connect(scheduler, { role: 'client' })];
  for (const [client, bytes] of [
    [ada, honest.bytes],
    [eve, evil.bytes],
  ] as const) {
    await client.next('welcome');
    client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, code })] });
    const { array } = await worker.next('run');
    worker.send({ type: 'need-code', array });
    await client.next('need-code');
    client.send({ type: 'code', array: 1, bundle: { id: honest.id, bytes } });
    await worker.next('code');
  }

  worker.send({ type: 'need-bundle', id: honest.id });

  assert.deepEqual((await worker.next('bundle')).bytes, honest.bytes);
});

test('a worker that takes no code asks for none, and keeps none that is sent all the same', async () => {
  await using house = await houseOf({ takesCode: false });
  const client = connect(house.scheduler, { role: 'client' });
  await client.next('welcome');

  house.sendToWorker({ type: 'bundle', id: evil.id, bytes: evil.bytes });
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, code })] });

  assert.deepEqual(await house.ran(), {});
  assert.deepEqual([house.files(), client.has('need-code')], [[], false]);
});

test('code that a worker sends is not taken from it', async () => {
  await using scheduler = new Scheduler();
  const worker = connect(scheduler, { role: 'worker', threads: 1 });
  await worker.next('welcome');

  worker.send({ type: 'code', array: 1, bundle: evil });

  assert.equal(await worker.closed, "a worker has no business to send 'code'");
});

test('whoever has not said hello can send no code', async () => {
  await using scheduler = new Scheduler();
  const [ours, theirs] = inprocPair<FromPeer, ToPeer>();
  const closed = Promise.withResolvers<string>();
  scheduler.accept(ours);
  theirs.listen({ message: () => {}, seen: () => {}, closed: ({ reason }) => closed.resolve(reason) });

  theirs.send({ type: 'code', array: 1, bundle: evil });

  assert.equal(await closed.promise, 'expected hello, got code');
});

/** A scheduler and a real worker, which may find a file where it is to keep code, of which it is seen with which code its chunks are to be run. */
async function houseOf({ takesCode, isBlocked = false }: { takesCode: boolean; isBlocked?: boolean }) {
  const folder = mkdtempSync(joinPath(tmpdir(), 'heddle-tampering-'));
  const directory = isBlocked ? joinPath(folder, 'occupied') : folder;
  if (isBlocked) writeFileSync(directory, '');
  const scheduler = new Scheduler();
  const sources: CodeSource[] = [];
  let news = Promise.withResolvers<void>();
  const pool: ChunkPool = {
    threads: 1,
    run: async ({ code: source, ranges: [range] }, emit) => {
      const { start, end } = range!;
      emit({ type: 'settled', start, count: end - start, busyMs: 1, bytes: Uint8Array.of(0) });
      sources.push(source);
      news.resolve();
      return { last: [] };
    },
    closeResource: async () => {},
    recall: () => {},
    cancel: () => {},
    [Symbol.asyncDispose]: async () => {},
  };
  const [ours, theirs] = inprocPair<FromPeer, ToPeer>();
  scheduler.accept(ours);
  const store = takesCode ? new BundleStore({ directory, limitBytes: 1e9 }) : undefined;
  const worker = await join(theirs, pool, { name: 'ada', code: store });
  const ran = async () => {
    while (sources.length === 0) await news.promise;
    news = Promise.withResolvers();
    return sources.shift()!;
  };
  const dispose = async () => {
    await worker[Symbol.asyncDispose]();
    await scheduler[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  };
  return {
    scheduler,
    ran,
    files: () => readdirSync(folder),
    sendToWorker: (message: ToPeer) => ours.send(message),
    [Symbol.asyncDispose]: dispose,
  };
}
