import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withConfig } from '../with-config.ts';
import type { FlowStateHandler, LogRecord } from '../../src/index.ts';
import { register, tally } from '../fixtures/stateful.ts';
import { Flow, LocalExecutorLike, task } from './house.ts';

test('each task is told once, however often it is used and copied', async () => {
  const renamed = tally.with({ name: 'renamed' });

  const warnings = await warningsOf(new Flow('f', () => [tally(1), tally(2), renamed(3), register(4)]));

  assert.deepEqual(subjectsOf(warnings), ["task 'tally'", "task 'register'"]);
  assert.deepEqual(subjectsOf(await warningsOf(new Flow('g', () => renamed(3)))), ["task 'renamed'"]);
});

test('a task that was made inside a function is told of the variables around it', async () => {
  let calls = 0;
  const inside = task('inside', () => {
    calls += 1;
  });

  const [warning] = await warningsOf(new Flow('f', () => inside()));

  assert.equal(calls, 1);
  assert.match(warning ?? '', /^task 'inside' changes 'calls' \(test\/engine\/stateful-tasks\.test\.ts:\d+:5\) /);
});

test('with variableWrites = "ignore", nothing is said', async () => {
  const warnings = await withConfig({ tasks: { variableWrites: 'ignore' } }, () => {
    return warningsOf(new Flow('f', () => tally(1)));
  });

  assert.deepEqual(warnings, []);
});

test('with variableWrites = "error", the run does not start, and the handlers of the flow hear of it', async () => {
  const executor = LocalExecutorLike.thatNeverStarts;
  const heard: string[] = [];
  const stateHandlers: FlowStateHandler[] = [({ to }) => void heard.push(to.type)];
  const flow = new Flow('f', { executor, stateHandlers }, () => tally(1));

  const run = withConfig({ tasks: { variableWrites: 'error' } }, () => flow.run({ onLog: () => {} }));

  await assert.rejects(run, { code: 'TASK_WRITES_VARIABLE', task: 'tally', message: /^task 'tally' changes 'count' / });
  assert.deepEqual(heard, ['Running', 'Failed']);
});

test('what could not be read is only told to those who want to know everything', async () => {
  // oxlint-disable-next-line typescript/no-implied-eval -- nobody writes this by hand
  const deep = new Function('x', `globalThis.y = ${'('.repeat(1_500)}x${')'.repeat(1_500)}`) as () => void;
  const flow = new Flow('f', () => task('deep', deep)());
  const messages: string[] = [];
  const onLog = ({ level, message }: LogRecord) => messages.push(`${level}: ${message}`);

  await withConfig({ logging: { level: 'debug' } }, () => flow.run({ onLog }));

  const told = messages.find((message) => message.startsWith('debug: ')) ?? '';
  assert.match(told, /^debug: task 'deep' was not searched for writes to variables: SyntaxError: /);
});

async function warningsOf(flow: Flow): Promise<string[]> {
  const warnings: string[] = [];
  await flow.run({ onLog: ({ level, message }) => void (level === 'warn' && warnings.push(message)) });
  return warnings;
}

function subjectsOf(messages: readonly string[]): string[] {
  return messages.map((message) => /^task '[^']+'/.exec(message)?.[0] ?? message);
}
