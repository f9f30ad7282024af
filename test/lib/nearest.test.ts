import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from '../../src/lib/nearest.ts';

const names = ['retries', 'retryDelay', 'timeout', 'trigger'];

const words: [word: string, name: string | undefined][] = [
  ['retrys', 'retries'],
  ['Retries', 'retries'],
  ['retry_delay', 'retryDelay'],
  ['timeot', 'timeout'],
  ['tigger', 'trigger'],
  ['cache', undefined],
  ['x', undefined],
  ['', undefined],
];

for (const [word, name] of words) {
  test(`whoever writes '${word}' most likely means ${name === undefined ? 'none of ours' : `'${name}'`}`, () => {
    assert.equal(nearest(word, names), name);
  });
}

test('of two names that are equally near, the first is meant', () => {
  assert.equal(nearest('cat', ['bat', 'hat']), 'bat');
});

test('a name that is nearer is meant, wherever it stands', () => {
  assert.equal(nearest('score', ['scope2', 'scores']), 'scores');
});

test('there is nothing to mean without names', () => {
  assert.equal(nearest('retries', []), undefined);
});

test('the question at the end of a message is there only when there is something to ask', () => {
  assert.equal(didYouMean('retrys', names), ` Did you mean 'retries'?`);
  assert.equal(didYouMean('cache', names), '');
});
