import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeddleError, UsageError } from '../../src/lib/heddle-error.ts';

for (const [ErrorClass, name] of [
  [HeddleError, 'HeddleError'],
  [UsageError, 'TypeError'],
] as const) {
  test(`no fact takes the place of what every ${ErrorClass.name} has`, () => {
    const facts: Readonly<Record<string, unknown>> = { name: 'x', message: 'x', stack: 'x', code: 'x', task: 'load' };

    const error = new ErrorClass('BAD', 'it went wrong', facts);

    const { stack = '' } = error;
    assert.deepEqual([error.name, error.message, error.code], [name, 'it went wrong', 'BAD']);
    assert.ok(stack !== 'x' && stack.includes('it went wrong'));
    assert.equal(Reflect.get(error, 'task'), 'load');
    assert.ok(!Object.hasOwn(error, 'cause'));
    assert.equal(new ErrorClass('BAD', 'it went wrong', { cause: 1 }).cause, 1);
  });
}
