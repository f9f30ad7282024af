// Why does it not run? Where one index stands and what it waits for, in a sentence. It only reads, and may walk far.

import { runsBefore, type ArrayRecord } from './array-record.ts';
import type { ArrayId } from './events.ts';
import type { Fleet } from './fleet.ts';

export interface Question {
  readonly id: ArrayId;
  readonly record: ArrayRecord | undefined;
  readonly index: number;
}

export interface Surroundings {
  listed(): Iterable<ArrayRecord>;
  readonly fleet: Fleet;
}

export function explain({ id, record: array, index }: Question, around: Surroundings): string {
  if (array === undefined) return `Array ${id} is not known: it was never submitted, or it is forgotten.`;
  if (!(Number.isInteger(index) && index >= 0 && index < array.length)) {
    return `Array ${id} has no index ${index}: its length is ${array.length}.`;
  }
  const who = `Index ${index} of array ${id}`;
  if (array.crashed.has(index))
    return `${who} crashed after ${plural(array.losses.get(index) ?? 0, 'loss', 'losses')}.`;
  if (array.settled.has(index)) return `${who} is settled.`;
  if (array.waiting.has(index)) return `${who} waits for ${missing(array, index)}.`;

  const until = array.delayed.get(index);
  if (until !== undefined) return `${who} is delayed until ${until}.`;
  for (const { worker, attempt, outstanding } of array.chunks) {
    if (outstanding.has(index)) return `${who} is assigned to worker ${worker.id} as attempt ${attempt}.`;
  }
  const queue = `${ahead(array, index, around.listed())}, ${room(around.fleet)}`;
  return `${who} is queued behind ${queue}${suspicion(array, index)}.`;
}

function missing(array: ArrayRecord, index: number): string {
  const wants: string[] = [];
  for (const { id, settled } of array.elementwise) if (!settled.has(index)) wants.push(`index ${index} of array ${id}`);
  for (const { id, settled, length, isComplete } of array.whole) {
    if (!isComplete) wants.push(`the whole of array ${id} (${settled.size} of ${length} are settled)`);
  }
  return wants.join(' and ');
}

/** What runs before it. Its suspects run before the rest of an array. */
function ahead(array: ArrayRecord, index: number, listed: Iterable<ArrayRecord>): string {
  let arrays = 0;
  for (const other of listed) if (other.queuedCount > 0 && runsBefore(other, array)) arrays += 1;
  const isSuspect = array.suspects.has(index);
  let indices = isSuspect ? 0 : array.suspects.size;
  for (const { start, end } of isSuspect ? array.suspects : array.queued) {
    if (start < index) indices += Math.min(end, index) - start;
  }
  return `${plural(indices, 'index', 'indices')} of its own array and ${plural(arrays, 'other array', 'other arrays')}`;
}

function room({ slots, workers }: Fleet): string {
  if (workers.size === 0) return 'and there is no worker';
  if (slots === 0) return `and ${workers.size === 1 ? 'the only worker is' : 'all workers are'} draining`;
  return `and ${slots === 1 ? 'the only slot is' : `all ${slots} slots are`} taken`;
}

function suspicion(array: ArrayRecord, index: number): string {
  const losses = array.losses.get(index);
  if (losses !== undefined) return `; it was lost ${plural(losses, 'time', 'times')}`;
  return array.suspects.has(index) ? '; it was in a chunk that was lost with its worker' : '';
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
