import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageIn, nameAndMessageIn } from '../../src/lib/thrown-text.ts';

test('what was thrown is told in a text, whatever its message is', () => {
  const withList = Object.assign(new Error(), { message: ['no name', 'no age'] });

  assert.equal(messageIn(new Error('gone')), 'gone');
  assert.equal(messageIn(withList), 'no name,no age');
  assert.equal(nameAndMessageIn(withList), 'Error: no name,no age');
  assert.equal(messageIn('gone'), 'gone');
  assert.equal(messageIn(Object.create(null)), 'something that has no text');
});
