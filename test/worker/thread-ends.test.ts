import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeIdleDeath, lossOf } from '../../src/worker/thread-ends.ts';

test('a thread that its process had nothing to start with is blamed on no promise', () => {
  const message = 'Worker initialization failure: EMFILE';
  const error = Object.assign(new Error(message), { code: 'ERR_WORKER_INIT_FAILED' });

  assert.deepEqual(lossOf(error, undefined), { kind: 'not-started', message });
  const death = { error, exitCode: 1, memoryLimitMb: undefined, lastTask: 'inc', lastWords: undefined };
  assert.equal(describeIdleDeath(death), `no thread could be started: ${message}`);
});
