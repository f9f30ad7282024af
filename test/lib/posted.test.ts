import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { attach, attachmentsOf } from '../../src/lib/attachments.ts';
import { noDefinition } from '../../src/lib/chunk.ts';
import { newControl } from '../../src/lib/control.ts';
import type { Dispatch } from '../../src/lib/chunk.ts';
import { chunkFrom, memoryIn, memoryOf, postedChunk, postedReturn, returnFrom } from '../../src/lib/posted.ts';

const count = fc.nat();
const whole = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 1_020, maxLength: 1_030 }));
const bytes = fc.oneof(whole, whole.map(asPart));
const input = fc.record({ array: count, blocks: fc.array(fc.record({ start: count, count, bytes })) });
const inputs = fc.array(input, { maxLength: 3 });
const chunk: fc.Arbitrary<Dispatch> = fc.record({
  name: fc.string({ unit: 'binary' }),
  length: count,
  array: count,
  attempt: count,
  lanes: count,
  code: fc.record({ bundle: fc.webUrl(), problem: fc.string() }, { requiredKeys: [] }),
  definition: fc.record({ parts: fc.array(fc.string({ unit: 'binary' })), values: bytes }, { requiredKeys: ['parts'] }),
  ranges: fc.array(fc.record({ start: count, end: count })),
  elementwise: inputs,
  whole: inputs,
  notes: fc.array(fc.record({ index: count, bytes })),
  timedOut: fc.array(count),
});

test('a chunk that was posted is the same on the thread', () => {
  fc.assert(
    fc.property(chunk, (sent) => {
      assert.deepEqual(asArrays(chunkFrom(structuredClone(postedChunk(sent)))), asArrays(sent));
    }),
  );
});

const log = { type: 'logs', records: [{ time: 1, level: 'info', message: 'finished', task: 'a' }] } as const;
const settled = fc.record(
  { type: fc.constant('settled' as const), start: count, count, busyMs: fc.double(), bytes, retried: count },
  { requiredKeys: ['type', 'start', 'count', 'busyMs', 'bytes'] },
);

test('so is what a thread gives back', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(settled, fc.constant(log))), (sent) => {
      assert.deepEqual(asArrays(returnFrom(structuredClone(postedReturn(sent)))), asArrays(sent));
    }),
  );
});

test('memory that belongs to bytes goes along, however few they are, and is then the thread’s own', () => {
  const values = Uint8Array.of(1);
  attach(values, new Map([[7, new ArrayBuffer(8)]]));

  const arrived = chunkFrom(structuredClone(postedChunk({ ...plain, definition: { parts: [], values } })));

  const attached = attachmentsOf(arrived.definition.values!)!;
  assert.deepEqual([attached.attachments.get(7)?.byteLength, attached.isForKeeps], [8, true]);
});

test('a view takes along nothing else of its memory', () => {
  for (const large of [new Uint8Array(10_000), Buffer.alloc(10_000)]) {
    const definition = { parts: [], values: large.subarray(0, 2_000) };

    const [values] = memoryIn(postedChunk({ ...plain, definition }), 2_000);

    assert.equal(values?.byteLength, 2_000);
  }
});

test('what a thread gives back has memory of its own, since it is kept', () => {
  const sent = { type: 'settled', start: 0, count: 1, busyMs: 1, bytes: new Uint8Array(100) } as const;

  const [arrived] = returnFrom(structuredClone(postedReturn([sent])));

  assert.equal(arrived?.type === 'settled' && arrived.bytes.buffer.byteLength, 100);
});

test('a thread gets the memory that it shares with its first chunk', () => {
  const memory = { control: newControl() };
  const posted = postedChunk(plain, memory);

  assert.equal(memoryOf(posted), memory);
  assert.deepEqual(asArrays(chunkFrom(posted)), asArrays(plain));
  assert.equal(memoryOf(postedChunk(plain)), undefined);
});

test('only memory of so many bytes is to be moved, never shared memory, and nothing twice', () => {
  const [shared, own] = [new Uint8Array(new SharedArrayBuffer(5_000)), new Uint8Array(5_000)];
  const blocks = [shared, own, own, new Uint8Array(4_999)].map((each) => ({ start: 0, count: 1, bytes: each }));

  const posted = postedChunk({ ...plain, elementwise: [{ array: 1, blocks }] });

  assert.deepEqual(memoryIn(posted, 5_000), [own.buffer]);
});

const plain = {
  name: 'a',
  length: 1,
  array: 1,
  attempt: 1,
  lanes: 1,
  code: {},
  definition: noDefinition,
  ranges: [{ start: 0, end: 1 }],
  elementwise: [],
  whole: [],
  notes: [],
  timedOut: [],
};

function asPart(own: Uint8Array): Uint8Array {
  return Uint8Array.of(9, ...own, 9).subarray(1, -1);
}

/** So that bytes are compared, and not the class or memory that they are in. */
function asArrays(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(asArrays);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asArrays(member)]));
}
