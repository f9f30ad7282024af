import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inheritedArguments } from '../../src/lib/inherited-arguments.ts';

test('a process of ours is started with what code may need to be loaded, and nothing that is about this process', () => {
  const given = ['--import', './hooks.js', '-C', 'development', '--inspect-brk=9229', '--max-old-space-size=512'];
  const values = ['--env-file', '.env', '--disable-warning', 'DEP0040', '--input-type', 'module', '-p', '1'];
  const more = ['--test', '--test-reporter', 'spec', '-e', 'run()', '--input-type=module', '--watch', '-r=x'];

  const kept = inheritedArguments([...given, ...values, ...more]);

  const loading = ['--import', './hooks.js', '-C', 'development', '--max-old-space-size=512'];
  assert.deepEqual(kept, loading.concat(['--env-file', '.env', '--disable-warning', 'DEP0040']));
});
