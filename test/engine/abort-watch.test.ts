import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker as Thread } from 'node:worker_threads';
import { onCancel } from '../../src/engine/task-run/abort-watch.ts';
import { controlOrders, controlWords, newControl, resetControl } from '../../src/lib/control.ts';

const rounds = 20_000;

test('whoever asks is told, also when the order comes while he does', async () => {
  const control = newControl();
  const start = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  await using thread = new Thread(orderer, { eval: true, workerData: { control, start, controlWords, controlOrders } });
  await once(thread, 'message');

  let told = 0;
  for (let round = 1; round <= rounds; round += 1) {
    resetControl(control);
    Atomics.store(start, 0, round);
    await new Promise<void>((resolve) => onCancel(control, resolve));
    told += 1;
  }

  assert.equal(told, rounds);
});

/** Gives the order in each round a little later than in the one before. */
const orderer = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { control, start, controlWords, controlOrders } = workerData;
  parentPort.postMessage('ready');
  for (let round = 1; round <= ${rounds}; round += 1) {
    while (Atomics.load(start, 0) !== round);
    for (let turn = 0; turn < round % 500; turn += 1) Atomics.load(start, 0);
    Atomics.store(control, controlWords.order, controlOrders.cancel);
    Atomics.notify(control, controlWords.order);
  }`;
