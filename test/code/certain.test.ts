import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certain } from '../../src/code/certain.ts';
import { atTopLevel, insideArrow } from './fixtures/guesses.ts';
import { fixture, referenceTo } from './fixtures.ts';

test('a definition after a top-level await belongs to its module', async () => {
  assert.ok(atTopLevel.doubt);
  assert.equal((await certain(atTopLevel)).module, fixture('guesses.ts'));
});

test('a definition after an await inside of a function belongs to none', async () => {
  const reference = await (async () => await insideArrow())();

  const { module, name, definedAt } = await certain(reference);
  assert.deepEqual([module, name, definedAt], [undefined, 'inside-arrow', reference.definedAt]);
});

test('what is beyond doubt stays as it is', async () => {
  const reference = referenceTo('x', 'tasks.ts');

  assert.equal(await certain(reference), reference);
});
