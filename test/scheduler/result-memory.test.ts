import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { attach, attachmentsOf } from '../../src/lib/attachments.ts';
import type { Block } from '../../src/lib/chunk.ts';
import { ResultMemory } from '../../src/scheduler/result-memory.ts';
import { newFolder } from './folder.ts';

test('what is over the limit is on disk, the oldest first, and all of it can be read', async () => {
  using folder = newFolder();
  await using memory = memoryOf(100, folder.path);

  const blocks = [1, 2, 3, 4].map((start) => memory.add(block(start, 40)));
  await settled(memory, 80);

  assert.deepEqual(
    blocks.map(({ bytes }) => bytes !== undefined),
    [false, false, true, true],
  );
  assert.deepEqual([memory.heldBytes, memory.spilledBytes], [160, 80]);
  assert.deepEqual(await memory.read(blocks), [1, 2, 3, 4].map((start) => block(start, 40))); // prettier-ignore
  const recent = memory.read(blocks.slice(2));
  assert.ok(!(recent instanceof Promise));
});

test('what is dropped takes no room, be it in memory, on disk, or just read or written', async () => {
  using folder = newFolder();
  await using memory = memoryOf(100, folder.path);
  const [onDisk, read, kept] = [1, 2, 3].map((start) => memory.add(block(start, 80)));
  await settled(memory, 80);

  memory.drop(onDisk!);
  const reading = memory.read([read!]);
  memory.drop(read!);
  assert.equal(memory.heldBytes, 80);
  const next = memory.add(block(5, 80));
  assert.deepEqual(await reading, [block(2, 80)]);
  memory.drop(next);

  const late = memory.add(block(4, 80));
  memory.drop(kept!);
  memory.drop(late);
  while (memory.heldBytes > 0) await turn();
});

test('memory that belongs to bytes counts with them, goes to disk with them, and comes back with them', async () => {
  using folder = newFolder();
  await using memory = memoryOf(100, folder.path);
  const given = block(1, 10);
  const parts = [5, 6].map((number) => [number, new Uint8Array(40).fill(number).buffer] as const);
  attach(given.bytes, new Map(parts));

  const held = memory.add(given);
  assert.deepEqual([held.byteLength, memory.memoryBytes], [90, 90]);
  memory.add(block(2, 80));
  await settled(memory, 80);

  assert.deepEqual([held.bytes, memory.spilledBytes], [undefined, 90]);
  const [back] = (await memory.read([held])) as [Block];
  assert.deepEqual(back, block(1, 10));
  assert.deepEqual(attachmentsOf(back.bytes), { attachments: new Map(parts), isForKeeps: false });
});

test('memory that many look at stays where it is', async () => {
  using folder = newFolder();
  await using memory = memoryOf(100, folder.path);
  const shared = block(1, 80);
  attach(shared.bytes, new Map([[0, new SharedArrayBuffer(8)]]));

  const first = memory.add(shared);
  const second = memory.add(block(2, 80));
  await settled(memory, 80);

  assert.equal(first.bytes, shared.bytes);
  assert.equal(second.bytes, undefined);
});

test('what the disk refuses stays in memory, and that is told once', async () => {
  using folder = newFolder();
  const told: string[] = [];
  const missing = join(folder.path, 'missing');
  await using memory = new ResultMemory({ limitBytes: 100, directory: missing, warn: (text) => told.push(text) });

  const blocks = [1, 2].map((start) => memory.add(block(start, 80)));
  while (told.length === 0) await turn();
  blocks.push(memory.add(block(3, 80)));

  assert.deepEqual(await memory.read(blocks), [1, 2, 3].map((start) => block(start, 80))); // prettier-ignore
  assert.deepEqual([memory.heldBytes, memory.spilledBytes, told.length], [240, 0, 1]);
  const where = `cannot be moved to disk in ${missing}: ENOENT`;
  assert.ok(told[0]!.startsWith(`results take more than 100 B of memory, and ${where}`));
});

function memoryOf(limitBytes: number, directory: string): ResultMemory {
  const warn = (message: string) => assert.fail(message);
  return new ResultMemory({ limitBytes, directory, warn });
}

function block(start: number, size: number) {
  return { start, count: 1, bytes: new Uint8Array(size).fill(start) };
}

/** Waits until so many bytes are left in memory. */
async function settled(memory: ResultMemory, bytes: number): Promise<void> {
  while (memory.memoryBytes > bytes) await turn();
}
