// What a process is started in: a log that cannot be written, a container of its own, siblings that share its ports.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Program } from './process.ts';

const script = 'test/cli/script.fixture.ts';
const bounded = { timeout: 60_000 };
const unshare = ['-pf', '--kill-child', '--mount-proc'];
const whyNot =
  spawnSync('unshare', [...unshare, 'true']).status === 0 ? false : 'needs the right to make PID namespaces';

/** Of no other process, so that its limits are for what the test starts; files may be where only root can read. */
const nobody = ['--reuid=61234', '--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
const whyNotNobody =
  spawnSync('setpriv', [...nobody, 'true']).status === 0 ? false : 'needs the right to become another user';

suite('surroundings', { concurrency: 2 }, () => {
  for (const [what, redirection] of [
    ['is full', '2>/dev/full'],
    ['nobody reads any more', '2> >(true)'],
  ] as const) {
    test(`a log that ${what} loses its lines, and the run goes on`, bounded, async () => {
      const args = [process.execPath, script].map((word) => `'${word}'`).join(' ');
      await using program = new Program('bash', ['-c', `${args} ${redirection}`]);

      assert.equal(await program.status(), 0);
      assert.match(program.stdout.at(-1)!, /^Success: /);
    });
  }

  test(
    'SIGTERM ends a program that goes on, also the first process of a container',
    { ...bounded, skip: whyNot },
    async () => {
      const code = `import { greeting } from './test/cli/flow.fixture.ts';
      setInterval(() => {}, 1_000);
      await greeting.run({ onLog: () => process.kill(process.pid, 'SIGTERM') });`;
      const args = [...unshare, process.execPath, '--input-type=module', '-e', code];
      await using program = new Program('unshare', args);

      assert.equal(await program.status(), 143);
    },
  );

  test('threads that never come up are told as such, whatever keeps them', bounded, async () => {
    const folder = join(import.meta.dirname, '../fixtures');
    await using program = new Program(
      process.execPath,
      ['moves-away.ts'],
      { NODE_OPTIONS: '--import ./diary.ts' },
      folder,
    );

    assert.equal(await program.status(), 0);
    const told = program.stderr.filter((line) => line.includes(' WARN ') && line.includes('run again'));
    assert.ok(told.length > 0);
    for (const line of told) assert.match(line, /no thread could be started: .*(?:'\/diary\.ts'|exited with code)/);
    assert.match(program.stdout.at(-1)!, /look at NODE_OPTIONS, --import and --require/);
  });

  test('a thread that does not come up keeps no other from running', bounded, async () => {
    const hang = `import { threadId } from 'node:worker_threads';
      if (threadId === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
    const preload = `data:text/javascript,${encodeURIComponent(hang)}`;
    const args = ['--import', preload, '--conditions=source', 'test/fixtures/first-thread-hangs.ts'];
    await using program = new Program(process.execPath, args);

    assert.equal(await program.status(), 0);
    assert.deepEqual(program.stdout, ['The other one ran']);
  });

  test('where the folder of a process is gone, threads that cannot be started say that', bounded, async () => {
    const fixture = join(import.meta.dirname, '../fixtures/loses-its-folder.ts');
    const folder = mkdtempSync(join(tmpdir(), 'heddle-gone-'));
    await using program = new Program(process.execPath, [fixture], {}, folder);

    assert.equal(await program.status(), 0, program.stderr.join('\n'));
    assert.match(program.stdout.at(-1)!, /uv_cwd: the folder that this process was started in is gone: start it again/);
  });

  test(
    'a cluster that is to have more threads than the system allows says so as it starts',
    { ...bounded, skip: whyNotNobody },
    async () => {
      const run = `ulimit -u 25; '${process.execPath}' src/cli/heddle.js run ${script} --workers 40`;
      await using program = new Program('setpriv', [...nobody, 'bash', '-c', run]);

      assert.equal(await program.status(), 1);
      const told = /a thread could not be started: EAGAIN: .* no more threads \(ulimit -u; .* \[THREAD_NOT_STARTED\]$/;
      assert.match(program.stderr.at(-1)!, told);
    },
  );

  test(
    'a cluster whose thread cannot be started again is closed like any other',
    { ...bounded, skip: whyNotNobody },
    async () => {
      const args = [...nobody, process.execPath, '--conditions=source', 'test/fixtures/no-thread-left.ts'];
      await using program = new Program('setpriv', args);

      assert.equal(await program.status(), 0, program.stderr.join('\n'));
      assert.deepEqual(program.stdout, ['Cancelled, and closed']);
    },
  );

  test('a flow runs where Node lets nothing be read but the project', bounded, async () => {
    const flags = ['--permission', `--allow-fs-read=${process.cwd()}`];
    await using program = new Program(process.execPath, [...flags, script]);

    assert.equal(await program.status(), 0, program.stderr.join('\n'));
    assert.match(program.stdout.at(-1)!, /^Success: /);
  });

  test(
    'a user without a home, like a number that a container is started as, has the root folder for one',
    { ...bounded, skip: whyNotNobody },
    async () => {
      const code = `import { config } from './src/config/config.ts';
      import { LocalResult } from './src/index.ts';
      console.log(config().results.directory, new LocalResult({ directory: '~/kept' }).directory);`;
      const args = [...nobody, 'env', '--unset=HOME', process.execPath, '--input-type=module', '-e', code];
      await using program = new Program('setpriv', args);

      assert.equal(await program.status(), 0, program.stderr.join('\n'));
      assert.deepEqual(program.stdout, ['/.heddle/results /kept']);
    },
  );

  test('processes of node:cluster that each listen at any free port do not share one', bounded, async () => {
    await using program = new Program(process.execPath, ['test/fixtures/forks.ts']);

    assert.equal(await program.status(), 0, program.stderr.join('\n'));
    assert.deepEqual(program.stdout, Array(4).fill('All reference tasks succeeded. 2,3,4'));
  });
});
