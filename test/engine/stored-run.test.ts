import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { partOf } from '../../src/engine/task-run/stored-run.ts';
import { LocalResult } from '../../src/results/local-result.ts';

test('whatever a task is called, its name is one part of a location, which no other name is', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' });

  fc.assert(
    fc.property(name, name, (one, other) => {
      assert.match(partOf(one), /^[\w%-](?:[\w.%~-]*[\w%-])?$/);
      assert.equal(partOf(one) === partOf(other), one === other);
    }),
  );
});

test('names that a file system would not take are places all the same', async () => {
  await using room = await mkdtempDisposable(`${tmpdir()}/heddle-parts-`);
  const result = new LocalResult({ directory: room.path });
  const names = ['..', '.', 'a/b', 'a\\b', 'C:', 'what?*', ' ', 'x'.repeat(400), 'x'.repeat(401), 'größe', '\0'];

  for (const name of names) await result.write(name, `x/${partOf(name)}`);

  for (const name of names) assert.equal(await result.read(`x/${partOf(name)}`), name);
});

test('an ordinary name stays what it is', () => {
  assert.equal(partOf('load-2_rows.csv'), 'load-2_rows.csv');
});
