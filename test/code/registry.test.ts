import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { find, fingerprintOf, namesIn, projectOf, register } from '../../src/code/registry.ts';
import { task, type Task } from '../../src/index.ts';
import { fixture, lineOf } from './fixtures.ts';
import { makeInside, plusOne, steps, twice } from './fixtures/tasks.ts';

const module = fixture('tasks.ts');
const path = 'test/code/fixtures/tasks.ts';
const fingerprint = fingerprintOf(module);

test('a task made at the top level is known by its module, name and place', () => {
  const definedAt = `${path}:${lineOf('tasks.ts', 'plus one')}`;

  assert.deepEqual(plusOne.reference, { name: 'plus one', ordinal: 0, module, path, fingerprint, definedAt });
  assert.equal(find(plusOne.reference), plusOne);
});

test('a task made by a helper of another module belongs to the module that called it', () => {
  assert.equal(twice.reference.module, module);
  assert.match(twice.reference.definedAt, /^test\/code\/fixtures\/helper\.ts:\d+$/);
  assert.equal(find(twice.reference), twice);
});

test('tasks made in a loop under one name are counted', () => {
  assert.deepEqual(
    steps.map(({ reference }) => [reference.module, reference.ordinal]),
    [0, 1, 2].map((ordinal) => [module, ordinal]),
  );
  assert.deepEqual(
    steps.map(({ reference }) => find(reference)),
    steps,
  );
});

test('a task made inside a function has no module, but is found on its own thread', () => {
  const inside = makeInside();

  const { definedAt, ...address } = inside.reference;
  assert.deepEqual(address, { name: 'inside', ordinal: 0 });
  assert.equal(definedAt, `${path}:${lineOf('tasks.ts', 'inside')}`);
  assert.equal(find(inside.reference), inside);
});

test('what is made inside a function is found as long as the program has it, and kept no longer', async () => {
  const made = Array.from({ length: 50 }, () => makeInside());
  assert.equal(find(made[0]!.reference), made[0]);

  assert.ok((await countKept(made)) <= 1);
});

test('so is what a function made when it had waited, although that may be the body of a module', async () => {
  const made = await (async () => {
    await turn();
    return Array.from({ length: 50 }, () => task('made later', (x: number) => x));
  })();
  const { reference } = made[0]!;
  assert.deepEqual([reference.module, find(reference)], [import.meta.url, made[0]]);

  assert.ok((await countKept(made)) <= 1);
});

test('names of which each was made for one request are forgotten with what had them', async () => {
  const namesHere = () => namesIn(import.meta.url).filter((name) => name.startsWith('request '));
  const made = await (async () => {
    await turn();
    return Array.from({ length: 50 }, (_, index) => task(`request ${index}`, (x: number) => x));
  })();
  assert.equal(namesHere().length, 50);

  await countKept(made);

  // They are heard of in some later turn.
  for (let turns = 0; turns < 1_000 && namesHere().length > 1; turns += 1) await turn();
  assert.ok(namesHere().length <= 1, namesHere().join());
});

test('a task of a CommonJS module is known by that module', () => {
  const { halve } = createRequire(import.meta.url)('./fixtures/common.cjs') as { halve: Task };

  const { module, path, name } = halve.reference;
  assert.deepEqual({ module, path, name }, { module: fixture('common.cjs'), path: path, name: 'halve' });
  assert.equal(path, 'test/code/fixtures/common.cjs');
  assert.equal(find(halve.reference), halve);
});

test('the names that a module defined can be listed, each once', () => {
  assert.deepEqual(namesIn(module), ['plus one', 'twice', 'step']);
  assert.deepEqual(namesIn(fixture('nowhere.ts')), []);
});

test('a name that was not defined there is not found', () => {
  assert.equal(find({ ...plusOne.reference, name: 'minus one' }), undefined);
  assert.equal(find({ ...plusOne.reference, ordinal: 1 }), undefined);
  assert.equal(find({ ...plusOne.reference, module: fixture('helper.ts') }), undefined);
});

test('whatever is registered is found by what registering gave', () => {
  const entry = {};

  assert.equal(find(register('thing', entry)), entry);
});

test('a fingerprint is a hash of the bytes of the file', () => {
  const bytes = readFileSync(new URL(module));
  const hash = createHash('sha256').update(bytes).digest('base64url');

  assert.equal(fingerprint, hash.slice(0, 12));
});

test('a module that is no file has a fingerprint of its address', () => {
  assert.notEqual(fingerprintOf('data:text/javascript,1'), fingerprintOf('data:text/javascript,2'));
});

test('the project of a folder is the nearest one above that has a package.json, or the folder itself', () => {
  const root = join(import.meta.dirname, '..', '..');

  assert.equal(projectOf(import.meta.dirname), root);
  assert.equal(projectOf(root), root);
  assert.equal(projectOf(parse(tmpdir()).root), parse(tmpdir()).root);
});

/** How many are left when the program has dropped them. */
async function countKept(made: object[]): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const seen = made.map((each) => new WeakRef(each));
  made.length = 0;
  await turn();
  collectGarbage();
  return seen.filter((each) => each.deref() !== undefined).length;
}
