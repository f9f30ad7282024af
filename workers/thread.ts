// What a piscina thread runs: one chunk at a time, reported over one port in order, so that a log line never arrives
// after the outcome that it came before.

import { parentPort } from 'node:worker_threads';
import { importOnlyForTasks } from '../src/code/load.ts';
import { runChunk } from '../src/engine/chunk-runner.ts';
import { closeResource } from '../src/engine/resources.ts';
import type { ChunkMessage, ChunkTask } from '../src/lib/chunk.ts';

importOnlyForTasks();
/** Ours, whatever a task may do to the port that it can reach too. */
const post = parentPort!.postMessage.bind(parentPort);

// Reports have no other road: a thread without it shall die and be replaced, rather than leave everybody waiting.
parentPort?.once('close', () => {
  throw new Error('its parentPort was closed, which only Heddle may do');
});

export default async function runInThread(task: ChunkTask | { readonly closing: string }): Promise<void> {
  if ('closing' in task) return await closeInThread(task.closing);
  const { attempt } = task;
  await runChunk(task, (message) => post({ attempt, message }, ownedBy(message)));
  post({ attempt, message: { type: 'ended' } });
}

async function closeInThread(closing: string): Promise<void> {
  await closeResource(closing, (message) => post({ closing, message }));
  post({ closing, message: { type: 'ended' } });
}

/** Bytes that were made for this message alone move to the other thread without a copy. */
function ownedBy(message: ChunkMessage): ArrayBuffer[] {
  if (message.type !== 'settled' || message.bytes.byteLength !== message.bytes.buffer.byteLength) return [];
  return [message.bytes.buffer as ArrayBuffer];
}
