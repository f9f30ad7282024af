// What a piscina thread runs: one chunk at a time, reported over one port in order, so that a log line never arrives
// after the outcome that it came before.

import { parentPort } from 'node:worker_threads';
import { importOnlyForTasks } from '../src/code/load.ts';
import { runChunk } from '../src/engine/chunk-runner.ts';
import { closeResource } from '../src/engine/resources.ts';
import { attach, attachmentsOf, type Attachments, type PostedChunk } from '../src/lib/attachments.ts';
import type { ChunkMessage } from '../src/lib/chunk.ts';

importOnlyForTasks();
const none: Attachments = new Map();
/** Ours, whatever a task may do to the port that it can reach too. */
const post = parentPort!.postMessage.bind(parentPort);

// Reports have no other road: a thread without it shall die and be replaced, rather than leave everybody waiting.
parentPort?.once('close', () => {
  throw new Error('its parentPort was closed, which only Heddle may do');
});

export default async function runInThread(posted: PostedChunk | { readonly closing: string }): Promise<void> {
  if ('closing' in posted) return await closeInThread(posted.closing);
  const { attachments, ...task } = posted;
  const { attempt } = task;
  // What was posted was copied for this thread, or is shared.
  for (const [bytes, attached] of attachments) attach(bytes, attached, { isForKeeps: true });
  await runChunk(task, (message) => {
    const attached = message.type === 'settled' ? attachmentsOf(message.bytes)?.attachments : undefined;
    post({ attempt, message, ...(attached && { attached }) }, [...ownedBy(message), ...movable(attached)]);
  });
  post({ attempt, message: { type: 'ended' } });
}

async function closeInThread(closing: string): Promise<void> {
  await closeResource(closing, (message) => post({ closing, message }));
  post({ closing, message: { type: 'ended' } });
}

function movable(attached: Attachments = none): ArrayBuffer[] {
  return [...attached.values()].filter((memory) => memory instanceof ArrayBuffer);
}

/** Bytes that were made for this message alone move to the other thread without a copy. */
function ownedBy(message: ChunkMessage): ArrayBuffer[] {
  if (message.type !== 'settled' || message.bytes.byteLength !== message.bytes.buffer.byteLength) return [];
  return [message.bytes.buffer as ArrayBuffer];
}
