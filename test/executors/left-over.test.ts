// What a task leaves behind on its thread, and those that run there after it.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mock, test } from 'node:test';
import { MessagePort } from 'node:worker_threads';
import { Flow, type LogRecord } from 'heddle';
import { DistributedExecutor, LocalCluster, LocalExecutor } from 'heddle/executors';
import { countOf, newDiary, note } from '../fixtures/diary.ts';
import {
  blocksLater,
  innocent,
  limited,
  mocksTurns,
  printsAndExits,
  speaksAndBlocks,
  throwsLater,
  throwsNothing,
} from '../fixtures/left-over.ts';
import { mockedFor } from '../fixtures/mocks-at-its-top.ts';
import { inc } from '../fixtures/tasks.ts';

const bounded = { timeout: 60_000 };
const oneThread = () => new DistributedExecutor(() => new LocalCluster({ workers: 1 }));

test(
  'a thread that a task has blocked for ever is replaced, and what waits for it has a timeout',
  bounded,
  async () => {
    using diary = newDiary();
    const flow = new Flow('blocked', () => limited(limited(limited(blocksLater(diary.path)))));

    const state = await flow.run({ executor: oneThread(), onLog: () => {} });

    assert.equal(state.type, 'Success');
    assert.equal(countOf(diary.path, 'begun'), 3);
  },
);

test('a task that blocks its thread before that can say that it is over has timed out', bounded, async () => {
  using diary = newDiary();
  note(diary.path, 'begun');
  const flow = new Flow('blocked', () => blocksLater(diary.path));

  const state = await flow.run({ executor: oneThread(), onLog: () => {} });

  assert.equal(state.of('blocks-later').type, 'TimedOut');
});

test('a run that dies of what another left behind says whose that was, and so does the log', bounded, async () => {
  using diary = newDiary();
  const records: LogRecord[] = [];
  const flow = new Flow('blamed', () => innocent(throwsLater(diary.path)));

  const state = await flow.run({ executor: oneThread(), onLog: (record) => records.push(record) });

  const { message } = state.of('innocent');
  const whose = "what task 'throws-later', which was over, had left behind on its thread ended that: nobody catches me";
  assert.ok(message.includes(`${whose}. In that task, await or return every promise`), message);
  const words = records.find((record) => record.task === 'throws-later' && record.level === 'error');
  assert.match(words!.message, /left something behind.*nobody catches me\n +at .*left-over\.ts/s);
});

for (const nothing of [null, undefined]) {
  test(`a thrown ${nothing} ends a thread like anything else that is thrown`, bounded, async () => {
    const flow = new Flow('nothing', () => throwsNothing(nothing));

    const state = await flow.run({ executor: oneThread(), onLog: () => {} });

    assert.match(state.of('throws-nothing').message, new RegExp(`${nothing} was thrown`));
  });
}

test(
  'of what it throws is told also where all that a thread ever said is heard at once, after its death',
  { ...bounded, skip: existsSync('/proc/self/task') ? false : 'needs /proc' },
  async (t) => {
    const threads = () => readdirSync('/proc/self/task').length;
    // oxlint-disable-next-line typescript/unbound-method -- it is called with the port that it was called of
    const { postMessage } = MessagePort.prototype;
    t.mock.method(MessagePort.prototype, 'postMessage', function (this: MessagePort, message: unknown, moved?: []) {
      const before = threads();
      postMessage.call(this, message, moved);
      // A chunk.
      if (Array.isArray(message)) while (threads() >= before);
    });

    const flow = new Flow('nothing', () => throwsNothing(null));
    const state = await flow.run({ executor: oneThread(), onLog: () => {} });

    assert.match(state.of('throws-nothing').message, /null was thrown/);
  },
);

for (const [where, executor] of [
  ['threads', oneThread],
  ['this thread', () => new LocalExecutor()],
] as const) {
  test(`a task that mocks setImmediate keeps no other one from running (${where})`, bounded, async (t) => {
    t.after(() => mock.timers.reset());
    const flow = new Flow('mocked', () => inc(inc(mocksTurns(1))));

    const state = await flow.run({ executor: executor(), onLog: () => {} });

    assert.equal(state.output, 3);
  });
}

test('a module that mocks setImmediate in each thread keeps no task from running', bounded, async () => {
  const flow = new Flow('mocked', () => inc(mockedFor(1)));

  assert.equal((await flow.run({ executor: oneThread(), onLog: () => {} })).output, 2);
});

test('what a task wrote is heard though its thread is kept from saying that it is over', bounded, async () => {
  using diary = newDiary();
  const flow = new Flow('held-back', () => speaksAndBlocks(diary.path));
  const onLog = ({ message }: LogRecord) => message === 'said' && note(diary.path, 'heard');

  assert.equal((await flow.run({ executor: oneThread(), onLog })).type, 'Success');
});

test('what a task prints before it ends its thread is in the log, be it half a line', bounded, async () => {
  const messages: string[] = [];
  const flow = new Flow('printed', () => printsAndExits());

  await flow.run({ executor: oneThread(), onLog: ({ message }) => messages.push(message) });

  assert.ok(messages.includes('half a line'));
});
