// The shell of a worker, around threads that run a chunk for as long as the test wants.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Comm } from '../../src/comm/comm.ts';
import { inprocPair } from '../../src/comm/inproc.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import type { ChunkEnd, ChunkPool, Emit, PooledChunk } from '../../src/worker/pool.ts';
import { Worker, type CodeKeeper } from '../../src/worker/worker.ts';
import { define, run } from './core-fixtures.ts';

const bounded = { timeout: 10_000 };
const report = { type: 'logs', records: [] } as const;

test('whoever reports waits while nobody takes it, and until the attempt may go on', bounded, async () => {
  await using shell = worker();
  const hold = { type: 'hold', array: 1, attempt: 1 } as const;
  shell.hear(define(1).message, run(1).message, hold);

  const waits = shell.emits[0]!(report);
  assert(waits instanceof Promise);
  shell.hear(hold, { type: 'go-on', array: 1, attempt: 1 });
  await waits;

  assert.equal(shell.emits[0]!(report), undefined);
});

test('nobody waits any longer for a scheduler that is gone, so that what runs can end by itself', bounded, async () => {
  await using shell = worker({ endsWhenCancelled: false });
  shell.hear(define(1).message, run(1).message, { type: 'hold', array: 1, attempt: 1 });

  const waits = shell.emits[0]!(report);
  shell.worker.disconnected('gone');

  await waits;
  await shell.end();
});

test('a worker that drains goes without a goodbye only when nothing runs or arrives any more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const comm = Object.assign(inprocPair<ToWorker, FromWorker>()[0], { arrivingBytes: 0 });
  await using shell = worker({ comm });
  shell.hear(define(1).message, run(1).message);
  let isDrained = false;
  const drained = shell.worker.drain(1e6).then(() => (isDrained = true));
  const isDrainedAfter = async (ms: number) => {
    t.mock.timers.tick(ms);
    await setImmediate();
    return isDrained;
  };

  assert.equal(await isDrainedAfter(30_000), false);
  await shell.end();
  comm.arrivingBytes = 1;
  assert.equal(await isDrainedAfter(30_000), false);
  comm.arrivingBytes = 0;
  assert.equal(await isDrainedAfter(3_000), true);
  await drained;
});

test('what is over or not here yet is not held, so that nothing of it stays', async () => {
  await using shell = worker();
  shell.hear(define(1).message, { type: 'hold', array: 1, attempt: 1 }, run(1).message);
  assert.equal(shell.emits[0]!(report), undefined);

  shell.hear(run(1, { attempt: 2, behind: 1 }).message, { type: 'hold', array: 1, attempt: 2 });
  shell.hear({ type: 'recall', array: 1, attempt: 2 }, run(1, { attempt: 2, behind: 1 }).message);
  await shell.end();

  assert.equal(shell.emits[1]!(report), undefined);
});

test('code that is here already is not sent again, whether it is named at once or later', async () => {
  const kept: CodeKeeper = { directory: '/kept', find: (id) => `file:///kept/${id}`, add: () => {} };
  for (const bundle of ['b', '']) {
    await using shell = worker({ kept });

    shell.hear(define(1, { isSent: true, bundle }).message, run(1).message);
    if (bundle === '') shell.hear({ type: 'code', array: 1, id: 'b' });

    assert.deepEqual(
      shell.chunks.map(({ code }) => code),
      [{ bundle: 'file:///kept/b' }],
    );
  }
});

test('what many arrays need whole is there once for all of them, in memory that threads share', async () => {
  await using shell = worker();
  const large = new Uint8Array(100_000).fill(7);
  shell.hear({ type: 'whole', array: 1, blocks: [{ start: 0, count: 1, bytes: large }] });
  for (const array of [2, 3]) {
    shell.hear(define(array, { whole: [1] }).message, run(array, { attempt: array }).message);
    await shell.end();
  }

  const [first, second] = shell.chunks.map(({ whole }) => whole[0]!.blocks[0]!.bytes);
  assert.deepEqual(first, large);
  assert.ok(first.buffer instanceof SharedArrayBuffer);
  assert.equal(first, second);
});

interface Circumstances {
  readonly comm?: Comm<ToWorker, FromWorker>;
  readonly endsWhenCancelled?: boolean;
  readonly kept?: CodeKeeper;
}

/** With one thread. */
function worker({ comm = inprocPair<ToWorker, FromWorker>()[0], endsWhenCancelled = true, kept }: Circumstances = {}) {
  const emits: Emit[] = [];
  const chunks: PooledChunk[] = [];
  const ends: ((end: ChunkEnd) => void)[] = [];
  const over = async () => {
    ends.shift()?.({ last: [] });
    await setImmediate();
  };
  const pool: ChunkPool = {
    threads: 1,
    run: (chunk, emit) => new Promise((end) => void (chunks.push(chunk), emits.push(emit), ends.push(end))),
    closeResource: () => Promise.resolve(),
    recall: () => {},
    cancel: () => void (endsWhenCancelled && over()),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const shell = new Worker(comm, pool, kept);
  return {
    worker: shell,
    emits,
    chunks,
    hear: (...messages: ToWorker[]) => messages.forEach((message) => shell.handle(message)),
    end: over,
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}
