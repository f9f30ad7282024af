// What Ctrl-C and SIGTERM do to a program that runs flows.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bounded = { timeout: 60_000 };

test('Ctrl-C tells what runs, ends the run Cancelled, and sets the exit status [P343]', bounded, async () => {
  const script = fileURLToPath(new URL('../fixtures/ends-by-itself.ts', import.meta.url));
  const child = spawn(process.execPath, [script, 'interrupted'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const said: string[] = [];
  lines.on('line', (line) => {
    said.push(line);
    if (line === 'started') child.kill('SIGINT');
  });

  const [code] = (await once(child, 'close')) as [number];

  assert.deepEqual([code, said], [130, ['started', 'told: AbortError', 'Cancelled', 'interrupted is over']]);
});

const ends = [
  ['interrupted-loop', 'SIGINT', [130, null]],
  ['interrupted-server', 'SIGTERM', [null, 'SIGTERM']],
] as const;

for (const [how, signal, end] of ends) {
  test(`${signal} ends a program that would go on, and cancels what it runs later: ${how}`, bounded, async () => {
    const script = fileURLToPath(new URL('../fixtures/ends-by-itself.ts', import.meta.url));
    const child = spawn(process.execPath, [script, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      if (line === 'started') child.kill(signal);
    });

    assert.deepEqual(await once(child, 'close'), end);

    assert.deepEqual(said.slice(0, 4), ['started', 'Cancelled', 'Cancelled', 'Cancelled']);
  });
}

test('Ctrl-C cancels a run on this thread whose functions wait, however shortly', bounded, async () => {
  const script = fileURLToPath(new URL('../fixtures/ends-by-itself.ts', import.meta.url));
  const child = spawn(process.execPath, [script, 'interrupted-here'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    if (line === 'started') child.kill('SIGINT');
  });

  assert.deepEqual(await once(child, 'close'), [130, null]);
  assert.deepEqual(said.slice(0, 2), ['started', 'Cancelled']);
});

test('Ctrl-C right after the last flow run ends the process as if there had been none', bounded, async () => {
  const script = fileURLToPath(new URL('../fixtures/ends-by-itself.ts', import.meta.url));
  const child = spawn(process.execPath, [script, 'too-late'], { stdio: 'inherit' });

  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];

  assert.deepEqual([code, signal], [null, 'SIGINT']);
});
