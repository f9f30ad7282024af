import assert from 'node:assert/strict';
import { chmod, mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LocalResult } from '../../src/results/local-result.ts';
import { asNobody } from './as-nobody.ts';

const skip = process.geteuid?.() !== 0 && 'only an administrator can become somebody else';

test('a value is written though somebody holds on to the old one for a moment', { skip }, async () => {
  await using room = await mkdtempDisposable(join(tmpdir(), 'heddle-results-'));
  const result = new LocalResult({ directory: room.path });
  await result.write('old', 'x');
  // In such a folder nobody moves anything over a file that is another's.
  await chmod(room.path, 0o1777);

  const writing: Promise<void>[] = [];
  await asNobody(async () => {
    writing.push(result.write('new', 'x'));
    // What takes as many steps, begun later, is through: the first one has tried.
    for (const location of ['y', 'z']) await result.write(1, location);
    assert.equal(await result.read('x'), 'old');
  });
  await Promise.all(writing);

  assert.equal(await result.read('x'), 'new');
  assert.deepEqual(await readdir(room.path), ['x', 'y', 'z']);
});
