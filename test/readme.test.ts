// The README's commands, run as they stand there. A command that is added to it without being run here fails.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Program } from './cli/process.ts';

const blocks = [...readFileSync('README.md', 'utf8').matchAll(/```(sh|ts)\n([\s\S]*?)```/g)];
const commands = blocks.filter(([, kind]) => kind === 'sh').flatMap(([, , text]) => text!.trim().split('\n'));
const folder = mkdtempSync('test/.readme-');
after(() => rmSync(folder, { recursive: true, force: true }));

test('every command of the README is run by a test here, or by what runs this test', () => {
  assert.deepEqual(commands, [
    'npm ci && npm start',
    // Whoever runs this test ran it, and .ci/run takes it from the README.
    'npm ci && npm test',
    'HEDDLE_TOKEN=warp npx heddle run examples/flights.ts --listen 8786',
    'HEDDLE_TOKEN=warp npx heddle worker ws://127.0.0.1:8786 --threads 2',
    'npm run check',
    'npm run sim -- --seed 1 --seeds 20',
    'npm run bench -- round-trip',
    'npm run build && npm pack ./dist',
  ]);
});

test('npm start accounts for three million flights and names the chart it wrote', { timeout: 120_000 }, async () => {
  await using program = shell('npm start');

  assert.equal(await program.status(), 0);
  assertFlights(program);
});

test('the example runs in two terminals, one of them a worker', { timeout: 120_000 }, async () => {
  await using first = shell(commands[2]!);
  await using second = shell(commands[3]!);

  await second.line(/joined ws:\/\/127\.0\.0\.1:8786/);
  assert.equal(await first.status(), 0);
  assertFlights(first);
  await second.line(/left ws:\/\/127\.0\.0\.1:8786: the cluster was closed/);
});

for (const command of ['npm run sim -- --seed 1 --seeds 20', 'npm run bench -- round-trip']) {
  test(`${command} works`, { timeout: 600_000 }, async () => {
    await using program = shell(command);

    assert.equal(await program.status(), 0, [...program.stdout, ...program.stderr].join('\n'));
  });
}

test('the flow of the README runs as it stands there', async () => {
  const file = join(folder, 'flow.ts');
  writeFileSync(file, blocks.find(([, kind]) => kind === 'ts')![2]!);
  await using program = new Program(process.execPath, [file]);

  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, ["[ '4 letters', '3 letters', '4 letters' ]"]);
});

function assertFlights({ stdout }: Program): void {
  const text = stdout.join('\n');
  assert.match(text, /^ORD +166,341 /m);
  assert.match(text, /^3,000,000 flights, 0 of them without a known delay$/m);
  const chart = /^mean delay by hour of day: (\S+)$/m.exec(text)![1]!;
  assert.ok(readdirSync('.').includes(chart));
  assert.match(readFileSync(chart, 'utf8'), /^<svg [\s\S]*<\/svg>\s*$/);
  assert.match(text, /13 task runs/);
}

/** As typed into a terminal: through a shell, whose children end with it. */
function shell(command: string): Program {
  return new Program('sh', ['-c', `exec ${command.replace(/^(\w+=\S+) /, 'env $1 ')}`]);
}
