// What becomes of a run when worker processes, or their scheduler, come late, die, freeze, or are told to go.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Flow, unmapped, type LogRecord } from 'heddle';
import { DistributedExecutor } from 'heddle/executors';
import { listen } from '../../src/comm/ws.ts';
import { withConfig } from '../with-config.ts';
import { decodeFromPeer } from '../../src/protocol/codec.ts';
import type { FromPeer, ToPeer } from '../../src/protocol/messages.ts';
import { linesOf, newDiary, note, until, untilNoted } from '../fixtures/diary.ts';
import * as failing from '../fixtures/failing.ts';
import { inc, sum } from '../fixtures/tasks.ts';
import { runOn } from './contract.ts';
import { freePort } from './free-port.ts';
import { Listener } from './listener.ts';
import { at, on, started, token } from './over-sockets.ts';
import { CommandProcess, joinedWorker, startWorker } from './worker-process.ts';

// Each starts several processes, beside those of others.
const bounded = { timeout: 60_000 };
const numbers = (length: number) => Array.from({ length }, (_, x) => x);

// Mostly they wait for processes to start, so they do that side by side.
suite('worker processes', { concurrency: 3 }, () => {
  test(
    'a worker killed in the middle of a map changes nothing but the log, which names it [P353] [D017]',
    bounded,
    async () => {
      using diary = newDiary();
      // So long that it is not by silence that a death is noticed.
      await using cluster = await started({ heartbeatTimeout: '1h' });
      await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });
      await using bob = await joinedWorker({ ...at(cluster), name: 'bob' });
      const flow = new Flow('killed', () => {
        const squares = failing.brief.map(numbers(200), unmapped(diary.path));
        return { squares, total: sum(squares) };
      });

      const running = runOn(on(cluster))(flow);
      await until(diary.path, (lines) => lines.some((line) => line.endsWith(` ${ada.pid}`)) && lines.length >= 50);
      ada.kill('SIGKILL');

      const { state, logs } = await running;
      assert.deepEqual(state.output.squares, numbers(200).map((x) => x * x)); // prettier-ignore
      assert.equal(state.output.total, 2_646_700);
      assert.equal(state.statistics.taskRuns, 201);
      assert.equal(await ada.exited(), 'SIGKILL');
      assert.ok(logs.some(({ message }) => /worker ada (was lost|left)/.test(message)));
      assert.ok(bob.pid > 0);
    },
  );

  test('a run outlives the death of every worker, when another one comes [D019]', bounded, async () => {
    using diary = newDiary();
    await using cluster = await started();
    await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });
    const flow = new Flow('relay', () => failing.brief.map(numbers(100), unmapped(diary.path)));

    const running = runOn(on(cluster))(flow);
    await until(diary.path, (lines) => lines.length >= 20);
    ada.kill('SIGKILL');
    await ada.exited();
    await using _ = await joinedWorker({ ...at(cluster), name: 'bob' });

    assert.deepEqual((await running).state.output, numbers(100).map((x) => x * x)); // prettier-ignore
  });

  test('an index that is lost with one worker after the other is Crashed in the end', bounded, async () => {
    using diary = newDiary();
    await using cluster = await started({ allowedFailures: 1 });
    const flow = new Flow('cursed', () => failing.hold.map([0], unmapped(diary.path)));

    const running = runOn(on(cluster))(flow);
    for (const name of ['ada', 'bob']) {
      await using worker = await joinedWorker({ ...at(cluster), name });
      await untilNoted(diary.path, `start 0 ${worker.pid}`);
      worker.kill('SIGKILL');
    }

    const [child] = (await running).state.of('hold').children;
    assert.equal(child?.type, 'Crashed');
    assert.match(
      child?.message ?? '',
      /'hold' \[map index 0\].* lost 2 times; last on bob: its worker was lost \(the connection to .* was lost: its end went away without a goodbye; it was last heard [\d.]+ m?s ago.*, and had been at work on task 'hold' for [\d.]+ m?s\)/,
    );
  });

  test('a thread that ends in a worker process is replaced there, and the worker stays', bounded, async () => {
    using diary = newDiary();
    await using cluster = await started({ allowedFailures: 1 });
    await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });
    const flow = new Flow('exits', () => failing.exitAlways.map(numbers(40), unmapped(7), unmapped(diary.path)));

    const { state } = await runOn(on(cluster))(flow);

    const failed = state.of('exit-always').children.flatMap(({ type }, index) => (type === 'Success' ? [] : [index]));
    assert.deepEqual(failed, [7]);
    assert.match(state.of('exit-always').children[7]?.message ?? '', /last on ada: .*exit code 7/);
    assert.equal(ada.lines.filter((line) => line.includes('joined')).length, 1);
  });

  test(
    'a worker that is told to end finishes what it runs, takes nothing more, and exits with 0 [D128]',
    bounded,
    async () => {
      using diary = newDiary();
      await using cluster = await started({ allowedFailures: 0 });
      await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });
      const flow = new Flow('drained', () => failing.hold.map([0, 1], unmapped(diary.path)));

      const running = runOn(on(cluster))(flow);
      await untilNoted(diary.path, `start 0 ${ada.pid}`);
      ada.kill('SIGTERM');
      await ada.said(/got SIGTERM: finishing what runs, for at most 30/);
      note(diary.path, 'go 0');
      assert.equal(await ada.exited(), 0);
      await using bob = await joinedWorker({ ...at(cluster), name: 'bob' });
      note(diary.path, 'go 1');

      const { state } = await running;
      assert.deepEqual(state.output, [0, 1]);
      const ends = linesOf(diary.path).filter((line) => line.startsWith('end'));
      assert.deepEqual(ends, [`end 0 ${ada.pid}`, `end 1 ${bob.pid}`]);
    },
  );

  test('workers that come and go while they are busy are blamed for nothing [D016 D123]', bounded, async () => {
    using diary = newDiary();
    await using cluster = await started({ allowedFailures: 0 });
    await using steady = await joinedWorker({ ...at(cluster), name: 'steady' });
    const flow = new Flow('rolling', () => failing.brief.map(numbers(600), unmapped(diary.path)));

    const running = runOn(on(cluster))(flow);
    for (const name of ['first', 'second', 'third']) {
      await using worker = await joinedWorker({ ...at(cluster), name });
      await until(diary.path, (lines) => lines.some((line) => line.endsWith(` ${worker.pid}`)) || lines.length === 600);
      worker.kill('SIGTERM');
      assert.equal(await worker.exited(), 0);
    }

    const { state } = await running;
    assert.deepEqual(state.output, numbers(600).map((x) => x * x)); // prettier-ignore
    assert.equal(new Set(linesOf(diary.path).map((line) => line.split(' ')[1])).size, 600);
    assert.equal(linesOf(diary.path).length, 600, 'each ran once');
    assert.ok(steady.pid > 0);
  });

  test('a worker that runs nothing and is told to end exits with 0', bounded, async () => {
    await using cluster = await started();
    await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });

    ada.kill('SIGTERM');

    assert.equal(await ada.exited(), 0);
    await ada.said(/got SIGTERM: nothing is running/);
  });

  test('a worker that is told to end while a scheduler does not let it in exits with 0', bounded, async () => {
    const accepted = Promise.withResolvers<void>();
    await using silent = await listen<FromPeer, ToPeer>({
      port: 0,
      token,
      decode: decodeFromPeer,
      onConnection: (comm) => comm.listen({ message: () => accepted.resolve(), seen: () => {}, closed: () => {} }),
    });
    await using ada = startWorker({ url: silent.url, token, name: 'ada' });

    await accepted.promise;
    ada.kill('SIGTERM');

    assert.equal(await ada.exited(), 0);
  });

  test('a worker that is told to end before it has joined waits for no goodbye if nothing runs', bounded, async () => {
    const connected = Promise.withResolvers<void>();
    await using cluster = await listen<FromPeer, ToPeer>({
      port: 0,
      token,
      decode: decodeFromPeer,
      onConnection: (comm) => {
        ada.kill('SIGTERM');
        comm.listen({
          message: ({ type }) =>
            type === 'hello' && comm.send({ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 15_000 }),
          seen: () => {},
          closed: () => {},
        });
        connected.resolve();
      },
    });
    await using ada = startWorker({ url: cluster.url, token, name: 'ada', drain: '1h' });

    await connected.promise;
    assert.equal(await ada.exited(), 0);
  });

  test('a worker that was there before its scheduler joins when that comes [D160]', bounded, async () => {
    const port = await freePort();
    await using ada = startWorker({ url: `ws://127.0.0.1:${port}`, token, name: 'ada' });
    await ada.said(/nobody listens at ws:.*trying again for ever, at least every 10\.0 s; Ctrl-C ends it/);

    await using cluster = await started({ port });
    const { state } = await runOn(on(cluster))(new Flow('late', () => sum(inc.map([1, 2, 3]))));

    assert.equal(state.output, 9);
  });

  test('a worker whose scheduler is gone joins the next one at the same address', bounded, async () => {
    const first = await started();
    await using ada = await joinedWorker({ ...at(first), name: 'ada' });
    const port = Number(new URL(first.url!).port);
    const before = await runOn(on(first))(new Flow('before', () => inc(1)));
    await first[Symbol.asyncDispose]();
    await ada.said(/left ws:.*the cluster was closed/);

    await using second = await started({ port });
    await ada.said(/joined/, 2);
    const after = await runOn(on(second))(new Flow('after', () => sum(inc.map(numbers(50)))));

    assert.deepEqual([before.state.output, after.state.output], [2, 1275]);
  });

  test(
    'a scheduler that dies ends the run as Failed, and its workers stop and join the next one [D050 D159]',
    bounded,
    async () => {
      using diary = newDiary();
      const port = await freePort();
      await using scheduler = new CommandProcess(['scheduler', '--listen', String(port)], token);
      await scheduler.said(/listening/);
      const url = `ws://127.0.0.1:${port}`;
      await using ada = await joinedWorker({ url, token, name: 'ada' });
      const flow = new Flow('orphan', () => failing.busyUntilAborted(diary.path));

      const running = runOn(new DistributedExecutor(url, { token }))(flow);
      await untilNoted(diary.path, 'started');
      scheduler.kill('SIGKILL');
      await scheduler.exited();

      const { state } = await running;
      assert.equal(state.type, 'Failed');
      assert.match(
        state.message,
        /^the connection to the scheduler \(ws:\/\/127\.0\.0\.1:\d+\) was lost: (?!.*ws:).*when it is back\.$/,
      );
      assert.equal((state.of('busy-until-aborted').error as { code?: string }).code, 'SCHEDULER_LOST');
      await using again = await started({ port });
      await ada.said(/joined/, 2);
      assert.equal((await runOn(on(again))(new Flow('next', () => inc(1)))).state.output, 2);
    },
  );

  test(
    'a client that goes away takes its work with it, and the workers are free for others [D111 D127]',
    bounded,
    async () => {
      using diary = newDiary();
      await using cluster = await started();
      await using _ = await joinedWorker({ ...at(cluster), name: 'ada' });
      const stop = new AbortController();
      const remote = new DistributedExecutor(cluster.url, { token });

      const doomed = runOn(remote)(new Flow('doomed', () => failing.stuck.map([diary.path, diary.path])), {
        signal: stop.signal,
        cancelGrace: 20,
      });
      await untilNoted(diary.path, 'started');
      stop.abort();

      assert.equal((await doomed).state.type, 'Cancelled');
      assert.equal((await runOn(remote)(new Flow('other', () => sum(inc.map([1, 2]))))).state.output, 5);
    },
  );

  test(
    'a run without any worker says how to start one, and begins when one comes, which the log tells [P353] [D132]',
    bounded,
    async () => {
      await using cluster = await started();
      const advised = Promise.withResolvers<string>();
      const onLog = ({ level, message }: LogRecord) => {
        if (level === 'warn') advised.resolve(message);
      };

      const flow = new Flow('waits', () => inc(1));
      const running = withConfig({ logging: { level: 'debug' } }, () => runOn(on(cluster))(flow, { onLog }));
      assert.match(
        await advised.promise,
        /waiting for a worker: start one with: heddle worker ws:\/\/127\.0\.0\.1:\d+ \(and the same HEDDLE_TOKEN\)/,
      );
      await using _ = await joinedWorker({ ...at(cluster), name: 'ada' });

      const { state, logs } = await running;
      assert.equal(state.output, 2);
      const numbers = logs.map(({ message }) => message).filter((message) => message.startsWith('workers there'));
      assert.deepEqual(numbers, ['workers there: 0, threads: 0', 'workers there: 1, threads: 1']);
      const told = logs.find(({ message }) => /^worker ada joined from 127\.0\.0\.1:\d+ with 1 thread$/.test(message));
      assert.equal(told?.level, 'info');
    },
  );

  test('a run that waits for a worker says so once, however many others come to wait', bounded, async () => {
    await using cluster = await started();
    const waiting = /^waiting for a worker/;
    const flow = new Flow('waits', () => inc(1));
    const begun = [];
    for (let count = 0; count < 4; count += 1) {
      const log = new Listener();
      begun.push({ log, running: flow.run({ executor: on(cluster), onLog: log.onLog }) });
      await log.said(waiting);
    }
    await using _ = await joinedWorker({ ...at(cluster), name: 'ada' });

    for (const { log, running } of begun) assert.deepEqual([(await running).output, log.count(waiting)], [2, 1]);
  });

  test('a worker with the wrong token exits with 1; it and the run that waits say why', bounded, async () => {
    await using cluster = await started();
    const run = new Listener();
    const running = new Flow('waits', () => inc(1)).run({ executor: on(cluster), onLog: run.onLog });
    await run.said(/waiting for a worker/);
    await using ada = startWorker({ url: cluster.url!, token: 'something-else', name: 'ada' });

    assert.equal(await ada.exited(), 1);
    assert.match(ada.lines.join('\n'), /^heddle: ws:\/\/.* does not know this token: .* \[WRONG_TOKEN\]$/m);
    assert.ok(!ada.lines.some((line) => /^\s+at /.test(line)), 'no stack of ours');
    await run.said(/^refused a connection from 127\.0\.0\.1: the token given is not the one expected here$/);
    await using _ = await joinedWorker({ ...at(cluster), name: 'bob' });
    assert.equal((await running).output, 2);
  });

  test('a flow with the wrong token, or where nobody listens, is rejected', bounded, async () => {
    await using cluster = await started();
    const flow = new Flow('outside', () => inc(1));

    const stranger = new DistributedExecutor(cluster.url, { token: 'something-else' });
    await assert.rejects(runOn(stranger)(flow), { code: 'WRONG_TOKEN' });
    const nowhere = new DistributedExecutor(`ws://127.0.0.1:${await freePort()}`, { token });
    await assert.rejects(runOn(nowhere)(flow), { code: 'CONNECTION_REFUSED' });
  });
});

