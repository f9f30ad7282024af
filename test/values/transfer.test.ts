import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transfer } from 'heddle';
import { attach, attachmentsOf } from '../../src/lib/attachments.ts';
import { decodeValue, encodeValue } from '../../src/values/encode.ts';
import { diagnose } from '../../src/values/diagnosis.ts';

test('memory that is given up goes beside the bytes, and who may keep it gets that very memory', () => {
  const pixels = new Float64Array(10_000).fill(1.5);
  const { bytes, memories } = encode({ pixels: transfer(pixels), half: new Uint8Array(pixels.buffer) });

  assert.ok(bytes.length < 200);
  assert.equal(pixels.length, 0);
  const [memory] = memories as [ArrayBuffer];
  assert.equal(memory.byteLength, 80_000);

  attach(bytes, new Map(attachmentsOf(bytes)!.attachments), { isForKeeps: true });
  const kept = decode(bytes) as { pixels: Float64Array; half: Uint8Array };
  assert.equal(kept.pixels.buffer, memory);
  assert.equal(kept.half.buffer, memory);
  assert.deepEqual([kept.pixels.length, kept.pixels[9_999]], [10_000, 1.5]);
});

test('who may not keep it gets a copy each time, whose parts look at one memory', () => {
  const pixels = new Uint8Array(1_000).fill(7);
  const { bytes } = encode(transfer([pixels, new DataView(pixels.buffer, 0, 600)]));

  const [first] = decode(bytes) as [Uint8Array];
  first.fill(0);
  const [second, view] = decode(bytes) as [Uint8Array, DataView];

  assert.equal(second[999], 7);
  second[0] = 9;
  assert.equal(view.getUint8(0), 9);
});

test('a small view of much memory goes alone, and a Buffer of the pool of all Buffers is copied', () => {
  const secret = new Uint8Array(10_000).fill(1);
  const small = encode(transfer(secret.subarray(0, 10)));
  const pooled = Buffer.from('from the pool');
  const copied = encode(transfer(pooled));

  assert.deepEqual([small.memories.length, copied.memories.length], [0, 0]);
  assert.deepEqual(decode(small.bytes), new Uint8Array(10).fill(1));
  assert.equal(secret.length, 0);
  assert.equal(pooled.toString(), 'from the pool');
});

test('without a way beside the bytes it goes in them, and is gone for its author all the same', () => {
  const pixels = new Uint8Array(1_000).fill(7);

  const bytes = encodeValue(transfer({ pixels }), [], { takesGivenUp: true });

  assert.equal(pixels.length, 0);
  assert.deepEqual(decodeValue(bytes), { pixels: new Uint8Array(1_000).fill(7) });
});

test('nobody takes what was given up but a task that returns it', () => {
  const pixels = transfer(new Uint8Array(1_000).fill(7));

  encodeValue(pixels);

  assert.equal(pixels.length, 1_000);
});

test('large views go beside the bytes as copies, and small ones in them', () => {
  const large = new Uint16Array(50_000).fill(7);
  const value = { part: large.subarray(100, 49_000), buffer: Buffer.alloc(70_000, 1), small: new Uint8Array(9) };
  const { bytes, memories } = encode(value);

  large.fill(0);
  assert.ok(bytes.length < 300);
  assert.deepEqual(memories.map((memory) => (memory as ArrayBuffer).byteLength), [97_800, 70_000]); // prettier-ignore
  const back = decode(bytes) as typeof value;
  assert.deepEqual(back, { ...value, part: new Uint16Array(48_900).fill(7) });
  assert.deepEqual([back.part.byteOffset, back.part.buffer.byteLength], [0, 97_800]);
  back.buffer.fill(0);
  assert.equal((decode(bytes) as typeof value).buffer[0], 1);
});

test('shared memory is the same where it arrives, and views of it look at it together', () => {
  const memory = new SharedArrayBuffer(16);
  const value = { memory, view: new Int32Array(memory, 4, 2), bytes: Buffer.from(memory, 8, 4) };
  const { packed, refused } = diagnose(value, { sharesMemory: true });
  const { bytes } = encode(packed);

  const back = decode(bytes) as typeof value;

  assert.deepEqual(refused, []);
  assert.equal(back.memory, memory);
  assert.ok(back.view.buffer === memory && back.bytes.buffer === memory);
  assert.deepEqual([back.view.length, back.bytes.length, Buffer.isBuffer(back.bytes)], [2, 4, true]);
});

test('bytes without the memory that belongs to them are an error that says so', () => {
  const { bytes } = encode(transfer(new Uint8Array(1_000)));

  assert.throws(() => decodeValue(bytes), /came without the memory that belongs to it/);
});

function encode(value: unknown): { bytes: Uint8Array; memories: unknown[] } {
  const attaching = new Map<number, ArrayBuffer>();
  const bytes = encodeValue(value, [], { attaching, takesGivenUp: true });
  attach(bytes, attaching);
  return { bytes, memories: [...attaching.values()] };
}

function decode(bytes: Uint8Array): unknown {
  return decodeValue(bytes, { attached: attachmentsOf(bytes) });
}
