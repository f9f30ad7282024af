// What flow runs survive when workers, threads or clients are taken away from the outside, on real processes.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, LocalCluster, type LaunchedWorker, type WebSocketCluster } from 'heddle/executors';
import { connect } from '../../src/comm/ws.ts';
import { InlinePool } from '../../src/executors/on-this-thread.ts';
import { decodeToWorker } from '../../src/protocol/codec.ts';
import type { FromWorker, ToWorker } from '../../src/protocol/messages.ts';
import { join } from '../../src/worker/join.ts';
import { linesOf, newDiary, note, until, untilNoted } from '../fixtures/diary.ts';
import { addSlowly, halve, segfault, throwInTimer } from '../fixtures/dying.ts';
import * as failing from '../fixtures/failing.ts';
import { inc, sum } from '../fixtures/tasks.ts';
import { runOn } from './contract.ts';
import { Listener } from './listener.ts';
import { at, on, started, token } from './over-sockets.ts';
import { byCommandLine, joinedWorker } from './worker-process.ts';

const bounded = { timeout: 30_000 };
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

// Mostly they wait for processes to start, so they do that side by side.
suite('survival', { concurrency: 3 }, () => {
  test('what a worker did stays when it is killed: nothing is done again [D001 D002 D006 D007]', bounded, async () => {
    using diary = newDiary();
    await using cluster = await started({ allowedFailures: 0 });
    await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });
    const flow = new Flow('legacy', () => {
      const squares = failing.brief.map(numbers(10), unmapped(diary.path));
      const gate = failing.hold(1, diary.path).setUpstream(squares);
      return {
        squares,
        gate,
        more: failing.hold(2, diary.path).setUpstream(gate),
        total: sum(squares).setUpstream(gate),
      };
    });

    const running = runOn(on(cluster))(flow);
    await untilNoted(diary.path, `start 1 ${ada.pid}`);
    await using bob = await joinedWorker({ ...at(cluster), name: 'bob' });
    note(diary.path, 'go 1');
    await until(diary.path, (lines) => lines.some((line) => line.startsWith('start 2')));
    ada.kill('SIGKILL');
    note(diary.path, 'go 2');

    const { state } = await running;
    assert.deepEqual([state.output.total, state.output.squares], [285, numbers(10).map((x) => x * x)]);
    assert.equal(linesOf(diary.path).filter((line) => line.startsWith('run ')).length, 10);
    assert.ok(bob.pid > 0);
  });

  test('a tree of sums is exact though one worker after the other is killed in it [D003 D005]', bounded, async () => {
    using diary = newDiary();
    const listener = new Listener();
    await using cluster = new LocalCluster({ workers: 2, processes: true, onLog: listener.onLog, allowedFailures: 20 });
    const flow = new Flow('tree', () => {
      let level = addSlowly.map(halve(numbers(256)), unmapped(diary.path));
      for (let width = 64; width >= 1; width /= 2) level = addSlowly.map(halve(level), unmapped(diary.path));
      return level;
    });

    const running = runOn(new DistributedExecutor(() => cluster))(flow);
    const killed = new Set<number>();
    const next = (lines: readonly string[]) => lines.map(pidOf).findLast((pid) => !killed.has(pid));
    for (const done of [40, 80, 120]) {
      const lines = await until(diary.path, (all) => all.length >= done && next(all) !== undefined);
      const pid = next(lines)!;
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
      await listener.until(() => listener.count(/has ended, and another one is started/) === killed.size);
    }

    assert.deepEqual((await running).state.output, [(256 * 255) / 2]);
  });

  test(
    'with no failures allowed, what ran on a killed worker is Crashed, and nothing else [D020]',
    bounded,
    async () => {
      using diary = newDiary();
      await using cluster = await started({ allowedFailures: 0 });
      await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });
      await using bob = await joinedWorker({ ...at(cluster), name: 'bob' });
      const flow = new Flow('fan', () => {
        const held = failing.hold.map([0, 1], unmapped(diary.path));
        return { held, after: inc.map(held), total: sum(held) };
      });

      const running = runOn(on(cluster))(flow);
      const lines = await until(diary.path, (all) => all.length === 2);
      const lost = lines.includes(`start 0 ${ada.pid}`) ? 0 : 1;
      ada.kill('SIGKILL');
      note(diary.path, `go ${1 - lost}`);

      const { state } = await running;
      const typesOf = (slug: string) => state.of(slug).children.map(({ type }) => type);
      assert.deepEqual(typesOf('hold').toSpliced(lost, 1), ['Success']);
      assert.deepEqual([typesOf('hold')[lost], typesOf('inc')[lost]], ['Crashed', 'TriggerFailed']);
      assert.deepEqual([typesOf('inc')[1 - lost], state.of('sum').type], ['Success', 'TriggerFailed']);
      assert.ok(bob.pid > 0);
    },
  );

  test('an error in a timer ends the thread of whoever set it, and is charged to that alone', bounded, async () => {
    const cluster = () => new LocalCluster({ workers: 1, allowedFailures: 1 });

    const { state } = await runOn(new DistributedExecutor(cluster))(
      new Flow('timer', () => throwInTimer.map(numbers(5), unmapped(2))),
    );

    const { children } = state.of('throw-in-timer');
    assert.deepEqual(
      children.map(({ type }) => type),
      numbers(5).map((x) => (x === 2 ? 'Crashed' : 'Success')),
    );
    assert.match(
      children[2]!.message,
      /an error of a timer, a listener or a promise, which nobody caught, ended its thread: from a timer\. The same inputs/,
    );
  });

  test(
    'of two that run in one process, the one that kills it is given up, and the other is not [D015]',
    bounded,
    async () => {
      using diary = newDiary();
      const options = { workers: 1, threads: 2, processes: true, allowedFailures: 1 } as const;
      const flow = new Flow('neighbours', () => segfault.map([0, 1], unmapped(1), unmapped(diary.path)));

      const running = runOn(new DistributedExecutor(() => new LocalCluster(options)))(flow);
      await until(diary.path, (lines) => lines.filter((line) => line.startsWith('run 1')).length === 2);
      note(diary.path, 'go 0');

      const { state } = await running;
      assert.deepEqual(
        state.of('segfault').children.map(({ type }) => type),
        ['Success', 'Crashed'],
      );
    },
  );

  test(
    'the work of a client that is killed is dropped, and its workers are free for others [D112]',
    bounded,
    async () => {
      using diary = newDiary();
      const listener = new Listener();
      await using cluster = await started({ onLog: listener.onLog });
      await using ada = await joinedWorker({ ...at(cluster), name: 'ada', threads: 2 });
      const client = script('stays', diary.path, cluster.url);
      await until(diary.path, (lines) => lines.length === 2);

      client.kill('SIGKILL');

      await listener.said(/^flow run \S+ left/);
      const { state } = await runOn(on(cluster))(new Flow('other', () => sum(inc.map([1, 2]))));
      assert.equal(state.output, 5);
      assert.deepEqual((await cluster.status()).flowRuns, []);
      assert.ok(ada.pid > 0);
    },
  );

  test('a script that exits in the middle of a run has its own status, and says nothing [D062]', bounded, async () => {
    using diary = newDiary();
    const child = script('exits', diary.path);
    const output: Buffer[] = [];
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data: Buffer) => output.push(data));

    const [status] = (await once(child, 'close')) as [number];

    assert.deepEqual([status, Buffer.concat(output).toString()], [3, '']);
  });

  test('a worker of the cluster that freezes is ended, and another one takes its place [D032]', bounded, async () => {
    using diary = newDiary();
    const listener = new Listener();
    const pids: number[] = [];
    const launch = (order: { url: string; token: string; name: string }): LaunchedWorker => {
      const worker = byCommandLine(order);
      pids.push(worker.pid);
      return worker;
    };
    await using cluster = await started({ launch, heartbeatTimeout: '1s', onLog: listener.onLog });

    const running = runOn(on(cluster))(new Flow('ices', () => failing.hold(1, diary.path)));
    await untilNoted(diary.path, `start 1 ${pids[0]}`);
    process.kill(pids[0]!, 'SIGSTOP');
    await listener.said(/^worker-1 has ended, and another one is started/);
    await untilNoted(diary.path, `start 1 ${pids[1]}`);
    note(diary.path, 'go 1');

    assert.equal((await running).state.output, 1);
    assert.throws(() => process.kill(pids[0]!, 0), { code: 'ESRCH' });
    assert.deepEqual(
      (await cluster.status()).workers.map(({ name }) => name),
      ['worker-1.2'],
    );
  });

  test('a worker that has waited long enough for its end stops what runs, unblamed [D063 D064]', bounded, async () => {
    using diary = newDiary();
    await using cluster = await started({ allowedFailures: 0 });
    await using ada = await joinedWorker({ ...at(cluster), name: 'ada', drain: '50ms' });

    const running = runOn(on(cluster))(new Flow('cut-short', () => failing.hold(1, diary.path)));
    await untilNoted(diary.path, `start 1 ${ada.pid}`);
    ada.kill('SIGTERM');
    assert.equal(await ada.exited(), 0);
    await using bob = await joinedWorker({ ...at(cluster), name: 'bob' });
    await untilNoted(diary.path, `start 1 ${bob.pid}`);
    note(diary.path, 'go 1');

    assert.equal((await running).state.output, 1);
  });
});

