// What becomes of functions that do not come back: busy loops, which can be ended, and native calls, which cannot.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Flow } from 'heddle';
import { DistributedExecutor, LocalCluster, WebSocketCluster } from 'heddle/executors';
import { newDiary, note, until } from '../fixtures/diary.ts';
import { block, isNative, leaveBlock, talkAndEnd, type Block } from '../fixtures/dying.ts';
import { endlesslyHandled } from '../fixtures/handlers.ts';
import { textsOf } from '../fixtures/log-lines.ts';
import { inc, sum } from '../fixtures/tasks.ts';
import { runOn } from './contract.ts';
import { joinedWorker } from './worker-process.ts';

const token = 'stuck';
const bounded = { timeout: 60_000 };
const blocks: readonly Block[] = ['a loop', 'a regular expression', 'Atomics.wait', 'a child process', 'a hash'];

suite('functions that do not come back', { concurrency: 2 }, () => {
  for (const how of blocks) {
    test(`a thread in ${how} is free for others when its run is cancelled [N08]`, bounded, async () => {
      using diary = newDiary();
      await using cluster = new LocalCluster({ workers: 1 });
      await cluster.start();
      const executor = new DistributedExecutor(() => cluster);
      const stop = new AbortController();

      const running = runOn(executor)(new Flow('stuck', () => block(how, diary.path)), {
        signal: stop.signal,
        cancelGrace: 50,
      });
      await until(diary.path, (lines) => lines.length > 0);
      stop.abort();

      const { state, logs } = await running;
      assert.equal(state.type, 'Cancelled');
      assert.equal((await runOn(executor)(new Flow('next', () => sum(inc.map([1, 2]))))).state.output, 5);
      const warning =
        /^task 'block' was to be ended, and its thread does not end: it is in a native call \(like execFileSync\) or a loop of/;
      assert.equal(logs.filter(({ message }) => warning.test(message)).length, isNative(how) ? 1 : 0);
      note(diary.path, 'release');
    });
  }

  test(
    'a handler that does not come back takes its thread as often as anything may, and no oftener',
    bounded,
    async () => {
      const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1, allowedFailures: 1 }));

      const { state, logs } = await runOn(executor)(new Flow('endless', () => endlesslyHandled()));

      const { type, message } = state.of('endlessly-handled');
      assert.equal(type, 'Crashed');
      assert.match(message, /lost 2 times; last on worker-1: its thread was ended because the time was up/);
      const asked = textsOf(logs, 'info').filter((text) => text.startsWith('asked'));
      assert.deepEqual(
        asked,
        ['Running', 'Success', 'TimedOut', 'TimedOut'].map((state) => `asked about ${state}`),
      );
    },
  );

  for (const end of ['memory', 'exit', 'loop', 'native'] as const) {
    for (const processes of [false, true]) {
      const where = processes ? 'a worker process' : 'a thread';
      test(
        `all lines that were written before the end (${end}) of ${where} are in the log, in order [N09]`,
        bounded,
        async () => {
          using diary = newDiary();
          const stop = new AbortController();
          const cluster = () => new LocalCluster({ workers: 1, processes, memoryLimit: 64, allowedFailures: 0 });

          const running = runOn(new DistributedExecutor(cluster))(
            new Flow('talks', () => talkAndEnd(end, 200, diary.path)),
            { signal: stop.signal, cancelGrace: 50 },
          );
          await until(diary.path, (lines) => lines.some((line) => line.startsWith('said')));
          if (end === 'loop' || end === 'native') stop.abort();

          const { state, logs } = await running;
          note(diary.path, 'release');
          assert.equal(state.of('talk-and-end').type, end === 'loop' || end === 'native' ? 'Cancelled' : 'Crashed');
          const said = logs.flatMap(({ message }) => (message.startsWith('line ') ? [message] : []));
          assert.deepEqual(said, Array.from({ length: 200 }, (_, line) => `line ${line}`)); // prettier-ignore
        },
      );
    }
  }

  for (const how of ['a loop', 'a child process'] as const) {
    test(
      `a worker process in ${how} is gone with the run that is cancelled, and so is what it started`,
      bounded,
      async () => {
        using diary = newDiary();
        const stop = new AbortController();
        const executor = new DistributedExecutor(() => new LocalCluster({ workers: 1, processes: true }));

        const running = runOn(executor)(new Flow('stuck', () => block(how, diary.path)), {
          signal: stop.signal,
          cancelGrace: 50,
        });
        const lines = await until(
          diary.path,
          (all) => all.some((line) => /^(?:started|child)/.test(line)) && (how === 'a loop' || all.length > 1),
        );
        stop.abort();

        assert.equal((await running).state.type, 'Cancelled');
        for (const line of lines) await gone(Number(line.split(' ')[1]));
      },
    );
  }

  for (const [where, blocked] of Object.entries({ 'a task': block, 'what a task left behind': leaveBlock })) {
    test(`a worker that is told to end while ${where} is in a native call ends by force`, bounded, async () => {
      using diary = newDiary();
      await using cluster = new WebSocketCluster({ port: 0, token });
      await cluster.start();
      await using ada = await joinedWorker({ url: cluster.url!, token, name: 'ada', threads: 2, drain: '50ms' });
      const stop = new AbortController();

      const running = runOn(new DistributedExecutor(() => cluster))(
        new Flow('stuck', () => blocked('a child process', diary.path)),
        { signal: stop.signal, cancelGrace: 50 },
      );
      await until(diary.path, (lines) => lines.length > 1);
      stop.abort();
      await running;
      ada.kill('SIGTERM');

      assert.equal(await ada.exited(), 'SIGKILL');
      await ada.said(
        /a thread is in a native call, or a loop of built-in functions, that nothing can interrupt: this process ends by force; a program/,
      );
      note(diary.path, 'release');
    });
  }

  for (const [how, where] of Object.entries({ runs: 'a task', left: 'what a task left behind' })) {
    test(`a worker process is gone with who started it, though ${where} is in a native call`, bounded, async () => {
      using diary = newDiary();
      const script = fileURLToPath(new URL('../fixtures/leaves-workers.ts', import.meta.url));
      const starter = spawn(process.execPath, [script, how, diary.path], { stdio: ['ignore', 'ignore', 'pipe'] });
      const [line = ''] = await until(diary.path, (lines) => lines.length > 1);

      starter.kill('SIGKILL');

      await gone(Number(line.split(' ')[1]));
      note(diary.path, 'release');
    });
  }

  test('a cluster closes though a task left its thread in a native call', bounded, async () => {
    using diary = newDiary();
    const cluster = new LocalCluster({ workers: 1 });
    await cluster.start();
    await runOn(new DistributedExecutor(() => cluster))(
      new Flow('left', () => leaveBlock('a child process', diary.path)),
    );
    await until(diary.path, (lines) => lines.length > 1);

    await cluster.close();

    assert.equal(cluster.isStarted, false);
    note(diary.path, 'release');
  });

  test(
    'a worker ends by force when a thread that does not end fills it after its scheduler is gone',
    bounded,
    async () => {
      using diary = newDiary();
      const cluster = new WebSocketCluster({ port: 0, token });
      await cluster.start();
      const args = ['--memory-limit', '256MB'];
      await using ada = await joinedWorker({ url: cluster.url!, token, name: 'ada', args });
      const running = runOn(new DistributedExecutor(() => cluster))(
        new Flow('full', () => block('a child process that says much', diary.path)),
      );
      await until(diary.path, (lines) => lines.length > 1);

      await cluster.close();
      await running;
      await ada.said(/left ws:/);
      note(diary.path, 'release');

      assert.equal(await ada.exited(), 'SIGKILL');
      await ada.said(/MB are taken, and a thread is in a native call.*: this process ends by force; a program/);
    },
  );

  test('what is in a native call past its timeout is TimedOut, and its neighbours run', bounded, async () => {
    using diary = newDiary();
    const hasty = block.with({ timeout: 100 });
    const flow = new Flow('hasty', () => ({ slow: hasty('a child process', diary.path), others: inc.map([1, 2, 3]) }));

    const running = runOn(new DistributedExecutor(() => new LocalCluster({ workers: 1, allowedFailures: 0 })))(flow);

    const { state } = await running;
    assert.deepEqual([state.of('block').type, state.output.others], ['TimedOut', [2, 3, 4]]);
    note(diary.path, 'release');
  });
});

/** Resolves when it runs no more; that nobody has asked how it died does not matter. */
async function gone(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise(setImmediate);
}

function isRunning(pid: number): boolean {
  try {
    return !/\) [XZ] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
