import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { config } from '../../src/config/config.ts';

test('the configuration of the process is read once', () => {
  assert.equal(config(), config());
});

test('a variable that is spelt otherwise than a setting is told once, by the process alone', () => {
  const script = `
    import { Flow, task } from 'heddle';
    import { DistributedExecutor, LocalCluster } from 'heddle/executors';
    const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1 }));
    await new Flow('f', () => task('t', () => 1)()).run({ executor, onLog: () => {} });
  `;
  const env = { ...process.env, HEDDLE_LOG_LEVEL: 'debug' };
  const options = ['--conditions=source', '--input-type=module-typescript', '--eval', script];

  const { stderr } = spawnSync(process.execPath, options, { cwd: import.meta.dirname, env, encoding: 'utf8' });

  const told =
    '[VARIABLE_SETS_NOTHING] Warning: environment variable HEDDLE_LOG_LEVEL sets nothing: the one that does is';
  assert.deepEqual(
    stderr.split('\n').map((line) => line.replace(/^\(node:\d+\) /, '')),
    [`${told} HEDDLE__LOGGING__LEVEL`, '(Use `node --trace-warnings ...` to show where the warning was created)', ''],
  );
});
