import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Flow, sensor, task } from 'heddle';
import { withConfig } from '../with-config.ts';

const there = sensor('there', { every: '1m', timeout: '1h' }, (path: string) => path.length > 3);

test('a sensor is a task: its condition can be called by itself', () => {
  assert.deepEqual([there.run('abcd'), there.run('abc')], [true, false]);
});

test('without options it is called every ten seconds, without end, whatever timeout is configured for tasks', () => {
  const { everyMs, timeoutMs } = withConfig({ tasks: { defaults: { timeout: '1s' } } }, () => {
    return sensor('plain', () => 1).settings;
  });

  assert.deepEqual([everyMs, timeoutMs], [10_000, undefined]);
});

test('a copy of a sensor may wait another while, a copy of a task none', () => {
  assert.equal(there.with({ every: '5m' }).settings.everyMs, 300_000);
  assert.equal(there.with({ timeout: '2h' }).settings.everyMs, 60_000);
  assert.throws(() => task('one', () => 1).with({ every: '5m' }), {
    code: 'UNKNOWN_OPTION',
    message: /one\.with\(\) has no option 'every'/,
  });
});

test('a sensor that makes no sense says so where it is made', () => {
  assert.throws(() => sensor('idle', { every: 0 }, () => 1), {
    code: 'INVALID_OPTION',
    message: "option 'every' of task 'idle' should be more than 0; got 0",
  });
  assert.throws(() => sensor('idle', { evry: '1s' } as never, () => 1), {
    code: 'UNKNOWN_OPTION',
    message: /^sensor 'idle' has no option 'evry'\. Did you mean 'every'\?/,
  });
  assert.throws(() => sensor('idle', { every: '1s' } as never), {
    code: 'INVALID_TASK',
    message: /^sensor 'idle' needs a function .* got an object/,
  });
  assert.throws(() => new Flow('f', () => sensor('x', {}, undefined as never)), { code: 'INVALID_TASK' });
});

test('docs/sensors.md is a program that does what it says', async () => {
  const blocks = readFileSync('docs/sensors.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g);
  const folder = mkdtempSync(join(import.meta.dirname, '.docs-'));
  const file = join(folder, 'sensors.ts');
  writeFileSync(file, [...blocks].map(([, code]) => code).join('\n'));
  try {
    await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
