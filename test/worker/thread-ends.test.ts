import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeIdleDeath, exitError, lossOf } from '../../src/worker/thread-ends.ts';

test('a thread that its process had nothing to start with is blamed on no promise', () => {
  const message = 'Worker initialization failure: EMFILE';
  const error = Object.assign(new Error(message), { code: 'ERR_WORKER_INIT_FAILED' });

  const advice = 'start fewer threads, or allow more';
  const why = `${message}: the system lets this process open no more files (ulimit -n): ${advice}`;
  assert.deepEqual(lossOf(error, { memoryLimitMb: undefined }), { kind: 'not-started', message: why });
  const death = { error, exitCode: 1, memoryLimitMb: undefined, isUp: true, lastTask: 'inc', lastWords: undefined };
  assert.equal(describeIdleDeath(death), `no thread could be started: ${why}`);
});

test('a thread that ended before it had come up did so for no task, but for its memory', () => {
  const full = Object.assign(new Error('full'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });
  const death = { exitCode: 1, memoryLimitMb: 8, isUp: false, lastTask: undefined, lastWords: undefined };
  const none = 'no thread could be started: ';

  assert.equal(describeIdleDeath({ ...death, error: new Error('no ./pre.mjs') }), `${none}no ./pre.mjs`);
  assert.equal(describeIdleDeath({ ...death, error: undefined }), `${none}worker exited with code: 1`);
  assert.deepEqual(lossOf(full, { memoryLimitMb: 8, isUp: false }), { kind: 'out-of-memory', memoryLimitMb: 8 });
});

test('a thread that died idle tells what it said last, and whose words they were where that is known', () => {
  const death = { error: new Error('hidden'), exitCode: 1, memoryLimitMb: undefined, isUp: true, lastTask: 'inc' };
  const lastWords = { time: 0, level: 'error', message: 'Error: too late' } as const;
  const ran = "the last task that ran on it was 'inc'. If it left something behind, await a promise, and catch what a";

  assert.equal(describeIdleDeath({ ...death, lastWords }), `${ran} timer or a listener throws: Error: too late`);
  assert.equal(
    describeIdleDeath({ ...death, lastWords: { ...lastWords, task: 'sum', mapIndex: 3 } }),
    "the last words of task 'sum' [map index 3], which was over: Error: too late",
  );
});

test('any exit code is known again', () => {
  for (const exitCode of [0, 3, -1]) {
    assert.deepEqual(lossOf(exitError(exitCode), { memoryLimitMb: undefined }), { kind: 'exit', exitCode });
  }
});

test('an error whose message is no text is told as one', () => {
  const withList = Object.assign(new Error(), { message: ['no name', 'no age'] });

  assert.equal(messageOf(withList), 'no name,no age');
  assert.equal(messageOf({ message: 5 }), '5');
});

function messageOf(error: unknown): unknown {
  const loss = lossOf(error, { memoryLimitMb: undefined });
  return loss.kind === 'error' && loss.message;
}
