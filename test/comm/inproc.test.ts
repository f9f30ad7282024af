import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { inprocPair } from '../../src/comm/inproc.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import { commContract } from './contract.ts';
import { Ear } from './ear.ts';

commContract('inproc', async () => {
  const [worker, scheduler] = inprocPair<ToWorker, FromWorker>();
  return { worker, scheduler, [Symbol.asyncDispose]: () => worker.close() };
});

test('inproc: a message arrives as the very object that was sent, and not within the call of send', async () => {
  const [here, there] = inprocPair<never, object>();
  const ear = Ear.at(there);
  const message = {};

  await Promise.resolve();
  here.send(message);
  assert.deepEqual(ear.messages, []);

  await ear.until(({ messages }) => messages.length > 0);
  assert.equal(ear.messages[0], message);
});

test('inproc: what is not urgent arrives as one batch, in the next turn', async () => {
  const [here, there] = inprocPair<never, number>({ isUrgent: false });
  const ear = Ear.at(there);
  await nextTurn();

  here.send(1);
  await Promise.resolve();
  here.send(2);
  await new Promise((resolve) => process.nextTick(resolve));
  assert.deepEqual([ear.messages, ear.seen], [[], 0]);

  await nextTurn();
  assert.deepEqual([ear.messages, ear.seen], [[1, 2], 1]);
});

test(
  'inproc: two ends that answer each other for ever leave room for input and output',
  { timeout: 30_000 },
  async () => {
    const [here, there] = inprocPair<number, number>();
    Ear.at(here, (n) => here.send(n + 1));
    Ear.at(there, (n) => there.send(n + 1));

    here.send(0);
    await readFile(import.meta.filename);

    await here.close();
  },
);