test('nothing is left in a scheduler of runs that were cancelled half way [D115]', bounded, async () => {
  using diary = newDiary();
  await using cluster = new LocalCluster({ workers: 2 });
  await cluster.start();

  for (const round of [1, 2, 3, 4, 5]) {
    const stop = new AbortController();
    const flow = new Flow('half', () => {
      const squares = failing.brief.map(numbers(1_000), unmapped(diary.path));
      return sum(inc.map(inc.map(squares)));
    });
    const running = runOn(new DistributedExecutor(() => cluster))(flow, { signal: stop.signal, cancelGrace: 0 });
    await until(diary.path, (lines) => lines.length >= 50 * round);
    stop.abort();
    assert.equal((await running).state.type, 'Cancelled');
  }

  const { flowRuns, heldBytes, workers } = await cluster.status();
  assert.deepEqual([flowRuns, heldBytes, workers.map(({ busy }) => busy)], [[], 0, [0, 0]]);
});

test('workers that come and go leave no file open behind them [D167]', bounded, async () => {
  const listener = new Listener();
  await using cluster = await started({ onLog: listener.onLog });
  const open = () => readdirSync('/proc/self/fd').length;
  const visit = async (times: number) => {
    for (let visitor = 0; visitor < times; visitor += 1) {
      const before = listener.count(/^worker guest left/);
      await visitOf(cluster);
      await listener.until(() => listener.count(/^worker guest left/) > before);
    }
  };
  await visit(1);
  const before = open();

  await visit(20);

  assert.ok(open() <= before, `${before} files were open before, and ${open()} are now`);
});

/** A worker of this process joins over a socket, and leaves. */
async function visitOf(cluster: WebSocketCluster): Promise<void> {
  const comm = await connect<ToWorker, FromWorker>({ ...at(cluster), decode: decodeToWorker });
  await using _ = await join(comm, new InlinePool(), { name: 'guest' });
}

function pidOf(line: string): number {
  return Number(line.split(' ').at(-1));
}

/** A flow run in a process of its own. */
function script(how: string, diary: string, url = ''): ChildProcess {
  const path = fileURLToPath(new URL('../fixtures/is-killed.ts', import.meta.url));
  const env = { ...process.env, HEDDLE_TOKEN: token };
  return spawn(process.execPath, [path, how, diary, url], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}
