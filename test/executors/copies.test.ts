// A thread may hold two copies of Heddle: that of the worker, and that of the user's modules. Loaders that rewrite what
// is required bring that about, and so does a global command line beside a local library.

import assert from 'node:assert/strict';
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
