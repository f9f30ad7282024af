// Ctrl-C and SIGTERM reach functions that never end by themselves, wherever they run, and leave nothing behind.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { newDiary, until } from '../fixtures/diary.ts';
import { heddle, Program } from './process.ts';

const script = 'test/cli/spin.fixture.ts';
const bounded = { timeout: 60_000 };
const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

suite('signals', { concurrency: 2 }, () => {
  for (const [signal, status] of signals) {
    for (const [where, args] of [
      ['threads', ['--workers', '2']],
      ['processes', []],
    ] as const) {
      test(`${signal} ends busy loops on worker ${where}, and gives status ${status}`, bounded, async () => {
        using diary = newDiary();
        await using program = heddle(['run', script, '-p', `diary=${diary.path}`, ...args]);
        const pids = await busy(diary.path);

        program.child.kill(signal);

        // All that have its output have ended then, its workers too.
        assert.equal(await program.status(), status);
        await program.line(new RegExp(`Cancelled: The flow run was cancelled: the process got ${signal}`));
        assert.equal(await told(diary.path), 2);
        for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
      });
    }
  }

  for (const [signal, status] of signals) {
    test(`${signal} ends the wait for a handler that does not end, and gives status ${status}`, bounded, async () => {
      await using program = heddle(['run', 'test/cli/hanging-handler.fixture.ts', '--workers', '1']);
      await program.line(/calling somebody/);

      program.child.kill(signal);

      assert.equal(await program.status(), status);
      await program.line(
        new RegExp(`cancelled: the process got ${signal}\\. It waits for the onFailure of flow 'hangs'`),
      );
      assert.match(program.stderr.at(-1)!, /Failed: Some reference tasks failed: fail: RangeError: no rows/);
    });
  }

  test('Ctrl-C is heard as a task of this thread begins that has waited in a run before', bounded, async () => {
    await using program = new Program(process.execPath, ['test/cli/loop.fixture.ts']);

    assert.equal(await program.status(), 130);
    await program.line(/Cancelled: The flow run was cancelled: the process got SIGINT/);
  });

  test('a server whose runs leave signals alone finishes them, and gives a status of its own', bounded, async () => {
    await using program = new Program(process.execPath, ['test/cli/server.fixture.ts']);
    await program.line(/^begun/);

    program.child.kill('SIGTERM');

    assert.equal(await program.status(), 0);
    assert.equal(program.stdout.at(-1), 'Success: served');
  });

  test('after Ctrl-C a worker of another machine is free for the next run', bounded, async () => {
    using diary = newDiary();
    const env = { HEDDLE_TOKEN: 'bobbin' };
    await using scheduler = heddle(['scheduler', '--listen', '0'], env);
    const url = /ws:\/\/\S+?:\d+/.exec(await scheduler.line(/listening at/))![0];
    await using worker = heddle(['worker', url, '--name', 'ada', '--threads', '2'], env);
    await worker.line(/joined/);
    await using program = heddle(['run', script, '--scheduler', url, '-p', `diary=${diary.path}`], env);
    const [pid] = await busy(diary.path);
    assert.equal(pid, worker.child.pid);

    program.child.kill('SIGINT');

    assert.equal(await program.status(), 130);
    assert.equal(await told(diary.path), 2);
    await using next = heddle(['run', script, '--scheduler', url], env);
    assert.equal(await next.status(), 0);
    worker.child.kill('SIGTERM');
    assert.equal(await worker.status(), 0);
  });

  for (const [where, args] of [
    ['threads', ['--workers', '2']],
    ['processes', []],
  ] as const) {
    test(`a second Ctrl-C waits for no grace, on worker ${where}`, bounded, async () => {
      using diary = newDiary();
      await using program = heddle(['run', script, '-p', `diary=${diary.path}`, ...args], { GRACE: '1h' });
      await busy(diary.path);
      program.child.kill('SIGINT');
      await until(diary.path, (lines) => lines.some((line) => line.startsWith('told')));

      program.child.kill('SIGINT');

      assert.equal(await program.status(), 'SIGINT');
    });
  }
});

/** Waits until both loops turn, and gives the numbers of their processes. */
async function busy(diary: string): Promise<readonly number[]> {
  const lines = await until(diary, (all) => all.filter((line) => line.startsWith('busy')).length === 2);
  return lines.map((line) => Number(line.split(' ')[1]));
}

/** How many of them heard that they were to end. */
async function told(diary: string): Promise<number> {
  return (await until(diary, (lines) => lines.length >= 4)).filter((line) => line.startsWith('told')).length;
}
