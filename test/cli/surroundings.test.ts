// What a process is started in: a log that cannot be written, a container of its own, siblings that share its ports.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { Program } from './process.ts';

const script = 'test/cli/script.fixture.ts';
const bounded = { timeout: 60_000 };
const unshare = ['-pf', '--kill-child', '--mount-proc'];
const whyNot =
  spawnSync('unshare', [...unshare, 'true']).status === 0 ? false : 'needs the right to make PID namespaces';

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

  test('processes of node:cluster that each listen at any free port do not share one', bounded, async () => {
    await using program = new Program(process.execPath, ['test/fixtures/forks.ts']);

    assert.equal(await program.status(), 0, program.stderr.join('\n'));
    assert.deepEqual(program.stdout, Array(4).fill('All reference tasks succeeded. 2,3,4'));
  });
});
