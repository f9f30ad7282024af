import threads from 'node:worker_threads';
import { types } from 'node:util';
import { processWide } from '../lib/process-wide.ts';

/** Memory that its author wants no more. */
const givenUp = processWide('given-up', () => new WeakSet<ArrayBuffer>());

/**
 * Gives up the memory of a value that a task is about to return: that of a typed array, or of those in a plain object
 * or array. On threads of the flow's process it moves there without a copy; elsewhere it is simply sent. On every
 * executor it is gone for the task once the value is returned: its length is 0 then. Returns the value.
 */
export function transfer<T>(value: T): T {
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  for (const next of open) {
    if (typeof next !== 'object' || next === null || types.isProxy(next) || seen.has(next)) continue;
    seen.add(next);
    if (ArrayBuffer.isView(next)) give(next.buffer);
    else if (types.isAnyArrayBuffer(next)) give(next);
    else for (const member of Object.values(next)) open.push(member);
  }
  return value;
}

/** Node's own pools of small Buffers stay where they are. */
function give(memory: ArrayBufferLike): void {
  if (types.isArrayBuffer(memory) && !threads.isMarkedAsUntransferable(memory)) givenUp.add(memory);
}

export function isGivenUp(memory: ArrayBufferLike): memory is ArrayBuffer {
  return types.isArrayBuffer(memory) && givenUp.has(memory);
}
