// A thread may hold two copies of Heddle: that of the worker, and that of the user's modules. Loaders that rewrite what
// is required bring that about, and so does a global command line beside a local library.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Program } from '../cli/process.ts';

const rewriting = ['--require', './test/fixtures/rewrites-modules.cjs'];

test('under a loader that rewrites what is required, a thread has the copy that modules import', async () => {
  await using program = new Program(process.execPath, [...rewriting, 'test/fixtures/imported.ts']);

  await program.status();

  assert.deepEqual(program.stdout, ['[]'], program.stderr.join('\n'));
});

test('signals, states and memory given up are what they are in a module that has a copy of its own', async () => {
  await using program = new Program(process.execPath, [...rewriting, 'test/fixtures/rewritten.cjs']);

  await program.status();

  const expected = ['Success', ['Skipped', 'Success'], 3, 'seen'];
  assert.deepEqual(program.stdout, ['left 0', JSON.stringify(expected)], program.stderr.join('\n'));
});

test('what a command line of another copy says goes to the flow run of the file', async () => {
  const other = mkdtempSync(join(tmpdir(), 'heddle-copy-'));
  try {
    for (const part of ['package.json', 'src', 'workers']) cpSync(part, join(other, part), { recursive: true });
    symlinkSync(resolve('node_modules'), join(other, 'node_modules'));
    const command = ['run', 'test/cli/script.fixture.ts', '--param', 'name=ann', '--param', 'times=2', '--local'];
    await using program = new Program(process.execPath, [join(other, 'src/cli/heddle.js'), ...command]);

    assert.equal(await program.status(), 0, program.stderr.join('\n'));
    assert.match(program.stdout.join(), /hello ann.*hello ann/);
  } finally {
    rmSync(other, { recursive: true });
  }
});
