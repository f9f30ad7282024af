// What becomes of a run when the network, or somebody on it, is silent: cut, slow, or asleep. Alone in a file, since a
// worker that gets no time for its heartbeat is as good as silent.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, WebSocketCluster } from 'heddle/executors';
import { connect } from '../../src/comm/ws.ts';
import { InlinePool } from '../../src/executors/on-this-thread.ts';
import { decodeToWorker } from '../../src/protocol/codec.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import { join } from '../../src/worker/join.ts';
import { linesOf, newDiary, until, untilNoted } from '../fixtures/diary.ts';
import { tick } from '../fixtures/dying.ts';
import * as failing from '../fixtures/failing.ts';
import { swell } from '../fixtures/heavy.ts';
import { echo, inc } from '../fixtures/tasks.ts';
import { Cable, type Way } from './cable.ts';
import { runOn } from './contract.ts';
import { Listener } from './listener.ts';
import { joinedWorker } from './worker-process.ts';

const token = 'partitions';
const bounded = { timeout: 30_000 };

const cuts: readonly (readonly [what: string, ...ways: Way[]])[] = [
  ['whose words do not arrive', 'to the scheduler'],
  ['that hears nothing', 'from the scheduler'],
  ['that nothing connects', 'to the scheduler', 'from the scheduler'],
];

for (const [what, ...ways] of cuts) {
  test(
    `a worker ${what} is given up, its work is done elsewhere, and it comes back as a new one [D028]`,
    bounded,
    async () => {
      using diary = newDiary();
      await using cluster = await started('1s');
      await using cable = await Cable.to(cluster.url!);
      await using ada = await joinedWorker({ url: cable.url, token, name: 'ada' });
      const flow = new Flow('cut', () => failing.holdFirstRun(0, diary.path));

      const running = runOn(new DistributedExecutor(() => cluster))(flow);
      await untilNoted(diary.path, `process of 0: ${ada.pid}`);
      cable.cut(...ways);
      await using _ = await joinedWorker({ url: cluster.url!, token, name: 'bob' });

      const { state, logs } = await running;
      assert.equal(state.output, 'second run of 0');
      const [told] = logs.filter(({ message }) => message.startsWith('worker ada was lost'));
      assert.match(
        told!.message,
        /\(no sign of life within the heartbeat timeout of 1\.0 s; it was last heard .* ago with \d+ MB of memory, and had been at work on task 'hold-first-run' for .*\); what it ran is run again elsewhere$/,
      );
      cable.mend();
      await ada.said(/joined/, 2);
    },
  );
}

test('a slow network makes a run slow, and nothing else', bounded, async () => {
  const listener = new Listener();
  await using cluster = await started('10s', listener);
  await using cable = await Cable.to(cluster.url!, { delayMs: 50 });
  await using _ = await joinedWorker({ url: cable.url, token, name: 'ada' });
  const remote = new DistributedExecutor(cable.url, { token });
  const big = new Uint8Array(3_000_000).map((_, index) => index * 31);

  const { state } = await runOn(remote)(new Flow('far', () => [inc.map(inc.map([1, 2, 3])), echo(big)]));

  assert.deepEqual(state.output, [[3, 4, 5], big]);
  assert.equal(listener.count(/^worker .* (?:was lost|left)/), 0);
});

test(
  'a worker that needs longer than the heartbeat timeout to say what it has to is not given up',
  bounded,
  async () => {
    const listener = new Listener();
    await using cluster = await started('1s', listener);
    await using cable = await Cable.to(cluster.url!, { pieceBytes: 4_000 });
    await using _ = await joinedWorker({ url: cable.url, token, name: 'ada', code: 'module' });

    const { state } = await runOn(new DistributedExecutor(() => cluster))(
      new Flow('narrow', () => swell(7, 1_000_000)),
    );

    assert.deepEqual(state.output, new Uint8Array(1_000_000).fill(7));
    assert.equal(listener.count(/^worker .* (?:was lost|left)/), 0);
  },
);

test('a client that nothing is heard of for long is given up, and is told so when it thaws', bounded, async () => {
  using diary = newDiary();
  const listener = new Listener();
  await using cluster = await started('100ms', listener);
  const comm = await connect<ToWorker, FromWorker>({ url: cluster.url!, token, decode: decodeToWorker });
  await using _ = await join(comm, new InlinePool(), { name: 'ada' });
  await using cable = await Cable.to(cluster.url!);

  const running = runOn(new DistributedExecutor(cable.url, { token }))(
    new Flow('absent', () => failing.stuck(diary.path)),
  );
  await untilNoted(diary.path, 'started');
  cable.cut('to the scheduler');

  await listener.said(/^flow run \S+ left \(no sign of life for \d\.\d s\)$/);
  assert.deepEqual((await cluster.status()).flowRuns, []);
  cable.mend();
  const { state } = await running;
  assert.deepEqual([state.type, (state.of('stuck').error as { code?: string }).code], ['Failed', 'SCHEDULER_LOST']);
});

test('a worker whose thread is busy for longer than the heartbeat timeout is not given up', bounded, async () => {
  const listener = new Listener();
  await using cluster = await started('1s', listener);
  await using _ = await joinedWorker({ url: cluster.url!, token, name: 'ada' });

  const { state } = await runOn(new DistributedExecutor(() => cluster))(
    new Flow('busy', () => failing.busyFor.map([2_500])),
  );

  assert.deepEqual(state.output, [2_500]);
  assert.equal(listener.count(/^worker ada (?:was lost|left)/), 0);
});

test('a scheduler that was asleep for longer than the heartbeat timeout gives nobody up', bounded, async () => {
  using diary = newDiary();
  await using scheduler = new SleepingScheduler('1s');
  const [, url = ''] = /^at (.*)$/.exec(await scheduler.listener.said(/^at ws/))!;
  await using ada = await joinedWorker({ url, token, name: 'ada' });
  const flow = new Flow('dozes', () => tick.map([15], unmapped(diary.path)));

  const running = runOn(new DistributedExecutor(url, { token }))(flow);
  await until(diary.path, (lines) => lines.length === 1);
  scheduler.kill('SIGSTOP');
  await until(diary.path, (lines) => lines.length === 15);
  scheduler.kill('SIGCONT');

  assert.deepEqual((await running).state.output, [15]);
  assert.equal(linesOf(diary.path).length, 15, 'it ran once');
  assert.equal(scheduler.listener.count(/^worker \S+ (?:was lost|left)/), 0);
  assert.equal(ada.lines.filter((line) => line.includes('joined')).length, 1);
});

class SleepingScheduler implements AsyncDisposable {
  readonly listener = new Listener();
  readonly #child;

  constructor(heartbeatTimeout: string) {
    const path = fileURLToPath(new URL('../fixtures/sleeping-scheduler.ts', import.meta.url));
    const args = [path, token, heartbeatTimeout];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (message) => {
      this.listener.onLog({ time: 0, level: 'info', message });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}

async function started(heartbeatTimeout: '100ms' | '1s' | '10s', listener = new Listener()): Promise<WebSocketCluster> {
  const cluster = new WebSocketCluster({ port: 0, token, heartbeatTimeout, onLog: listener.onLog });
  await cluster.start();
  return cluster;
}
