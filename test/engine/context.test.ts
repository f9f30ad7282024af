import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { context, isInTaskRun, renameFlowRun, withContext, type Context, type Run } from '../../src/engine/context.ts';
import { Flow } from '../../src/engine/flow-run/flow.ts';
import { task } from '../../src/flow/task.ts';
import { createLogger } from '../../src/engine/logger.ts';

test('reading the context outside of a task run says where to read it', () => {
  assert.equal(isInTaskRun(), false);
  assert.throws(() => context.taskName, {
    name: 'TypeError',
    code: 'OUTSIDE_TASK_RUN',
    property: 'taskName',
    message:
      "context.taskName was read where no flow runs. Read it inside the function of a task, while a flow runs. A task's " +
      "own run() has no context; to test a task that reads it: await new Flow('test', () => load(path)).run().",
  });
});

test('a task that is called by itself, to test it, is told that it takes a flow to have a context', () => {
  const told = task('told', (text: string) => context.logger.info(text));

  assert.throws(() => told.run('hello'), { code: 'OUTSIDE_TASK_RUN', message: /to test .*: await new Flow\('test', / });
});

test('a secret is not to be had while a flow is built, and the message says where it is [P299]', () => {
  assert.throws(() => new Flow('f', () => void context.secrets['DATABASE_URL']), {
    code: 'OUTSIDE_TASK_RUN',
    message:
      /^context\.secrets was read where no flow runs\. Read it inside the function of a task, while a flow runs\./,
  });
});

test('all that the context has is named in docs/tasks.md', () => {
  const names: Readonly<Record<keyof Context, 1>> = {
    parameters: 1,
    logger: 1,
    taskName: 1,
    isApproved: 1,
    tags: 1,
    mapIndex: 1,
    taskRunName: 1,
    taskRunCount: 1,
    taskLoopCount: 1,
    taskLoopResult: 1,
    flowName: 1,
    flowRunId: 1,
    flowRunName: 1,
    date: 1,
    scheduledStartTime: 1,
    secrets: 1,
    isLoggingStdout: 1,
    signal: 1,
  };
  const [, section = ''] = readFileSync('docs/tasks.md', 'utf8').split('## `context`, inside a task\n');
  const [list = ''] = section.split('It is frozen');

  assert.deepEqual(
    Object.keys(names).filter((name) => !list.includes(`\`${name}\``)),
    [],
  );
});

test('looking at the context outside of a task run does no harm', () => {
  assert.equal('taskName' in context, false);
  assert.deepEqual(Object.keys(context), []);
  assert.equal(Object.prototype.toString.call(context), '[object Object]');
});

test('inside of a task run the context answers for it', () => {
  withContext(contextOf('load'), () => {
    assert.equal(isInTaskRun(), true);
    assert.equal(context.taskName, 'load');
    assert.equal('taskName' in context, true);
  });
  assert.equal(isInTaskRun(), false);
});

test('runs that overlap have a context each', async () => {
  const names = ['load', 'fit', 'score'];

  const read = names.map((name) =>
    withContext(contextOf(name), async () => {
      const before = context.taskName;
      await setImmediate();
      return [before, context.taskName];
    }),
  );

  assert.deepEqual(
    await Promise.all(read),
    names.map((name) => [name, name]),
  );
});

const changes: [what: string, change: () => unknown][] = [
  ['set', () => Object.assign(context, { model: 1 })],
  ['set anew', () => Object.assign(context, { taskName: 'x' })],
  ['defined', () => Object.defineProperty(context, 'model', { value: 1 })],
  ['deleted', () => delete (context as { taskName?: string }).taskName],
];

for (const [what, change] of changes) {
  test(`nothing in the context can be ${what}, inside of a task run or outside`, () => {
    const expected = {
      name: 'TypeError',
      code: 'CONTEXT_IS_FROZEN',
      message: /^context\.\w+ cannot be set: each task/,
    };

    assert.throws(change, expected);
    withContext(contextOf('load'), () => assert.throws(change, expected));
  });
}

test('whoever sets something in the context is told how to hand it on', () => {
  assert.throws(() => Object.assign(context, { model: 1 }), {
    property: 'model',
    message:
      `context.model cannot be set: each task run has a context of its own, so other tasks would not see it. Return ` +
      `the value and pass it on, or make it a Parameter.`,
  });
});

test('a flow run is renamed where one runs, by a text', () => {
  const expected = {
    code: 'OUTSIDE_TASK_RUN',
    message: /renameFlowRun\(\) was called outside.*or give flow\.run\(\) a/,
  };
  assert.throws(() => renameFlowRun('tuesday'), expected);

  for (const name of ['', 7, undefined]) {
    assert.throws(() => renameFlowRun(name as string), { name: 'TypeError', code: 'INVALID_NAME' });
  }
});

function contextOf(taskName: string): Context & Run {
  return {
    extraLoggers: [],
    isOver: false,
    loggerOf: () => createLogger({}, () => {}),
    onceOver: () => {},
    taskName,
    tags: [],
    isApproved: false,
    taskRunName: taskName,
    renameFlowRun: () => {},
    parameters: {},
    logger: createLogger({}, () => {}),
    mapIndex: undefined,
    taskRunCount: 1,
    taskLoopCount: 1,
    taskLoopResult: undefined,
    secrets: {},
    isLoggingStdout: false,
    flowName: 'f',
    flowRunId: 'a1',
    flowRunName: 'run-a1',
    date: new Date(0),
    scheduledStartTime: new Date(0),
    signal: new AbortController().signal,
  };
}
