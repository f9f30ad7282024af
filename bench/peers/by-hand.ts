// The least that a task run on a thread can be: its plan, its value there and back as bytes, and two lines of the log,
// in one message each way, by waits that stay awake as ours do. No scheduler, states, retries, checks or errors. Over a
// socket there is no more than that in a frame.

import { pack, unpack } from 'msgpackr';
import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import { Vigil } from '../../src/lib/vigil.ts';
import { connectTo } from '../lib/echo.ts';
import type { Increment } from './pools.ts';

export interface Line {
  readonly time: number;
  readonly level: 'info';
  readonly message: string;
  readonly task: string;
}

export type Order = readonly [plan: string, value: string];
export type Answer = readonly [value: string, ...lines: Line[]];

/** About as much as ours says of a task: where it is, under which rules, in which run. */
const common = {
  flow: 'single',
  flowRunId: 'V1StGXR8_Z5jdHi6B-myT',
  parameters: {},
  logLevel: 'info',
  reference: {
    name: 'inc',
    ordinal: 0,
    module: 'file:///srv/flows/inc.ts',
    path: 'inc.ts',
    fingerprint: 'Uakgb_J5m9g',
  },
  retries: 0,
  timeoutMs: null,
  trigger: { name: 'allSuccessful' },
};

/** On a thread of this process. */
export async function openByHand(resources: AsyncDisposableStack, heard: (line: Line) => void): Promise<Increment> {
  const thread = new Thread(new URL('by-hand-thread.ts', import.meta.url));
  resources.defer(async () => {
    await thread.terminate();
  });
  await once(thread, 'online');
  const vigil = new Vigil();
  const { increment, take } = asking((order) => {
    thread.postMessage(order);
    vigil.begin();
  }, heard);
  thread.on('message', (answer: Answer) => {
    vigil.end();
    take(answer);
  });
  return increment;
}

/** On a thread of another process, by way of a socket. */
export async function openByHandOverSocket(
  resources: AsyncDisposableStack,
  heard: (line: Line) => void,
): Promise<Increment> {
  const socket = await connectTo(resources, new URL('by-hand-server.ts', import.meta.url));
  const { increment, take } = asking((order) => socket.send(pack(order)), heard);
  socket.on('message', (frame: Buffer) => take(unpack(frame) as Answer));
  return increment;
}

/** Asks for one number at a time; `take` is to be called with each answer. */
function asking(
  send: (order: Order) => void,
  heard: (line: Line) => void,
): { readonly increment: Increment; readonly take: (answer: Answer) => void } {
  let take: (answer: Answer) => void;
  const increment = async (value: number) => {
    const answer = new Promise<Answer>((resolve) => (take = resolve));
    const plan = JSON.stringify({ ...common, name: `inc-${value}`, args: [{ type: 'constant', constant: 0 }] });
    send([plan, textOf(value)]);
    const [result, ...lines] = await answer;
    for (const line of lines) heard({ ...line, task: `${common.flow}/${line.task}` });
    return numberIn(result);
  };
  return { increment, take: (answer) => take(answer) };
}

export function textOf(value: number): string {
  return Buffer.from(Float64Array.of(value).buffer).toString('latin1');
}

export function numberIn(text: string): number {
  return new Float64Array(new Uint8Array(Buffer.from(text, 'latin1')).buffer)[0]!;
}
