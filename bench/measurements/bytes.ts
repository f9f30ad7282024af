import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import { Flow } from 'heddle';
import type { DistributedExecutor } from 'heddle/executors';
import { connectTo } from '../lib/echo.ts';
import { onProcesses, onThreads, runQuietly } from '../lib/heddle.ts';
import type { Contender, Measurement, Round } from '../lib/measurement.ts';
import { giveBack } from '../tasks/bytes.ts';

const workers = 2;
const count = 64;
const megabytes = 8;

/** Sends bytes there, and resolves with what comes back. */
type Send = (bytes: Uint8Array) => Promise<Uint8Array>;

const onHeddle = {
  'heddle, threads': onThreads,
  'heddle, WebSocket': onProcesses,
};

const contenders: readonly Contender[] = [
  ...Object.entries(onHeddle).map(([name, start]): Contender => {
    return { name, open: async (resources) => openFlow(await start(resources, workers)) };
  }),
  ...Object.entries({ postMessage: openThread, ws: openSocket }).flatMap(([name, open]): Contender[] => [
    { name, open: (resources) => openByHand(resources, open) },
    { name: `${name}, of copies`, open: (resources) => openByHand(resources, open, { copiesFirst: true }) },
  ]),
];

export const bytes: Measurement = {
  name: 'bytes',
  title:
    `${count} arrays of ${megabytes} MB to ${workers} workers and back, until all are in hand; megabytes a second each ` +
    'way. By postMessage they are copied on the way there, since they are still wanted here, and move back. Of copies: ' +
    'all are copied before the first one leaves, as is done for a flow run, which is not to see what changes later.',
  unit: 'MB/s',
  mostRounds: 5,
  warmUpRounds: 1,
  contenders,
  ratios: [
    ['heddle, threads', 'postMessage', { atLeast: 0.8 }],
    ['heddle, threads', 'postMessage, of copies'],
    ['postMessage, of copies', 'postMessage'],
    ['heddle, WebSocket', 'ws', { atLeast: 0.8 }],
    ['heddle, WebSocket', 'ws, of copies'],
    ['ws, of copies', 'ws'],
  ],
};

function openFlow(executor: DistributedExecutor): Round {
  const given = makeArrays();
  const flow = new Flow('bytes', { executor }, () => ({ back: giveBack.map(given) }));
  return () => rateOf(async () => (await runQuietly(flow)).output.back);
}

/** As many lanes as workers, each sending the next array when its last one is back, and one ahead. */
async function openByHand(
  resources: AsyncDisposableStack,
  open: (resources: AsyncDisposableStack) => Promise<Send>,
  { copiesFirst = false } = {},
): Promise<Round> {
  const given = makeArrays();
  const sends = await Promise.all(Array.from({ length: workers }, () => open(resources)));
  return () =>
    rateOf(async () => {
      const sent = copiesFirst ? given.map((bytes) => bytes.slice()) : given;
      const back: Uint8Array[] = [];
      let next = 0;
      const lane = async (send: Send) => {
        while (next < count) {
          const index = next++;
          back[index] = await send(sent[index]!);
        }
      };
      await Promise.all([...sends, ...sends].map(lane));
      return back;
    });
}

async function openThread(resources: AsyncDisposableStack): Promise<Send> {
  const thread = new Thread(new URL('../peers/bytes-thread.ts', import.meta.url));
  resources.defer(async () => {
    await thread.terminate();
  });
  await once(thread, 'online');
  const waiting: ((bytes: Uint8Array) => void)[] = [];
  thread.on('message', (bytes: Uint8Array) => waiting.shift()?.(bytes));
  return (bytes) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    waiting.push(resolve);
    thread.postMessage(bytes);
    return promise;
  };
}

async function openSocket(resources: AsyncDisposableStack): Promise<Send> {
  const socket = await connectTo(resources, new URL('../peers/ws-bytes.ts', import.meta.url));
  const waiting: ((bytes: Uint8Array) => void)[] = [];
  socket.on('message', (bytes: Buffer) => waiting.shift()?.(bytes));
  return (bytes) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    waiting.push(resolve);
    socket.send(bytes);
    return promise;
  };
}

function makeArrays(): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new Uint8Array(megabytes * 1024 * 1024).fill(index));
}

async function rateOf(work: () => Promise<readonly Uint8Array[]>): Promise<number> {
  const startedAt = performance.now();
  const back = await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const [index, each] of back.entries()) {
    if (each.length === megabytes * 1024 * 1024 && each.at(-1) === index) continue;
    throw new Error(`array ${index} came back as ${each.length} bytes that end with ${each.at(-1)}`);
  }
  return (count * megabytes) / seconds;
}
