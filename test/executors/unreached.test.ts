// Tasks at the top level of a program, but where a worker that imports it never comes: after a run that was waited for,
// or where only the main module does anything.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const bounded = { timeout: 60_000 };

for (const where of ['threads', 'processes']) {
  test(`a task that is made after a run goes to ${where} with what it uses of what follows that`, bounded, async () => {
    assert.deepEqual(await linesOf('after-a-run.ts', where), [
      '{"late":[[103,2,2],[105,2,2]],"early":6}',
      `CAPTURE_NOT_SERIALIZABLE Task 'bad' was made after the run of a flow that test/fixtures/after-a-run.ts:8 waits for and captures a value that ` +
        `cannot be sent to a worker.`,
    ]);
  });

  test(`tasks that are made behind import.meta.main go to ${where} with what they capture`, bounded, async () => {
    const lines = await linesOf('behind-main.ts', where);
    const outer = `'scale' is itself a task that was made behind if (import.meta.main)`;
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('FUNCTION_NOT_SERIALIZABLE')),
      [
        '{"added":[2,3]}',
        '{"scaled":[4,7]}',
        `was made behind if (import.meta.main), and ${outer}`,
        '{"powers":[5,10]}',
        '[9]',
      ],
    );
    const refusals = lines.filter((line) => line.startsWith('FUNCTION_NOT_SERIALIZABLE'));
    assert.equal(refusals.length, 1);
    assert.ok(refusals[0]!.includes(`that cannot be done: ${outer}. `), refusals[0]);
  });
}

test('in CommonJS a run behind require.main is not run by workers, and tasks there are refused', bounded, async () => {
  const [found, refused, ...others] = await linesOf('behind-main.cjs', 'threads');

  assert.equal(found, '{"found":[2,3]}');
  assert.match(refused!, /^FUNCTION_NOT_SERIALIZABLE task 'below' was made behind if \(require\.main === module\), /);
  assert.match(refused!, /: its function is code of a CommonJS module, .* or make its file an ES module/);
  assert.deepEqual(others, []);
});

test('where workers over sockets would not find them, the run says so at once, and why', bounded, async () => {
  const lines = [...(await linesOf('after-a-run.ts', 'sockets')), ...(await linesOf('behind-main.ts', 'sockets'))];

  const refusals = lines.filter((line) => line.startsWith('TASK_NOT_ADDRESSABLE'));
  assert.deepEqual(
    refusals.map((line) => line.replace(/ \(\S+:\d+\),.*/, '')),
    [
      `TASK_NOT_ADDRESSABLE task 'late' was made after the run of a flow that test/fixtures/after-a-run.ts:8 waits for`,
      `TASK_NOT_ADDRESSABLE task 'bad' was made after the run of a flow that test/fixtures/after-a-run.ts:8 waits for`,
      `TASK_NOT_ADDRESSABLE task 'add' was made behind if (import.meta.main)`,
      `TASK_NOT_ADDRESSABLE task 'scale' was made behind if (import.meta.main)`,
      `TASK_NOT_ADDRESSABLE task 'outer' was made behind if (import.meta.main)`,
      `TASK_NOT_ADDRESSABLE task 'power' was made behind if (isMain)`,
    ],
  );
  assert.match(
    refusals[0]!,
    /Move the task\(\) call to the top level of a module, above the first run of a flow or start/,
  );
});

async function linesOf(fixture: string, where: string): Promise<string[]> {
  const file = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, where]);
  return stdout.trim().split('\n');
}
