// Workers over ssh, with a real sshd on this machine.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, SSHCluster, type SSHClusterOptions } from 'heddle/executors';
import { linesOf, newDiary, note, until } from '../fixtures/diary.ts';
import { hold } from '../fixtures/failing.ts';
import { inc, sum } from '../fixtures/tasks.ts';
import { runOn } from './contract.ts';
import { Listener } from './listener.ts';
import { startSshd, type Sshd } from './sshd.ts';

const bounded = { timeout: 60_000 };
const root = fileURLToPath(new URL('../..', import.meta.url));
let sshd: Sshd;

before(async () => {
  sshd = await startSshd();
});
after(() => sshd[Symbol.asyncDispose]());

test('a flow runs on workers that ssh starts, which are gone with the cluster', bounded, async () => {
  using diary = newDiary();
  const listener = new Listener();
  const cluster = new SSHCluster({ ...there(), hosts: ['127.0.0.1', 'localhost'], onLog: listener.onLog });
  const flow = new Flow('held', () => [hold.map([1, 2], unmapped(diary.path)), sum(inc.map([1, 2, 3]))]);

  const running = runOn(new DistributedExecutor(() => cluster))(flow);
  await until(diary.path, (lines) => lines.filter((line) => line.startsWith('start')).length === 2);
  const pids = linesOf(diary.path).map((line) => Number(line.split(' ').at(-1)));
  note(diary.path, 'go 1');
  note(diary.path, 'go 2');
  const { state, logs } = await running;

  assert.deepEqual(state.output, [[1, 2], 9]);
  assert.equal(cluster.isStarted, false);
  assert.equal(new Set(pids).size, 2);
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  assert.ok(logs.some(({ message }) => message === 'running on 2 workers on 127.0.0.1, localhost'));
  await listener.said(/^worker localhost joined/);
});

test('a worker that dies is replaced on the same host', bounded, async () => {
  const listener = new Listener();
  await using cluster = new SSHCluster({ ...there(), hosts: ['127.0.0.1', 'localhost'], onLog: listener.onLog });
  using diary = newDiary();
  await cluster.start();
  const running = runOn(new DistributedExecutor(() => cluster))(
    new Flow('held', () => hold.map([1, 2], unmapped(diary.path))),
  );
  const [first] = await until(diary.path, (lines) => lines.length === 2);

  process.kill(Number(first!.split(' ').at(-1)), 'SIGKILL');
  await until(diary.path, (lines) => lines.length === 3);
  note(diary.path, 'go 1');
  note(diary.path, 'go 2');

  assert.deepEqual((await running).state.output, [1, 2]);
  const [, host] = /^worker (\S+)\.2 joined/.exec(await listener.said(/^worker \S+\.2 joined/))!;
  assert.ok(listener.lines.some((line) => line.startsWith(`${host} has ended, and another one is started`)));
});

test('more workers than hosts take the hosts in turn, with names of their own', bounded, async () => {
  await using cluster = new SSHCluster({ ...there(), hosts: ['127.0.0.1'], threads: 2 });
  await cluster.start();

  await cluster.scale(2);

  const { workers } = await cluster.status();
  assert.deepEqual(
    workers.map(({ name, threads }) => `${name}: ${threads}`),
    ['127.0.0.1: 2', '127.0.0.1-2: 2'],
  );
});

test('what workers have over ssh is called there as it is here, with its spaces and quotes', bounded, async () => {
  const labels = [`ada's own room`, '$HOME; `date`'];
  const resources = { 'oak loom': 0.5 };
  await using cluster = new SSHCluster({ ...there(), hosts: ['127.0.0.1'], labels, resources });
  const flow = new Flow('placed', () => inc.with({ labels, resources })(1));

  const { state } = await runOn(new DistributedExecutor(() => cluster))(flow);

  assert.equal(state.output, 2, state.message);
});

