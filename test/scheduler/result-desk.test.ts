import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { blockHeadBytes } from '../../src/lib/chunk.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { namelessIn, newFolder } from './folder.ts';
import { connect, submission } from './peers.ts';

const bounded = { timeout: 10_000 };
const large = 100_000;

test('a client is told of a large outcome, and gets it when it asks', bounded, async () => {
  await using scheduler = new Scheduler();
  const { ada, client } = await started(scheduler);
  client.send({ type: 'submit', arrays: [submission({ array: 7, length: 2 })] });
  const { attempt } = await ada.next('run');

  ada.send(outcome(attempt, 0, large), outcome(attempt, 1, 50));

  const { bytes, byteLength, ran } = await client.next('settled');
  assert.deepEqual([bytes.length, byteLength, ran], [blockHeadBytes, large, { worker: 'ada', busyMs: 1 }]);
  client.send({ type: 'take', array: 7, start: 0, isWanted: true });
  assert.deepEqual(await client.next('block'), { type: 'block', array: 7, ...block(0, large) });
});

test('what a client is told of a large outcome keeps nothing of it in memory', bounded, async () => {
  await using scheduler = new Scheduler();
  const { ada, client } = await started(scheduler);
  client.send({ type: 'submit', arrays: [submission({ array: 7, length: 1 })] });
  const { attempt } = await ada.next('run');

  // A Buffer is what a thread of this process sends.
  ada.send({ ...outcome(attempt, 0, large), bytes: Buffer.alloc(large) });

  const { bytes } = await client.next('settled');
  assert.equal(bytes.buffer.byteLength, blockHeadBytes);
});

test('of arrays that are sealed nothing is kept that nobody needs any more', bounded, async () => {
  await using scheduler = new Scheduler();
  const { ada, client } = await started(scheduler);
  const held = () => scheduler.lookout.status.heldBytes;
  const first = submission({ array: 1, length: 1 });
  const second = submission({ array: 2, length: 1, elementwise: [1] });
  const third = submission({ array: 3, length: 1, whole: [1] });
  client.send({ type: 'submit', arrays: [first, second, third] }, { type: 'seal', arrays: [1, 2, 3] });

  await run(outcome(1, 0, large));
  client.send({ type: 'take', array: 1, start: 0, isWanted: false });
  await turn();
  assert.equal(held(), large);
  await run(outcome(2, 0, 10));
  assert.equal(held(), large);
  await run(outcome(3, 0, 10));
  assert.equal(held(), 0);

  async function run(settled: ReturnType<typeof outcome>) {
    await ada.next('run');
    ada.send(settled, { type: 'ended', attempt: settled.attempt });
    await client.next('settled');
  }
});

test('what a client has not said that it wants, or not, is kept for it', bounded, async () => {
  await using scheduler = new Scheduler();
  const { ada, client } = await started(scheduler);
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] }, { type: 'seal', arrays: [1] });
  const { attempt } = await ada.next('run');

  ada.send(outcome(attempt, 0, large));
  await client.next('settled');
  assert.equal(scheduler.lookout.status.heldBytes, large);

  client.send({ type: 'take', array: 1, start: 0, isWanted: true });
  assert.equal((await client.next('block')).bytes.length, large);
  assert.equal(scheduler.lookout.status.heldBytes, 0);
});

test('what a worker is told while its inputs are read from disk, it is told after them', bounded, async () => {
  using folder = newFolder();
  await using scheduler = new Scheduler({ resultMemoryBytes: 10, spillDirectory: folder.path });
  const { ada, client } = await spilled(scheduler);

  const order: string[] = [];
  const dependent = submission({ array: 2, length: 1, elementwise: [1], whole: [1] });
  client.send({ type: 'submit', arrays: [dependent] }, { type: 'cancel', graceMs: 0 });
  for (const type of ['define', 'define', 'run', 'cancel', 'forget', 'forget'] as const) {
    const message = await ada.next(type);
    order.push(message.type);
    if (message.type === 'run') assert.deepEqual(message.inputs, [{ array: 1, blocks: [block(0, 500)] }]);
  }

  ada.send({ type: 'ended', attempt: 2 });
  await client.next('idle');
  while (scheduler.lookout.status.heldBytes > 0) await turn();
});

test('a client whose result is lost with the disk is told, and the worker is free for others', bounded, async () => {
  using folder = newFolder();
  await using scheduler = new Scheduler({ resultMemoryBytes: 10, spillDirectory: folder.path });
  const { ada, client } = await spilled(scheduler);

  truncateSync(join('/proc/self/fd', namelessIn(folder.path)), 0);
  client.send({ type: 'submit', arrays: [submission({ array: 2, length: 1, elementwise: [1] })] });

  const { code, message } = await client.next('failed');
  assert.equal(code, 'RESULT_LOST');
  assert.match(message, /cannot be read back: the file ends after 0 of 500 bytes/);
  await client.close();
  const other = connect(scheduler, { role: 'client', name: 'other' });
  await other.next('welcome');
  other.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'other' })] });
  assert.equal((await ada.next('run')).inputs.length, 0);
});

for (const threads of [1, 2]) {
  test(`of an array whose inputs are lost with the disk, nothing is run on ${threads} threads`, bounded, async () => {
    using folder = newFolder();
    await using scheduler = new Scheduler({ resultMemoryBytes: 10, spillDirectory: folder.path });
    const { ada, client } = await spilled(scheduler, { threads });

    truncateSync(join('/proc/self/fd', namelessIn(folder.path)), 0);
    await ada.next('define');
    client.send({ type: 'submit', arrays: [submission({ array: 2, length: 5, whole: [1] })] });
    await client.next('failed');
    const other = connect(scheduler, { role: 'client', name: 'other' });
    other.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, name: 'other' })] });

    const { definition } = await ada.next('define');
    assert.equal(definition.name, 'other');
    assert.equal((await ada.next('run')).array, definition.array);
  });
}

async function started(scheduler: Scheduler, { threads = 1 } = {}) {
  const ada = connect(scheduler, { role: 'worker', name: 'ada', threads });
  await ada.next('welcome');
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  return { ada, client };
}

/** The two, once 500 bytes are on disk: the outcome of array 1. */
async function spilled(scheduler: Scheduler, options?: { threads: number }) {
  const { ada, client } = await started(scheduler, options);
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
  ada.send(outcome((await ada.next('run')).attempt, 0, 500), { type: 'ended', attempt: 1 });
  await client.next('settled');
  while (scheduler.lookout.status.spilledBytes < 500) await turn();
  return { ada, client };
}

function block(start: number, size: number) {
  return { start, count: 1, bytes: new Uint8Array(size).fill(9) };
}

function outcome(attempt: number, start: number, size: number) {
  return { type: 'settled', attempt, busyMs: 1, ...block(start, size) } as const;
}
