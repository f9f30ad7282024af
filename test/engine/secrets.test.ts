import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Flow } from 'heddle';
import { hideSecret, secretIn } from '../../src/engine/secrets.ts';
import { inc } from '../fixtures/tasks.ts';

before(() => {
  hideSecret('sk-5GmR3bQzw1');
  hideSecret('prod');
  hideSecret({ user: 'ann', password: 'Tr0ub4dor&3' });
});

const showing: readonly (readonly [unknown, string])[] = [
  ['sk-5GmR3bQzw1', 'value'],
  ['Bearer sk-5GmR3bQzw1', 'value'],
  [{ headers: [{ auth: 'Bearer sk-5GmR3bQzw1' }] }, 'value.headers[0].auth'],
  [{ 'sk-5GmR3bQzw1': 1 }, 'value (a key)'],
  [new Map([['a', 'https://x?key=Tr0ub4dor%263']]), 'value.a'],
  [new Set(['sk-5GmR3bQzw1']), 'value (a key)'],
  [Buffer.from('key=sk-5GmR3bQzw1'), 'value'],
  [[new Error('refused sk-5GmR3bQzw1')], 'value[0].message'],
  [new Error('refused', { cause: { key: 'sk-5GmR3bQzw1' } }), 'value.cause.key'],
  ['prod', 'value'],
];

for (const [value, path] of showing) {
  test(`a secret is found at ${path} of ${String(value)}`, () => {
    assert.equal(secretIn('value', value), path);
  });
}

test('a short secret inside of a longer text is there by chance', () => {
  assert.equal(secretIn('value', { text: 'products of ann', rows: [1, null, undefined, 2n] }), undefined);
});

test('a value that holds itself is gone through once', () => {
  const value: { self?: unknown; key?: string } = {};
  value.self = value;

  assert.equal(secretIn('value', value), undefined);
  value.key = 'sk-5GmR3bQzw1';
  assert.equal(secretIn('value', value), 'value.key');
});

test('a secret that cannot travel is refused before anything starts, by its name', async () => {
  const flow = new Flow('secretive', () => inc(1));

  await assert.rejects(flow.run({ secrets: { key: { at: [() => 1] } } }), {
    code: 'VALUE_NOT_SERIALIZABLE',
    message: /^Secret 'key' has a value that cannot be sent[^]*secret 'key'\.at\[0\]/,
  });
});
