import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Range } from '../../src/lib/range.ts';
import { SpillFile } from '../../src/scheduler/spill-file.ts';
import { newFolder, namelessIn, sizeOfNameless } from './folder.ts';

test('what is written is read back from where it is, and no name of it is in the folder', async () => {
  using folder = newFolder();
  await using file = new SpillFile(folder.path);

  const places = await Promise.all([filled(10, 1), filled(0, 2), filled(70_000, 3)].map((bytes) => file.write(bytes)));

  const read = await Promise.all(places.map((place) => file.read(place)));
  assert.deepEqual(read, [filled(10, 1), filled(0, 2), filled(70_000, 3)]);
  assert.equal(file.usedBytes, 70_010);
  assert.deepEqual(readdirSync(folder.path), []);
});

test('a place that is free is used again, and the end of the file is given back', async () => {
  using folder = newFolder();
  await using file = new SpillFile(folder.path);
  const [first, second, third] = await Promise.all([10, 20, 30].map((size) => file.write(filled(size, size))));

  file.free(second!);
  const again = await file.write(filled(15, 4));
  assert.deepEqual([first!.start, again.start, file.usedBytes], [0, 10, 55]);

  file.free(third!);
  file.free(first!);
  await file.write(filled(11, 5));
  assert.deepEqual([file.usedBytes, sizeOfNameless(folder.path)], [26, 36]);
});

test('whatever is written and let go of in whatever order and parts, what is kept is read back unchanged', async () => {
  using folder = newFolder();
  const step = fc.record({ size: fc.nat(300), frees: fc.boolean(), which: fc.nat() });
  const mostAtOnce = fc.integer({ min: 1, max: 400 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), mostAtOnce, async (steps, most) => {
      await using file = new SpillFile(folder.path, { mostAtOnce: most });
      const kept: { place: Range; bytes: Uint8Array }[] = [];
      for (const [number, { size, frees, which }] of steps.entries()) {
        if (frees && kept.length > 0) file.free(kept.splice(which % kept.length, 1)[0]!.place);
        else kept.push({ place: await file.write(filled(size, number)), bytes: filled(size, number) });
      }

      for (const { place, bytes } of kept) assert.deepEqual(await file.read(place), bytes);
      assert.equal(
        file.usedBytes,
        kept.reduce((sum, { bytes }) => sum + bytes.length, 0),
      );
    }),
    { numRuns: 50 },
  );
});

test('without its folder nothing is kept, and as soon as it is there again, all is well', async () => {
  using folder = newFolder();
  rmSync(folder.path, { recursive: true });
  await using file = new SpillFile(folder.path);

  await assert.rejects(file.write(filled(10, 1)), { code: 'ENOENT' });
  assert.equal(file.usedBytes, 0);

  mkdirSync(folder.path);
  assert.deepEqual(await file.read(await file.write(filled(10, 2))), filled(10, 2));
});

test('a folder that vanishes takes nothing with it of what is kept', async () => {
  using folder = newFolder();
  await using file = new SpillFile(folder.path);
  const place = await file.write(filled(10, 1));

  rmSync(folder.path, { recursive: true });

  assert.deepEqual(await file.read(place), filled(10, 1));
  assert.deepEqual(await file.read(await file.write(filled(5, 2))), filled(5, 2));
});

test('what is not all there any more is lost, with the folder and the reason', async () => {
  using folder = newFolder();
  await using file = new SpillFile(folder.path);
  const place = await file.write(filled(10, 1));

  truncateSync(join('/proc/self/fd', namelessIn(folder.path)), 4);

  await assert.rejects(file.read(place), {
    code: 'RESULT_LOST',
    directory: folder.path,
    message: `a result that was moved from memory to disk (in ${folder.path}) cannot be read back: the file ends after 4 of 10 bytes`,
  });
});

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}
