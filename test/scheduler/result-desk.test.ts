import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inprocPair } from '../../src/comm/inproc.ts';
import { blockHeadBytes } from '../../src/lib/chunk.ts';
import { noTraits } from '../../src/lib/placing.ts';
import { unit } from '../../src/lib/range.ts';
import type { FromPeer, Hello, ToPeer } from '../../src/protocol/messages.ts';
import { CodeDesk } from '../../src/scheduler/code-desk.ts';
import { SchedulerCore } from '../../src/scheduler/core.ts';
import { HeldArray, newClient, specOf } from '../../src/scheduler/peers.ts';
import { ResultDesk } from '../../src/scheduler/result-desk.ts';
import { watchOverClient } from '../../src/scheduler/signs-of-life.ts';
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

test('what many arrays need whole goes to each worker once, and is to be forgotten there', bounded, async () => {
  await using scheduler = new Scheduler();
  const { ada, client } = await started(scheduler);
  const given = [block(0, large)];
  const needing = [2, 3].map((array) => submission({ array, length: 1, whole: [1] }));
  client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1, given }), ...needing] });

  const { array, blocks } = await ada.next('whole');
  assert.deepEqual(blocks, given);
  for (const attempt of [1, 2]) {
    assert.deepEqual((await ada.next('define')).definition.whole, [array]);
    ada.send(outcome(attempt, 0, 10), { type: 'ended', attempt });
    await client.next('settled');
  }
  await client.close();
  const forgotten = [await ada.next('forget'), await ada.next('forget'), await ada.next('forget')];
  assert.ok(forgotten.some((message) => message.array === array));
  assert.ok(!ada.has('whole'));
});

test('a worker that joins later gets all that is needed whole as well', bounded, async () => {
  await using scheduler = new Scheduler();
  const { ada, client } = await started(scheduler);
  const given = submission({ array: 1, length: 1, given: [block(0, 10)] });
  client.send({ type: 'submit', arrays: [given, submission({ array: 2, length: 1, whole: [1] })] });
  await ada.next('run');
  ada.close();

  const bob = connect(scheduler, { role: 'worker', name: 'ada', threads: 1 });
  assert.deepEqual((await bob.next('whole')).blocks, [block(0, 10)]);
  assert.deepEqual((await bob.next('run')).ranges, [{ start: 0, end: 1 }]);
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

test('who still needs an outcome is found among those that are not done, however many are', (t) => {
  const count = 300;
  const core = new SchedulerCore({ allowedFailures: 0, heartbeatTimeoutMs: 1000 });
  const ignore = () => {};
  const desk = new ResultDesk({}, { core, code: new CodeDesk(), warn: ignore, failed: ignore, unsent: ignore });
  const arrays = oneNeededBy(count);
  core.handle({ type: 'worker-joined', worker: 'ada', threads: 1, has: noTraits }, 0);
  core.handle({ type: 'arrays-submitted', arrays: arrays.map((array) => specOf(array, {})) }, 0);
  desk.sealed(arrays);
  const { mock } = t.mock.method(core.arrays, 'get');

  for (const [position, array] of arrays.entries()) {
    const news = { worker: 'ada', attempt: position + 1, range: unit(0), busyMs: 1, isLast: true };
    core.handle({ type: 'indices-settled', ...news }, position);
    desk.settled(array, block(0, 10), undefined);
  }

  assert.ok(mock.callCount() < 20 * count, `the core was asked ${mock.callCount()} times`);
  assert.equal(desk.memory.heldBytes, 0);
});

async function started(scheduler: Scheduler, { threads = 1 } = {}) {
  const ada = connect(scheduler, { role: 'worker', name: 'ada', threads });
  await ada.next('welcome');
  const client = connect(scheduler, { role: 'client' });
  await client.next('welcome');
  return { ada, client };
}

/** An array, and so many others that need it. */
function oneNeededBy(count: number): HeldArray[] {
  const [comm] = inprocPair<FromPeer, ToPeer>();
  const watch = watchOverClient(1000, () => {});
  const client = { ...newClient('client', comm, { name: 'test' } as Hello), watch };
  watch.stop();
  return Array.from({ length: count + 1 }, (_, id) => {
    const array = new HeldArray(id, client, submission({ array: id, length: 1, whole: id === 0 ? [] : [0] }));
    client.arrays.set(id, array);
    return array;
  });
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
