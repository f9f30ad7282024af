// What happened to a scheduler, gone through again.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Flow, unmapped } from 'heddle';
import { DistributedExecutor, LocalCluster, WebSocketCluster } from 'heddle/executors';
import { replay } from '../../src/scheduler/recording.ts';
import { Program } from '../cli/process.ts';
import { newDiary, until } from '../fixtures/diary.ts';
import * as failing from '../fixtures/failing.ts';
import { inc, say, sum } from '../fixtures/tasks.ts';
import { runOn } from './contract.ts';
import { Listener } from './listener.ts';
import { joinedWorker } from './worker-process.ts';

const bounded = { timeout: 60_000 };
const token = 'recorded';
const secret = 'never-written-down';

test('a run with retries and a killed worker is decided in the same way when it is replayed', bounded, async () => {
  using folder = newFolder();
  using diary = newDiary();
  const record = join(folder.path, 'scheduler.log');
  {
    await using cluster = new WebSocketCluster({ port: 0, token, record });
    await cluster.start();
    await using ada = await joinedWorker({ url: cluster.url!, token, name: 'ada' });
    await using bob = await joinedWorker({ url: cluster.url!, token, name: 'bob' });
    const xs = Array.from({ length: 200 }, (_, x) => x);
    const flow = new Flow('recorded', () => {
      const squares = failing.brief.map(xs, unmapped(diary.path));
      return { total: sum(squares), said: say(secret), late: failing.failUntil.with({ retryDelay: 20 })(2) };
    });

    const running = runOn(new DistributedExecutor(() => cluster))(flow);
    await until(diary.path, (lines) => lines.some((line) => line.endsWith(` ${ada.pid}`)) && lines.length >= 50);
    ada.kill('SIGKILL');
    const { state } = await running;
    assert.deepEqual([state.type, state.output.total, state.output.said], ['Success', 2_646_700, secret]);
    assert.ok(bob.pid > 0);
  }

  const { core, events } = await replay(record);

  assert.equal(core.totals.settled, 203);
  assert.ok(core.totals.lost > 0);
  assert.equal(core.arrays.size, 0);
  const text = readFileSync(record, 'utf8');
  assert.equal(text.trim().split('\n').length, events + 1);
  assert.match(text, /"type":"index-delayed"/);
  assert.ok(!text.includes(secret), 'no value is in it');
  assert.doesNotMatch(text, /"(?:definition|code|loss)":/, 'nor what may hold one, as bytes or in words');
  await using command = new Program(process.execPath, ['src/cli/heddle.js', 'replay', record]);
  assert.equal(await command.status(), 0, command.stderr.join('\n'));
  assert.match(command.stdout[0]!, new RegExp(`^${events} events within .*, and the same \\d+ commands$`));
  assert.match(command.stdout[1]!, /^203 task runs settled, \d+ lost with their thread or worker$/);
});

test('a cluster that could not start at first has a recording of the start that it could', bounded, async () => {
  using folder = newFolder();
  const record = join(folder.path, 'scheduler.log');
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  {
    await using cluster = new WebSocketCluster({ port, token, record, heartbeatTimeout: '1s' });
    await assert.rejects(cluster.start(), { code: 'ADDRESS_IN_USE' });
    squatter.close();
    await once(squatter, 'close');

    await cluster.start();
    await using _ = await joinedWorker({ url: cluster.url!, token, name: 'ada' });
    await runOn(new DistributedExecutor(() => cluster))(new Flow('recorded', () => inc.map([1, 2])));
  }

  const { core } = await replay(record);
  assert.ok(core.totals.settled >= 2);
});

test('a recording that was changed is noticed at the line where it matters', bounded, async () => {
  using folder = newFolder();
  const record = await recorded(folder.path);
  const lines = readFileSync(record, 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes('worker-joined'));
  writeFileSync(record, lines.with(line, lines[line]!.replace('"threads":1', '"threads":2')).join('\n'));

  await assert.rejects(replay(record), {
    code: 'RECORDING_DIFFERS',
    message: /decides otherwise than the scheduler that was recorded, from line \d+ of .*scheduler\.log on: after \{/,
  });
});

test('a recording whose last line was cut off is replayed up to there', bounded, async () => {
  using folder = newFolder();
  const record = await recorded(folder.path);
  const { events, isCut } = await replay(record);
  const text = readFileSync(record, 'utf8');

  writeFileSync(record, text.slice(0, -9));
  const cut = await replay(record);
  assert.deepEqual([cut.events, cut.isCut, isCut], [events - 1, true, false]);
  await using command = new Program(process.execPath, ['src/cli/heddle.js', 'replay', record]);
  await command.line(/^The last line of the recording was cut off: what happened then, and later, is not in it$/);
  writeFileSync(record, text.replace(/\n\[/g, '\n[['));
  await assert.rejects(replay(record), { code: 'RECORDING_UNREADABLE', message: /line 2 makes no sense/ });
});

test('what is no recording, and what is not there, cannot be replayed', bounded, async () => {
  using folder = newFolder();
  const file = join(folder.path, 'scheduler.log');

  await assert.rejects(replay(file), { code: 'RECORDING_UNREADABLE', message: /cannot be read: ENOENT/ });
  writeFileSync(file, 'hello\n');
  await assert.rejects(replay(file), { code: 'RECORDING_UNREADABLE', message: /line 1 makes no sense/ });
  writeFileSync(file, '');
  await assert.rejects(replay(file), { code: 'RECORDING_UNREADABLE' });
});

test('a cluster whose recording cannot be written does not start', bounded, async () => {
  using folder = newFolder();
  await using cluster = new LocalCluster({ workers: 1, record: join(folder.path, 'nowhere', 'scheduler.log') });

  await assert.rejects(cluster.start(), { code: 'RECORDING_FAILED', message: /nowhere.*ENOENT/ });
});

test('a recording that cannot be written to its end keeps no file open', bounded, async () => {
  const listener = new Listener();
  const cluster = new LocalCluster({ workers: 1, record: '/dev/full', onLog: listener.onLog });

  await cluster.start();
  await cluster.close();

  assert.equal(listener.count(/^what happens to the scheduler cannot be recorded in \/dev\/full: ENOSPC/), 1);
  while (openFiles().includes('/dev/full')) await nextTurn();
});

test('a recording ends where its disk was full, also if there is room again later', bounded, async () => {
  using folder = newFolder();
  const script = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" test/fixtures/recorded-on-full-disk.ts "$1"';
  const args = ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder.path, process.execPath];
  await using program = new Program('unshare', args);

  assert.equal(await program.status(), 0, program.stderr.join('\n'));
  assert.match(program.stdout[0]!, /cannot be recorded in .*scheduler\.log: ENOSPC/);
  assert.deepEqual(program.stdout.slice(1), ['cut: true']);
});

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(join('/proc/self/fd', descriptor));
    } catch {
      // That of the list itself is closed by now.
      return [];
    }
  });
}

async function recorded(folder: string): Promise<string> {
  const record = join(folder, 'scheduler.log');
  await using cluster = new LocalCluster({ workers: 1, record });
  const { state } = await runOn(new DistributedExecutor(() => cluster))(new Flow('short', () => inc.map([1, 2, 3])));
  assert.deepEqual(state.output, [2, 3, 4]);
  return record;
}

function newFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'heddle-recording-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
