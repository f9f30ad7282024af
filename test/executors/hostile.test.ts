// Thousands of hostile frames through real sockets, at a scheduler, workers and clients that go on with their work.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { WebSocket, WebSocketServer } from 'ws';
import { connect, listen } from '../../src/comm/ws.ts';
import { openSession } from '../../src/executors/scheduler-session.ts';
import { version } from '../../src/lib/version.ts';
import { decodeFromPeer, decodeToClient, decodeToWorker, encodeMessages } from '../../src/protocol/codec.ts';
import { protocolVersion, type Message } from '../../src/protocol/messages.ts';
import type { FromPeer, FromWorker, ToPeer, ToWorker } from '../../src/protocol/messages.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { join } from '../../src/worker/join.ts';
import { ThreadPool } from '../../src/worker/thread-pool.ts';
import { hostileFrame } from '../comm/hostile-frames.ts';
import { fromClient, fromWorker, toClient, toWorker } from '../protocol/arbitraries.ts';
import { connect as connectHere, settled, submission } from '../scheduler/peers.ts';

const bounded = { timeout: 120_000 };
const seed = Number(process.env['HEDDLE_FUZZ_SEED'] ?? 1);
const token = 'open-sesame';

for (const [role, messages] of [
  ['worker', fromWorker()],
  ['client', fromClient()],
] as const) {
  test(
    `a scheduler survives what hostile ${role}s send, says why it hangs up, and works for others`,
    bounded,
    async () => {
      await using scheduler = new Scheduler({});
      const onConnection = scheduler.accept.bind(scheduler);
      await using listener = await listen<FromPeer, ToPeer>({ port: 0, token, decode: decodeFromPeer, onConnection });
      const closings: string[] = [];

      for (const frames of rows(messages, { connections: 300, framesEach: 8 })) {
        const socket = new WebSocket(listener.url, { headers: { authorization: `Bearer ${token}` } });
        await once(socket, 'open');
        const self = { role, protocol: protocolVersion, heddle: version, node: '', name: 'eve', threads: 1 } as const;
        socket.send(encodeMessages([{ type: 'hello', ...self }]));
        closings.push(await fed(socket, frames));
      }

      const reasons = closings.filter((closing) => closing !== 'open');
      assert.ok(reasons.length > 100, `${reasons.length} were closed`);
      assert.ok(
        reasons.every((reason) => /^100[029] ./.test(reason)),
        reasons.join('\n'),
      );
      const worker = connectHere(scheduler, { role: 'worker', threads: 1 });
      const client = connectHere(scheduler, { role: 'client' });
      await client.next('welcome');
      client.send({ type: 'submit', arrays: [submission({ array: 1, length: 1 })] });
      const { attempt } = await worker.next('run');
      worker.send(settled(attempt, 0), { type: 'ended', attempt });
      assert.equal((await client.next('settled')).array, 1);
      assert.deepEqual(
        [scheduler.lookout.status.workers.length, scheduler.lookout.status.flowRuns.length],
        [1, 1],
        'none of them is left',
      );
    },
  );
}

test('a worker survives what a hostile scheduler sends, and leaves it', bounded, async () => {
  await using enemy = await Enemy.listening();

  for (const frames of rows(toWorker(), { connections: 30, framesEach: 60 })) {
    const pool = new ThreadPool({ threads: 1, memoryLimitMb: undefined });
    const comm = await connect<ToWorker, FromWorker>({ url: enemy.url, token, decode: decodeToWorker });
    const joining = join(comm, pool, { name: 'ada' });
    const fedAll = enemy.feeds(frames);
    await using worker = await joining;
    await fedAll;

    assert.equal(typeof (await worker.closed), 'string');
  }
});

test('a client survives what a hostile scheduler sends, and says that it is lost', bounded, async () => {
  await using enemy = await Enemy.listening();

  for (const frames of rows(toClient(), { connections: 100, framesEach: 20 })) {
    const lost = Promise.withResolvers<Error>();
    const listener = { log: () => {}, workers: () => {}, lost: lost.resolve };
    const comm = await connect<never, never>({ url: enemy.url, token, decode: decodeToClient as never });
    const options = { name: 'ada', importsModules: true, takesCaptures: false, sharesMemory: false, owned: [] };
    const opening = openSession(comm, listener, options);
    const fedAll = enemy.feeds(frames);
    await using _session = await opening;
    await fedAll;

    assert.ok((await lost.promise) instanceof Error);
  }
});

/** Frames for so many connections, of which a few are fine. */
function rows(
  messages: fc.Arbitrary<Message>,
  { connections, framesEach }: { connections: number; framesEach: number },
): Uint8Array[][] {
  // A second hello ends it at once.
  const good = messages.filter(({ type }) => type !== 'hello').map((message) => encodeMessages([message]));
  const frame = fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: hostileFrame(messages, seed) });
  const row = fc.array(frame, { minLength: framesEach, maxLength: framesEach });
  return fc.sample(row, { numRuns: connections, seed });
}

/** Sends it all, waits until it was read, and says how the other end closed, or that it is still `open`. */
async function fed(socket: WebSocket, frames: readonly Uint8Array[]): Promise<string> {
  const closed = new Promise<string>((resolve) => {
    socket.once('close', (code, reason) => resolve(`${code} ${reason.toString()}`));
  });
  socket.on('error', () => {});
  for (const frame of frames) socket.send(frame);
  const read = new Promise<'open'>((resolve) => socket.once('pong', () => resolve('open')));
  socket.ping();
  const outcome = await Promise.race([closed, read]);
  socket.close();
  await closed;
  return outcome;
}

/** Plays a scheduler up to its welcome. */
class Enemy implements AsyncDisposable {
  readonly url: string;
  readonly #server: WebSocketServer;

  static async listening(): Promise<Enemy> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'heddle' });
    await once(server, 'listening');
    return new Enemy(server);
  }

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Welcomes the one that is connected, sends it these, and hangs up if it has not. */
  async feeds(frames: readonly Uint8Array[]): Promise<string> {
    const [socket] = this.#server.clients;
    await once(socket!, 'message');
    socket!.send(encodeMessages([{ type: 'welcome', name: 'ada', heartbeatTimeoutMs: 60_000 }]));
    return await fed(socket!, frames);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}
