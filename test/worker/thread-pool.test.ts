import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PooledChunk } from '../../src/worker/pool.ts';
import { ThreadPool } from '../../src/worker/thread-pool.ts';

const large = 100_000;
const small = 100;

test('large inputs that are nobody else’s move to the thread, so that its process holds them no more', async () => {
  assert.deepEqual(await lengthsAfterRun({ ownsInputs: true }), [0, small]);
});

test('inputs that others may need are copied', async () => {
  assert.deepEqual(await lengthsAfterRun({}), [large, small]);
});

/** Of the inputs of a chunk that was run: of one block twice, and a small one. */
async function lengthsAfterRun(options: { readonly ownsInputs?: boolean }): Promise<number[]> {
  await using pool = new ThreadPool({ threads: 1, memoryLimitMb: undefined, ...options });
  const [given, other] = [new Uint8Array(large), new Uint8Array(small)];

  const { last, loss } = await pool.run(chunkOf(given, other), () => undefined);

  assert.equal(loss, undefined);
  assert.deepEqual(
    last.filter(({ type }) => type === 'settled').map((report) => 'count' in report && report.count),
    [1],
  );
  return [given.length, other.length];
}

/** Its definition cannot be read: that is the outcome of its one index. */
function chunkOf(given: Uint8Array, other: Uint8Array): PooledChunk {
  const inputs = [given, given, other].map((bytes) => ({ array: 1, blocks: [{ start: 0, count: 1, bytes }] }));
  const facts = {
    name: 'none',
    length: 1,
    array: 2,
    attempt: 1,
    ranges: [{ start: 0, end: 1 }],
    lanes: 1,
    notes: [],
    timedOut: [],
  };
  return { ...facts, code: {}, definition: { parts: ['?'] }, elementwise: inputs, whole: [], timeoutMs: undefined };
}
