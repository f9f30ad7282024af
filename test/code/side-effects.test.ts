import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { test } from 'node:test';
import { watchEffects } from '../../src/code/side-effects.ts';

test('what was opened since is told, each kind with its number', async (t) => {
  const effects = watchEffects();

  const watchers = [1, 2].map(() => watch(import.meta.dirname));
  t.after(() => watchers.forEach((watcher) => watcher.close()));
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' }),
  );
  t.after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => once(child, 'exit')));
  });

  assert.deepEqual(effects().toSorted(), ['opened 2 watchers of files', 'opened 3 child processes']);
});
