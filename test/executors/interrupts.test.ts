// What Ctrl-C and SIGTERM do to a program that runs flows.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bounded = { timeout: 60_000 };

test('Ctrl-C tells what runs, ends the run Cancelled, and sets the exit status [P343]', bounded, async () => {
  assert.deepEqual(await interrupted('interrupted', 'SIGINT'), {
    end: [130, null],
    said: ['started', 'told: AbortError', 'Cancelled', 'interrupted is over'],
  });
});

const ends = [
  ['interrupted-loop', 'SIGINT', [130, null]],
  ['interrupted-server', 'SIGTERM', [null, 'SIGTERM']],
] as const;

for (const [how, signal, end] of ends) {
  test(`${signal} ends a program that would go on, and cancels what it runs later: ${how}`, bounded, async () => {
    const { end: own, said } = await interrupted(how, signal);

    assert.deepEqual(own, end);
    assert.deepEqual(said.slice(0, 4), ['started', 'Cancelled', 'Cancelled', 'Cancelled']);
  });
}

test('a program that runs flows for ever is ended, however fast they are cancelled', bounded, async () => {
  const { end } = await interrupted('interrupted-for-ever', 'SIGTERM');

  assert.deepEqual(end, [null, 'SIGTERM']);
});

test('a program that listens for the signal itself, be it once, has the time that it takes', bounded, async () => {
  const { end, said } = await interrupted('interrupted-once', 'SIGTERM');

  assert.deepEqual(end, [0, null]);
  assert.deepEqual(said.toSorted(), ['Cancelled', 'heard', 'interrupted-once is over', 'shut down', 'started']);
});

test('Ctrl-C cancels a run on this thread whose functions wait, however shortly', bounded, async () => {
  const { end, said } = await interrupted('interrupted-here', 'SIGINT');

  assert.deepEqual(end, [130, null]);
  assert.deepEqual(said.slice(0, 2), ['started', 'Cancelled']);
});

test('Ctrl-C ends a program whose functions return promises on this thread, and never wait', bounded, async () => {
  assert.deepEqual(await interrupted('interrupted-busy', 'SIGINT'), { end: [null, 'SIGINT'], said: ['started'] });
});

test('Ctrl-C right after the last flow run ends the process as if there had been none', bounded, async () => {
  assert.deepEqual(await interrupted('too-late', 'SIGINT'), { end: [null, 'SIGINT'], said: [] });
});

test('a program that listens itself is told once of a signal right after the last flow run', bounded, async () => {
  const { end, said } = await interrupted('too-late-server', 'SIGTERM');

  assert.deepEqual(end, [0, null]);
  assert.deepEqual(said, ['too-late-server is over', 'heard']);
});

test('a signal that a program listens for itself is heard by runs on its thread, in tasks too', bounded, async () => {
  const { end, said } = await interrupted('told-in-a-task', 'SIGTERM');

  assert.deepEqual(end, [143, null]);
  assert.deepEqual(said, ['heard', 'Cancelled', 'told-in-a-task is over']);
});

/** Runs the program, sends it the signal when it says that it has started, and gives how it ended and what it said. */
async function interrupted(how: string, signal: NodeJS.Signals): Promise<{ end: unknown[]; said: string[] }> {
  const script = fileURLToPath(new URL('../fixtures/ends-by-itself.ts', import.meta.url));
  const options = { timeout: 50_000, killSignal: 'SIGKILL' } as const;
  const child = spawn(process.execPath, [script, how], { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    if (line === 'started') child.kill(signal);
  });
  return { end: await once(child, 'close'), said };
}
