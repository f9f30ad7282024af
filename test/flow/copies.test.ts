// A project can hold Heddle twice: where a package of it has its own, or a loader (tsx) makes CommonJS of what is
// required and leaves alone what is imported.

import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as heddle from 'heddle';
import { newRoom } from '../fixtures/room.ts';

const own = join(import.meta.dirname, '../..');

test('tasks, parameters and flows of one copy of Heddle work with those of another', async () => {
  using room = newRoom();
  for (const part of ['src', 'workers', 'package.json'])
    cpSync(join(own, part), join(room.path, part), { recursive: true });
  symlinkSync(join(own, 'node_modules'), join(room.path, 'node_modules'));
  const copy = (await import(pathToFileURL(join(room.path, 'src/index.ts')).href)) as typeof heddle;
  const times = copy.task('times', (x: number, y: number) => x * y);
  const total = heddle.task('total', (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0));
  const plan = (by: typeof heddle) => () => total(times.map(new by.Parameter<number[]>('numbers'), by.unmapped(3)));
  const run = { parameters: { numbers: [1, 2, 3] }, onLog: () => {} };

  const states = [
    await new heddle.Flow('ours', plan(copy)).run(run),
    await new copy.Flow('theirs', plan(heddle)).run(run),
  ];

  assert.notEqual(copy.Flow, heddle.Flow);
  assert.deepEqual(
    states.map(({ message, output }) => [message, output]),
    states.map(() => ['All reference tasks succeeded.', 18]),
  );
  assert.throws(() => heddle.task('none', () => {})(), copy.UsageError);
});
