import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misspeltIn } from '../../src/config/environment.ts';
import { project } from './project.ts';

test('values of variables are cast to what the setting takes', () => {
  using given = project({
    env: {
      HEDDLE__LOGGING__LOG_STDOUT: 'True',
      HEDDLE__LOGGING__EXTRA_LOGGERS: '["pg", "undici"]',
      HEDDLE__TASKS__DEFAULTS__RETRIES: ' 3 ',
      HEDDLE__TASKS__DEFAULTS__RETRYDELAY: '1.5e3',
      HEDDLE__LOGGING__PROGRESS_INTERVAL: 'false',
      HEDDLE__TASKS__DEFAULTS__TIMEOUT: '10s',
      HEDDLE__RESULTS__DIRECTORY: '/2024',
    },
  });

  const { logging, tasks, results } = given.load();

  assert.deepEqual(logging, {
    level: 'info',
    format: 'text',
    extraLoggers: ['pg', 'undici'],
    logStdout: true,
    progressInterval: undefined,
  });
  assert.deepEqual(tasks.defaults, { retries: 3, retryDelay: 1_500, timeout: '10s' });
  assert.equal(results.directory, '/2024');
});

test('a text that looks like a number stays text where a text is wanted', () => {
  using given = project({ env: { HEDDLE__RESULTS__DIRECTORY: '2024', HEDDLE__SECRETS__PIN: '0042' } });

  assert.match(given.load().results.directory, /2024$/);
  assert.equal(given.load().secrets['PIN'], '0042');
});

test('an empty variable counts as one that is not set, and others with one underscore are not ours', () => {
  using given = project({
    env: { HEDDLE__LOGGING__LEVEL: '', HEDDLE__NOTHING: '', HEDDLE_TOKEN: 'x', heddle__x: 'y' },
  });

  assert.equal(given.load().logging.level, 'info');
});

test('the name of a secret keeps its letters and underscores', () => {
  using given = project({ env: { HEDDLE__SECRETS__my__Key_: 'x' } });

  assert.deepEqual(given.load().secrets, { my__Key_: 'x' });
});

test('a variable for all secrets at once is refused without being shown', () => {
  for (const variable of ['HEDDLE__SECRETS', 'HEDDLE__SECRETS__', 'HEDDLE__secrets__DB']) {
    using given = project({ env: { [variable]: 'hunter2' } });

    assert.throws(given.load, {
      code: 'UNKNOWN_CONFIG_KEY',
      message: `environment variable ${variable}: it does not name one setting, as HEDDLE__SECRETS__NAME does`,
    });
  }
});

test('what is spelt otherwise than a setting is found, with the setting that is meant, and nothing else', () => {
  const meant = {
    HEDDLE_LOGGING_LEVEL: 'HEDDLE__LOGGING__LEVEL',
    HEDDLE_LOG_LEVEL: 'HEDDLE__LOGGING__LEVEL',
    HEDDLE_LOGLEVEL: 'HEDDLE__LOGGING__LEVEL',
    heddle__logging__format: 'HEDDLE__LOGGING__FORMAT',
    HEDDLE_LOG_STDOUT: 'HEDDLE__LOGGING__LOG_STDOUT',
    HEDDLE_TASK_TIMEOUT: 'HEDDLE__TASKS__DEFAULTS__TIMEOUT',
    HEDDLE_SECRETS__DB: 'HEDDLE__SECRETS__DB',
    HEDDLE_SECRET_Db_Key: 'HEDDLE__SECRETS__Db_Key',
  };
  const others = ['HEDDLE__LOGGING__LEVEL', 'HEDDLE_TOKEN', 'HEDDLE_LEVEL', 'HEDDLE_X_LEVEL', 'HEDDLE_', 'LOG_LEVEL'];
  const env = Object.fromEntries([...others, ...Object.keys(meant)].map((variable) => [variable, 'x']));

  assert.deepEqual(Object.fromEntries(misspeltIn(env)), meant);
});
