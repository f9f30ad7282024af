import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { lastOfAll } from '../fixtures/last-of-all.ts';

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
