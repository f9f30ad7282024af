import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toEnvironment } from '../../src/config/environment.ts';
import { overrideConfig } from '../../src/config/load-config.ts';
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

test('a configuration goes through environment variables and comes back the same [P288]', () => {
  const text = fc.string({ minLength: 1 });
  const dollars = fc.array(fc.constantFrom('$', '{', '}', 'A', '.', ' ', '"'), { minLength: 1 }).map((c) => c.join(''));
  const overrides = fc.record({
    logging: fc.record({
      level: fc.constantFrom('debug', 'info', 'warn', 'error'),
      format: fc.constantFrom('text', 'json'),
      extraLoggers: fc.array(fc.oneof(text, dollars)),
      progressInterval: fc.constantFrom(undefined, 0, 250, '1m'),
      logStdout: fc.boolean(),
    }),
    tasks: fc.record({
      defaults: fc.record({
        retries: fc.nat(),
        retryDelay: fc.constantFrom(undefined, 0, 1_500, '10s'),
        timeout: fc.constantFrom(undefined, 250, '1.5m'),
      }),
    }),
    code: fc.record({ directory: fc.oneof(text, dollars) }),
    results: fc.record({ directory: fc.oneof(text, dollars) }),
    flows: fc.record({ checkpointing: fc.boolean() }),
    secrets: fc.dictionary(
      text,
      fc.oneof(dollars, fc.array(text), fc.record({ user: text, port: fc.nat() }, { noNullPrototype: true })),
    ),
  });
  using given = project({ project: '[logging]\nlevel = "error"\n[tasks.defaults]\ntimeout = 1' });
  const base = given.load();

  fc.assert(
    fc.property(overrides, (changed) => {
      const config = overrideConfig(base, changed as Parameters<typeof overrideConfig>[1], given);
      using other = project({
        user: '[tasks.defaults]\nretryDelay = "1h"',
        env: toEnvironment(config, ['logging', 'tasks', 'code', 'results', 'flows', 'secrets']),
      });

      const again = other.load();

      assert.deepEqual(again, config);
      assert.deepEqual({ ...again.secrets }, { ...config.secrets });
    }),
  );
});

test('only what is asked for becomes variables, and secrets only by name', () => {
  using given = project({ project: '[logging]\nextraLoggers = ["pg"]\n[secrets]\nA = "a"\nB = { c = "d" }' });
  const config = given.load();

  assert.deepEqual(toEnvironment(config, ['logging', 'tasks.defaults.retries']), {
    HEDDLE__LOGGING__LEVEL: 'info',
    HEDDLE__LOGGING__FORMAT: 'text',
    HEDDLE__LOGGING__EXTRA_LOGGERS: '["pg"]',
    HEDDLE__LOGGING__LOG_STDOUT: 'false',
    HEDDLE__LOGGING__PROGRESS_INTERVAL: '10s',
    HEDDLE__TASKS__DEFAULTS__RETRIES: '0',
  });
  assert.deepEqual(toEnvironment(config, ['secrets.B']), { HEDDLE__SECRETS__B: '{"c":"d"}' });
  assert.ok(!Object.keys(toEnvironment(config)).some((name) => name.includes('SECRETS')));
});

test('to ask for a setting that does not exist is an error', () => {
  using given = project({});

  assert.throws(() => toEnvironment(given.load(), ['logging.levle']), {
    name: 'TypeError',
    code: 'UNKNOWN_CONFIG_KEY',
    message: `toEnvironment(): there is no setting 'logging.levle'. Did you mean 'logging.level'?`,
  });
});