// Alone, because a worker that gets no time for its heartbeat is as good as frozen.
test('a frozen worker is given up, and what it says when it thaws changes nothing [S23] [D041]', bounded, async () => {
  using diary = newDiary();
  await using cluster = await started({ heartbeatTimeout: '1s' });
  await using ada = await joinedWorker({ ...at(cluster), name: 'ada', threads: 2 });
  await using bob = await joinedWorker({ ...at(cluster), name: 'bob', threads: 2 });
  const flow = new Flow('frozen', () => ({
    held: failing.hold(1, diary.path),
    contested: failing.holdFirstRun(0, diary.path),
  }));

  const running = runOn(on(cluster))(flow);
  const lines = await until(
    diary.path,
    (lines) => lines.filter((line) => /^process of 0|^start 1/.test(line)).length === 2,
  );
  const frozen = lines.includes(`process of 0: ${ada.pid}`) ? ada : bob;
  // Held where it is not frozen, so that the run goes on until the old news is in.
  const holdsBoth = lines.includes(`start 1 ${frozen.pid}`);
  frozen.kill('SIGSTOP');
  await until(diary.path, (lines) => lines.filter((line) => line === 'start 0').length === 2);
  note(diary.path, 'go 0');
  frozen.kill('SIGCONT');
  await frozen.said(/joined/, 2);
  note(diary.path, 'go 1');

  const { state, logs } = await running;
  assert.equal(holdsBoth, false);
  assert.deepEqual({ ...state.output }, { held: 1, contested: 'second run of 0' });
  assert.equal(linesOf(diary.path).filter((line) => line === 'start 0').length, 2);
  const story =
    /^worker \w+ was lost \(no sign of life within the heartbeat timeout of 1\.0 s; it was last heard [\d.]+ s ago with \d+ MB of memory, and had been at work on task '[\w-]+' for [\d.]+ s\)/;
  assert.ok(logs.some(({ message }) => story.test(message)));
});

test('a run that waits for its frozen worker can be cancelled', bounded, async () => {
  using diary = newDiary();
  await using cluster = await started({ heartbeatTimeout: '1s' });
  await using ada = await joinedWorker({ ...at(cluster), name: 'ada' });
  const stop = new AbortController();

  const running = runOn(on(cluster))(new Flow('iced', () => failing.stuck(diary.path)), { signal: stop.signal });
  await untilNoted(diary.path, 'started');
  ada.kill('SIGSTOP');
  stop.abort();

  assert.equal((await running).state.type, 'Cancelled');
  ada.kill('SIGCONT');
});
