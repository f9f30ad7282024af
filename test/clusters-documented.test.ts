import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Program } from './cli/process.ts';

test("the cluster of one's own in docs/clusters.md runs as it stands there", { timeout: 60_000 }, async () => {
  const blocks = [...readFileSync('docs/clusters.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];
  const example = blocks.map(([, text]) => text!).find((text) => text.includes('function launch('))!;
  const folder = mkdtempSync('test/.clusters-');
  try {
    const file = join(folder, 'squares.ts');
    writeFileSync(file, example);
    await using program = new Program(process.execPath, [file]);

    assert.equal(await program.status(), 0, program.stderr.join('\n'));
    assert.deepEqual(program.stdout, ['[ 1, 4, 9 ] 2']);
    assert.ok(example.includes('// [ 1, 4, 9 ] 2'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
