import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, withConfig } from '../../src/config/config.ts';

test('the configuration of the process is read once', () => {
  assert.equal(config(), config());
});

test('settings are changed for as long as the body runs, and other settings are kept', () => {
  const before = config();

  withConfig({ tasks: { defaults: { retries: 3 } } }, () => {
    withConfig({ logging: { level: 'error' }, secrets: { DB: 'hunter2' } }, () => {
      assert.equal(config().tasks.defaults.retries, 3);
      assert.equal(config().tasks.defaults.timeout, before.tasks.defaults.timeout);
      assert.equal(config().logging.level, 'error');
      assert.equal(config().secrets['DB'], 'hunter2');
    });
    assert.equal(config().logging.level, before.logging.level);
    assert.equal(config().secrets['DB'], undefined);
  });

  assert.equal(config(), before);
});

test('a body that throws leaves the configuration as it was [P289]', async () => {
  const before = config();
  const fail = () => {
    throw new Error('lost');
  };

  assert.throws(() => withConfig({ logging: { level: 'error' } }, fail), /lost/);
  await assert.rejects(
    withConfig({ logging: { level: 'error' } }, async () => fail()),
    /lost/,
  );

  assert.equal(config(), before);
});

test('bodies that overlap see their own settings only', async () => {
  const { promise: both, resolve: meet } = Promise.withResolvers<void>();
  const levelOf = (level: 'warn' | 'error', wait: () => Promise<void>) =>
    withConfig({ logging: { level } }, async () => {
      await wait();
      return config().logging.level;
    });

  const first = levelOf('warn', () => both);
  const second = levelOf('error', async () => meet());

  assert.deepEqual(await Promise.all([first, second]), ['warn', 'error']);
});

test('settings are checked here as in a file', () => {
  const wrong = { logging: { level: 'loud' } } as unknown as Parameters<typeof withConfig>[0];
  const unknown = { loging: {} } as unknown as Parameters<typeof withConfig>[0];

  assert.throws(() => withConfig(wrong, () => {}), {
    code: 'INVALID_CONFIG_VALUE',
    message: `withConfig(): 'logging.level' should be one of 'debug', 'info', 'warn', 'error'; got 'loud'`,
  });
  assert.throws(() => withConfig(unknown, () => {}), {
    code: 'UNKNOWN_CONFIG_KEY',
    message: `withConfig(): there is no section 'loging'. Did you mean 'logging'?`,
  });
});
