// The other files of this folder are the tests: they say what must compile, and with `@ts-expect-error` what must not,
// which is an error where there is none. `npm run check` compiles them too.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..', '..');

test('what should compile does, and what should not does not', async () => {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compile = promisify(execFile)(process.execPath, [compiler, '-p', import.meta.dirname], { cwd: root });

  const errors = await compile.then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  );

  assert.equal(errors, '');
});
