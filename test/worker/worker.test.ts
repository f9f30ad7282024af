// The shell of a worker, around threads that run a chunk for as long as the test wants.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inprocPair } from '../../src/comm/inproc.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import type { ChunkEnd, ChunkPool, Emit } from '../../src/worker/pool.ts';
import { Worker } from '../../src/worker/worker.ts';
import { define, run } from './core-fixtures.ts';

const report = { type: 'logs', records: [] } as const;

test('whoever reports waits while nobody takes it, and until the attempt may go on', async () => {
  await using shell = worker();
  shell.hear(define(1).message, run(1).message, { type: 'hold', array: 1, attempt: 1 });

  const waits = shell.emits[0]!(report);
  assert(waits instanceof Promise);
  shell.hear({ type: 'go-on', array: 1, attempt: 1 });
  await waits;

  assert.equal(shell.emits[0]!(report), undefined);
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

/** With one thread. */
function worker() {
  const emits: Emit[] = [];
  const ends: ((end: ChunkEnd) => void)[] = [];
  const over = async () => {
    ends.shift()?.({ last: [] });
    await new Promise((resolve) => setImmediate(resolve));
  };
  const pool: ChunkPool = {
    threads: 1,
    run: (_, emit) => new Promise((end) => void (emits.push(emit), ends.push(end))),
    closeResource: () => Promise.resolve(),
    recall: () => {},
    cancel: () => void over(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const shell = new Worker(inprocPair<ToWorker, FromWorker>()[0], pool);
  return {
    emits,
    hear: (...messages: ToWorker[]) => messages.forEach((message) => shell.handle(message)),
    end: over,
    [Symbol.asyncDispose]: () => shell[Symbol.asyncDispose](),
  };
}
