// What is told when a thread dies, while it runs nothing, of what a task left behind there: no run is there to tell it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Program } from '../cli/process.ts';

const script = join(import.meta.dirname, '../fixtures/leaves-behind.ts');
const bounded = { timeout: 60_000 };
const died = 'a thread of worker worker-1 died while it ran nothing, and is replaced; ';

for (const where of ['threads', 'processes']) {
  test(
    `a promise that fails when its run is over is told, by the cluster and on stderr (${where})`,
    bounded,
    async () => {
      await using program = new Program(process.execPath, [script, where]);

      await program.line(/^then 2$/);

      const words =
        `${died}the last words of task 'save', which was over: it left a promise behind that nobody awaited, and that ` +
        'failed. Await it or return it (for many: await Promise.all(…), rather than forEach): Error: could not write 1';
      assert.equal(program.stdout[0], `cluster: ${words}`);
      assert.match(program.stdout[1]!, /^ +at write .*leaves-behind\.ts/);
      const own = program.stderr.findIndex((line) => line.endsWith(`Z ERROR heddle | ${words}`));
      assert.match(program.stderr[own + 1]!, /^ +at write .*leaves-behind\.ts/);
      assert.equal(await program.status(), 0);
    },
  );
}

test(
  'of a thread that died of what belongs to no task run, it is told which task ran there last',
  bounded,
  async () => {
    await using program = new Program(process.execPath, [script, 'threads', 'timer']);

    await program.line(/^then 2$/);

    assert.equal(
      program.stdout[0],
      `cluster: ${died}the last task that ran on it was 'start-timer'. If it left something behind, await a promise, and catch ` +
        'what a timer or a listener throws: AssertionError [ERR_ASSERTION]: nobody catches me',
    );
  },
);
