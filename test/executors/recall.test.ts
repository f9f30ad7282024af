import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { newDiary, note, until, untilNoted } from '../fixtures/diary.ts';
import { hold } from '../fixtures/failing.ts';
import { follow, lastOfAll, midway } from '../fixtures/last-of-all.ts';

const bounded = { timeout: 60_000 };
const count = 1_000;
const indices = Array.from({ length: count }, (_, index) => index);

for (const [where, options] of [
  ['threads', { workers: 2 }],
  ['worker processes', { workers: 2, processes: true }],
] as const) {
  test(`on ${where}, what is behind a child that takes long does not wait for it, and runs once`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-recall-'));
    const file = join(folder, 'done');
    writeFileSync(file, '');
    try {
      const executor = new DistributedExecutor(() => new LocalCluster(options));
      const flow = new Flow('patience', () => ({ done: lastOfAll.map(indices, unmapped({ file, count })) }));

      const state = await flow.run({ executor, onLog: () => {} });

      assert.deepEqual(state.output.done, indices);
      assert.equal(readFileSync(file, 'utf8').length, count);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test('what ended before a child that takes long is there for others while that runs', bounded, async () => {
  using diary = newDiary();
  const executor = new DistributedExecutor(() => new LocalCluster({ workers: 2 }));
  const flow = new Flow('ahead', () => follow.map(midway.map(indices, unmapped(diary.path)), unmapped(diary.path)));

  const running = flow.run({ executor, onLog: () => {} });
  await until(diary.path, (lines) => lines.length === count - 1);
  note(diary.path, 'go');

  assert.deepEqual((await running).output, indices);
});

test('of children that overlap, each is there for others when it ends', bounded, async () => {
  using diary = newDiary();
  const executor = new DistributedExecutor(() => new LocalCluster({ workers: 2 }));
  const overlapping = hold.with({ concurrency: 4 });
  const eight = indices.slice(0, 8);
  const flow = new Flow('each', () => follow.map(overlapping.map(eight, unmapped(diary.path)), unmapped(diary.path)));

  const running = flow.run({ executor, onLog: () => {} });
  // The first four overlap on a thread. When the other one is through with its own, it has what follows.
  for (const index of [4, 5, 6, 7]) note(diary.path, `go ${index}`);
  for (const index of [3, 1, 0, 2]) {
    note(diary.path, `go ${index}`);
    await untilNoted(diary.path, `after ${index}`);
  }

  assert.deepEqual((await running).output, eight);
});