const hopeless: readonly (readonly [string, string, RegExp, () => Partial<SSHClusterOptions>])[] = [
  [
    'nobody answers',
    'SSH_HOST_UNREACHABLE',
    /^127\.0\.0\.1 cannot be reached: .*Connection refused/,
    () => ({ port: 1 }),
  ],
  [
    'a name means nothing',
    'SSH_HOST_UNREACHABLE',
    /^nowhere\.invalid cannot be reached: .*Could not resolve/,
    () => ({ hosts: ['nowhere.invalid'] }),
  ],
  [
    'a key is refused',
    'SSH_KEY_REFUSED',
    /^127\.0\.0\.1 refused our key \(.*Permission denied \(publickey\).*\)\. Pass user and identityFile/,
    () => ({ identityFile: sshd.otherKey }),
  ],
  [
    'the host is not known',
    'SSH_HOST_UNKNOWN',
    /^the key of 127\.0\.0\.1 is not .* Connect once by hand and look at it: ssh 127\.0\.0\.1$/,
    () => ({ sshOptions: ['-F', 'none', '-o', `UserKnownHostsFile=${sshd.emptyKnownHosts}`] }),
  ],
  [
    'there is no Heddle',
    'HEDDLE_NOT_FOUND',
    /^127\.0\.0\.1 cannot run 'no-such-heddle' \(.*not found\)\. Install Heddle there, or say how to run it/,
    () => ({ command: 'no-such-heddle' }),
  ],
  [
    'there is another version of Heddle',
    'VERSION_MISMATCH',
    /^127\.0\.0\.1 has another version of Heddle: .*runs Heddle 99\.0\.0 .*Install the same one/,
    () => ({ command: `'${process.execPath}' '${otherVersion(sshd.folder)}'` }),
  ],
];

for (const [what, code, message, options] of hopeless) {
  test(`a cluster on a host where ${what} does not start, and says why`, bounded, async () => {
    await using cluster = new SSHCluster({ hosts: ['127.0.0.1'], ...there(), ...options() });

    await assert.rejects(cluster.start(), { code, message });
  });
}

test('a machine without ssh is told to get it', bounded, async () => {
  await using cluster = new SSHCluster({ hosts: ['127.0.0.1'], ...there() });
  const { PATH } = process.env;
  process.env['PATH'] = sshd.folder;
  try {
    await assert.rejects(cluster.start(), {
      code: 'SSH_NOT_FOUND',
      message: "there is no command 'ssh' on this machine: install an OpenSSH client.",
    });
  } finally {
    process.env['PATH'] = PATH;
  }
});

test('a host that does not forward ports is told apart, with what to set there', bounded, async () => {
  await using strict = await startSshd(['AllowTcpForwarding no']);
  await using cluster = new SSHCluster({ hosts: ['127.0.0.1'], ...there(), ...strict.access });

  await assert.rejects(cluster.start(), {
    code: 'SSH_FORWARDING_REFUSED',
    message: /Set AllowTcpForwarding in its sshd/,
  });
});

test('a host that would be taken for an option of ssh is refused, and so is no host at all', () => {
  for (const hosts of [['-oProxyCommand=true'], [], ['']] as const) {
    assert.throws(() => new SSHCluster({ hosts }), { code: 'INVALID_OPTION', message: /list of one or more names/ });
  }
});

/** How to get there, and what to run there. */
function there() {
  const environment = `HEDDLE__CODE__DIRECTORY='${join(sshd.folder, 'code')}'`;
  return { ...sshd.access, command: `${environment} '${process.execPath}' '${join(root, 'src/cli/heddle.js')}'` };
}

/** A copy of this checkout that is called another version: its command line. */
function otherVersion(folder: string): string {
  const copy = join(folder, 'another-heddle');
  mkdirSync(copy);
  for (const part of ['src', 'workers']) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, 'package.json'), '{ "name": "heddle", "version": "99.0.0", "type": "module" }');
  return join(copy, 'src/cli/heddle.js');
}
