// What ends a flow run on this very thread, or does not: signals, and promises that nobody awaited.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bounded = { timeout: 60_000 };

test('on this thread such a promise ends the process, and before that the log says the same', bounded, async () => {
  const child = onThisThread('forgets');
  const told = lineOf(child.stderr, /here.* forgets\[1\] \| it left a promise behind.*Error: nobody awaits me/);

  const [code] = (await once(child, 'close')) as [number];
  await told;

  assert.equal(code, 1);
});

test('a task on this thread that ends the process is told of, with the status', bounded, async () => {
  for (const [how, which, status] of [
    ['exits', "'exits'", 3],
    ['exitsLast', "'exits' \\[map index 1\\]", 3],
    // Else whoever started it would take the run for one that succeeded.
    ['exitsAsIfWell', "'exits'", 1],
  ] as const) {
    const child = onThisThread(how);
    const lines: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));

    assert.deepEqual(await once(child, 'close'), [status, null]);
    assert.match(
      lines.at(-1)!,
      new RegExp(`ERROR here/run-\\S+ \\| the process ends with status ${status} in task ${which}, and the`),
    );
  }
});

test('one Ctrl-C or SIGTERM ends a process whose own thread is busy with a task', bounded, async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const child = onThisThread('busy');
    await lineOf(child.stdout, /^started$/);
    child.kill(signal);

    assert.deepEqual(await once(child, 'close'), [null, signal]);
  }
});

test('Ctrl-C cancels a run that waits on this thread, and a second one ends what goes on', bounded, async () => {
  const child = onThisThread('wait');
  const told = lineOf(child.stderr, /wait\[0\].* told to end and still runs.* A second Ctrl-C ends the process/);
  const ended = lineOf(child.stdout, /^Cancelled$/);
  await lineOf(child.stdout, /^waiting$/);
  child.kill('SIGINT');
  await Promise.all([told, ended]);
  child.kill('SIGINT');

  assert.deepEqual(await once(child, 'close'), [null, 'SIGINT']);
});

test('a process does not stay for a setup that hangs, once its run was cancelled', bounded, async () => {
  const child = onThisThread('hangsInSetup');
  const ended = lineOf(child.stdout, /^Cancelled$/);

  assert.deepEqual(await once(child, 'close'), [0, null]);
  await ended;
});

function onThisThread(how: string) {
  const script = fileURLToPath(new URL('../fixtures/ends-on-this-thread.ts', import.meta.url));
  return spawn(process.execPath, [script, how], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Resolves when a line like that is there. */
async function lineOf(stream: Readable, pattern: RegExp): Promise<void> {
  await new Promise<void>((resolve) => {
    createInterface({ input: stream }).on('line', (line) => pattern.test(line) && resolve());
  });
}
