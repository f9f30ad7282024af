import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failed, stackOf } from '../../src/engine/endings.ts';
import { hideSecret } from '../../src/engine/secrets.ts';
import { State } from '../../src/flow/state.ts';

const mostCharacters = 8_100;
const mark = /^(.+) \[and (\d+) more characters, which the state of this run has\] (.+)$/s;

test('what the log has of a long error is its beginning and its end, and how much there is between them', () => {
  const error = new RangeError(`no such rows: ${'7 '.repeat(25_000)}`);

  const told = stackOf(failed(error));

  assert.ok(told.length < mostCharacters, `it has ${told.length} characters`);
  const [, first = '', missing, last = ''] = mark.exec(told) ?? [];
  assert.match(first, /^RangeError: no such rows: 7 7 /);
  assert.match(last, /7 7 \n {4}at .*endings\.test\.ts:\d+:\d+/);
  assert.ok(first.length + Number(missing) + last.length > error.message.length);
});

test('a long message without an error is cut as well, and a short one is not', () => {
  const told = stackOf(new State('Failed', '7'.repeat(532_000)));

  assert.equal(mark.exec(told)?.[2], '524000');
  assert.equal(stackOf(new State('Failed', '7'.repeat(8_000))), '7'.repeat(8_000));
});

test('no part of a secret is left where a long error is cut', () => {
  hideSecret('sesame-open-the-door');

  const told = stackOf(new State('Failed', `${'7'.repeat(5_990)}sesame-open-the-door${'7'.repeat(9_000)}`));

  assert.doesNotMatch(told, /sesame|door/);
  assert.match(told, /7\*\*\*7+ \[and \d+ more/);
});
