import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inheritedArguments } from '../../src/executors/launch.ts';

test('a worker process is started with what code may need to be loaded, and nothing that is about this process', () => {
  const given = ['--import', './hooks.js', '-C', 'development', '--inspect-brk=9229', '--max-old-space-size=512'];
  const values = ['--env-file', '.env', '--disable-warning', 'DEP0040', '--input-type', 'module', '-p', '1'];
  const more = ['--test', '--test-reporter', 'spec', '-e', 'run()', '--input-type=module', '--watch', '-r=x'];

  const kept = inheritedArguments([...given, ...values, ...more]);

  const loading = ['--import', './hooks.js', '-C', 'development', '--max-old-space-size=512'];
  assert.deepEqual(kept, loading.concat(['--env-file', '.env', '--disable-warning', 'DEP0040']));
});

test(
  'what a task writes to the streams of a worker process, its cluster writes to its own',
  { timeout: 60_000 },
  async () => {
    const script = fileURLToPath(new URL('../fixtures/writes-to-streams.ts', import.meta.url));

    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script]);

    const linesOf = (text: string) => text.trimEnd().split('\n').toSorted();
    assert.deepEqual(linesOf(stdout), ['out of its child', 'out of the task']);
    assert.deepEqual(linesOf(stderr), ['errors of its child', 'errors of the task']);
  },
);
