import { pack, unpack } from 'msgpackr';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { startModule } from './processes.ts';
import { assertIsNext, ratePerSecond } from './rates.ts';

/** Frames on their way to one process at one time; with one alone it would idle while we read its answer. */
const framesInFlight = 4;

/** Two-way traffic with processes that answer each frame with one. */
export class Echo {
  readonly #sockets: readonly WebSocket[];

  constructor(sockets: readonly WebSocket[]) {
    this.#sockets = sockets;
  }

  /** Sends one number in a frame of its own, and resolves with the answer. */
  async increment(number: number): Promise<number> {
    const [socket] = this.#sockets;
    const answer = once(socket!, 'message') as Promise<[Buffer]>;
    socket!.send(pack([number]));
    const [frame] = await answer;
    return (unpack(frame) as [number])[0];
  }

  /** Sends the numbers from 0 in frames of so many, and gives numbers back per second. */
  async rate(count: number, frameSize: number): Promise<number> {
    const results: number[] = [];
    const startedAt = performance.now();
    const starts = Array.from({ length: count / frameSize }, (_, frame) => frame * frameSize).values();
    await Promise.all(this.#sockets.map((socket) => exchange(socket, starts, { frameSize, results })));
    const rate = ratePerSecond(count, startedAt);
    for (let number = 0; number < count; number++) assertIsNext(number, results[number]);
    return rate;
  }
}

export async function openEcho(
  resources: AsyncDisposableStack,
  processes: number,
  peer: 'ws-server' | 'ws-thread-server' = 'ws-server',
): Promise<Echo> {
  const server = new URL(`../peers/${peer}.ts`, import.meta.url);
  return new Echo(await Promise.all(Array.from({ length: processes }, () => connectTo(resources, server))));
}

/** Starts a module that listens as a process of its own, and connects to the port that it tells. */
export async function connectTo(resources: AsyncDisposableStack, server: URL): Promise<WebSocket> {
  const port = await startModule(resources, server);
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}`, { perMessageDeflate: false });
  resources.defer(() => socket.close());
  await once(socket, 'open');
  return socket;
}

interface Exchange {
  readonly frameSize: number;
  readonly results: number[];
}

/** Takes frames from the common list until it is empty and all answers are there, which come in the frames' order. */
async function exchange(socket: WebSocket, starts: Iterator<number>, { frameSize, results }: Exchange): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const sent: number[] = [];
  const sendNext = () => {
    const { done, value: start } = starts.next();
    if (done === true) return;
    sent.push(start);
    socket.send(pack(Array.from({ length: frameSize }, (_, offset) => start + offset)));
  };
  const receive = (frame: Buffer) => {
    const start = sent.shift()!;
    for (const [offset, result] of (unpack(frame) as number[]).entries()) results[start + offset] = result;
    sendNext();
    if (sent.length === 0) resolve();
  };
  socket.on('message', receive);
  for (let frame = 0; frame < framesInFlight; frame++) sendNext();
  if (sent.length > 0) await promise;
  socket.off('message', receive);
}
