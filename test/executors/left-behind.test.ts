// What is told when a thread dies, while it runs nothing, of what a task left behind there: no run is there to tell it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
import { Program } from '../cli/process.ts';
import { showWhileRunning, waysToShow } from '../fixtures/leaves-behind.ts';

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
        `${died}the last words of task 'save' [map index 0], which was over: it left a promise behind that nobody awaited, and that ` +
        'failed. Await it or return it (for many: await Promise.all(…), rather than forEach): Error: could not write 1';
      assert.equal(program.stdout[0], `cluster: ${words}`);
      assert.match(program.stdout[1]!, /^ +at write .*leaves-behind\.ts/);
      const own = program.stderr.findIndex((line) => line.endsWith(`Z ERROR heddle | ${words}`));
      assert.match(program.stderr[own + 1]!, /^ +at write .*leaves-behind\.ts/);
      assert.equal(await program.status(), 0);
    },
  );
}

const ranLast = (task: string) => `cluster: ${died}the last task that ran on it was '${task}'. `;
const remedy = 'If it left something behind, await a promise, and catch what a timer or a listener throws: ';
const caught = 'AssertionError [ERR_ASSERTION]: nobody catches me';

test(
  'of a thread that died of what belongs to no task run, it is told which task ran there last',
  bounded,
  async () => {
    await using program = new Program(process.execPath, [script, 'threads', 'timer']);

    await program.line(/^then 2$/);

    assert.equal(program.stdout[0], `${ranLast('start-timer')}${remedy}${caught}`);
    assert.match(program.stdout[1]!, /^ +at .*leaves-behind\.ts/);
    assert.equal(await program.status(), 0);
  },
);

test('what a task says when it is over is not what its thread dies of later', bounded, async () => {
  await using program = new Program(process.execPath, [script, 'threads', 'complain']);

  await program.line(/^then 2$/);

  assert.equal(program.stdout[0], `${ranLast('start-timer')}${remedy}${caught}`);
  assert.equal(await program.status(), 0);
});

test('a thread that ends by process.exit() while it runs nothing is told', bounded, async () => {
  await using program = new Program(process.execPath, [script, 'threads', 'exit']);

  await program.line(/^then 2$/);

  assert.equal(
    program.stdout[0],
    `${ranLast('exit-late')}Something called process.exit(3) there: let no timer, listener or promise that a task leaves ` +
      'behind do so; a task ends by returning or throwing',
  );
  assert.equal(await program.status(), 0);
  // The thread that ends with its cluster is no such one.
  assert.equal(program.stderr.filter((line) => line.includes('died while it ran nothing')).length, 1);
});

test('secrets that were read in a thread are not shown by what it dies of', bounded, async () => {
  await using program = new Program(process.execPath, [script, 'threads', 'secret']);

  await program.line(/^then 2$/);

  const words = `${remedy}AssertionError [ERR_ASSERTION]: refused: ***`;
  assert.equal(program.stdout[0], `${ranLast('show-secret')}${words}`);
  assert.ok(program.stderr.some((line) => line.endsWith(words)));
  assert.deepEqual(
    program.stderr.filter((line) => line.includes('warp-and-weft')),
    [],
  );
  assert.equal(await program.status(), 0);
});

for (const how of waysToShow) {
  test(`nor by what it dies of while a task runs, in the log and in the state (${how})`, bounded, async () => {
    const told: string[] = [];
    const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }));
    const flow = new Flow('busy', { executor }, () => showWhileRunning(how));

    const secrets = { PASSWORD: 'warp-and-weft' };
    const state = await flow.run({ secrets, onLog: ({ message }) => void told.push(message) });

    const crashed = state.of('show-while-running');
    assert.equal(crashed.type, 'Crashed');
    told.push(crashed.message, inspect(crashed.error));
    assert.ok(told.filter((text) => text.includes('refused: ***')).length > 2);
    assert.deepEqual(
      told.filter((text) => text.includes('warp-and-weft')),
      [],
    );
  });
}
