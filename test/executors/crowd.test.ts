// Many at once at one scheduler: flow runs of one program, and ten thousand who only knock.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor } from 'heddle/executors';
import { newDiary, note, untilNoted } from '../fixtures/diary.ts';
import { waitForLine } from '../fixtures/failing.ts';
import { inc } from '../fixtures/tasks.ts';
import { CommandProcess, joinedWorker } from './worker-process.ts';

const token = 'selvedge';
const knocks = 10_000;
/** So many crowds in a row leave no more behind than so many bytes; each connection kept would be a kilobyte. */
const fewCrowds = 5;
const leftBytes = 10_000_000;
/** By then at the latest. */
const mostCrowds = 20;
const bounded = { timeout: 120_000 };

test('a program that starts hundreds of flow runs at once at a scheduler has all of them let in', bounded, async () => {
  await using scheduler = new CommandProcess(['scheduler', '--listen', '0'], token);
  await scheduler.said(/listening at/);
  const url = /ws:\/\/\S+?:\d+/.exec(scheduler.lines.join('\n'))![0];
  await using _worker = await joinedWorker({ url, token, name: 'ada' });
  const flow = new Flow('one of many', () => inc(1));

  const started = Array.from({ length: 400 }, () => {
    return flow.run({ executor: new DistributedExecutor(url, { token }), onLog: () => {} });
  });

  for (const { output } of await Promise.all(started)) assert.equal(output, 2);
});

test(
  'ten thousand connections are attempted again and again while a flow runs: it finishes, the limits are told',
  bounded,
  async () => {
    await using scheduler = new CommandProcess(['scheduler', '--listen', '0'], token);
    await scheduler.said(/listening at/);
    const url = /ws:\/\/\S+?:\d+/.exec(scheduler.lines.join('\n'))![0];
    const port = Number(new URL(url).port);
    await using _worker = await joinedWorker({ url, token, name: 'ada' });
    using diary = newDiary();
    const flow = new Flow('counts', () => {
      const began = waitForLine(diary.path, 'go');
      return { counts: inc.map(Array.from({ length: 1_000 }, (_, i) => i)).setUpstream(began) };
    });
    const running = flow.run({ executor: new DistributedExecutor(url, { token }), onLog: () => {} });
    await untilNoted(diary.path, 'waiting');

    await using crowds = new AsyncDisposableStack();
    // Its heap grows for a while. What is kept of each crowd would let it grow for ever.
    const sizes: number[] = [];
    const grown = () => (sizes.at(-1) ?? Infinity) - (sizes.at(-1 - fewCrowds) ?? 0);
    while (sizes.length < mostCrowds && grown() > leftBytes) {
      crowds.use(await knock(port));
      sizes.push(residentBytes(scheduler));
    }
    note(diary.path, 'go');
    const { output } = await running;

    assert.equal(output.counts.at(-1), 1_000);
    assert.ok(grown() <= leftBytes, `after each crowd it held so many bytes: ${sizes.join(', ')}`);
    scheduler.kill('SIGTERM');
    await scheduler.exited();
    const told = scheduler.lines.filter((line) => /refused/.test(line));
    assert.match(
      told.join('\n'),
      /refused a connection from 127\.0\.0\.\d+: 128 of its address have not introduced them/,
    );
    assert.match(told.join('\n'), /refused a connection from 127\.0\.0\.\d+: 512 have not introduced themselves yet/);
    const counted = told.map((line) => Number(/refused (\d+) more/.exec(line)?.[1] ?? 1)).reduce((a, b) => a + b, 0);
    assert.ok(counted > sizes.length * (knocks - 1_000), `${counted} refusals were told`);
    assert.ok(told.length < 100, `in ${told.length} lines`);
  },
);

/** Knocks ten thousand times from ten addresses, half of it from one, and says nothing. Resolves when it is plain who was let in. */
async function knock(port: number): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const places = Array.from({ length: knocks }, (_, i) => i).values();
  const knockInTurn = async () => {
    for (const place of places) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: addressOf(place) });
      sockets.add(socket);
      const answered = new Promise<void>((resolve) => {
        socket.once('close', resolve).once('error', () => {});
        // Who is refused is so at once: an answer to this comes only from who lets us in.
        socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n'));
        socket.once('drain', resolve).setTimeout(200, resolve);
      });
      await answered;
      if (socket.destroyed) sockets.delete(socket);
    }
  };
  await Promise.all(Array.from({ length: 200 }, knockInTurn));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function addressOf(place: number): string {
  return place % 2 === 0 ? '127.0.0.2' : `127.0.0.${3 + (place % 9)}`;
}

function residentBytes({ pid }: CommandProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
}
