// Why does an index not run? Says in one sentence in which phase it is and what it waits for. It only reads, and may be
// slow.

import { formatDuration } from '../lib/duration.ts';
import { plural } from '../lib/plural.ts';
import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { ArrayId, ClientId } from './events.ts';
import type { Fleet } from './fleet.ts';
import { roomFor, type Words } from './room.ts';

export interface Question {
  readonly id: ArrayId;
  readonly record: ArrayRecord | undefined;
  readonly index: number;
}

export interface Telling {
  readonly words: Words;
  readonly now: number;
}

export interface Overview extends Telling {
  readonly core: {
    readonly fleet: Fleet;
    readonly lineup: { readonly pausedClients: ReadonlySet<ClientId> };
  };
}

export const plainWords: Words = {
  array: (id) => `array ${id}`,
  index: (id, index) => `index ${index} of array ${id}`,
  worker: (id) => id,
};

export function explain({ id, record: array, index }: Question, around: Overview): string {
  const { words } = around;
  if (array === undefined)
    return sentence(`${words.array(id)} is not known: it was never submitted, or it is forgotten`);
  if (!(Number.isInteger(index) && index >= 0 && index < array.length)) {
    return sentence(`${words.array(id)} has no index ${index}: its length is ${array.length}`);
  }
  return sentence(`${words.index(id, index)} ${standing(array, index, around)}`);
}

function standing(array: ArrayRecord, index: number, { core, words, now }: Overview): string {
  if (array.crashed.has(index)) return `crashed after ${plural(array.losses.get(index) ?? 0, 'loss', 'losses')}`;
  if (array.settled.has(index)) return 'is settled';
  if (array.waiting.has(index)) return `waits for ${missing(array, index, words)}`;

  const until = array.delayed.get(index);
  if (until !== undefined) return `waits until it is tried again, in ${formatDuration(Math.max(0, until - now))}`;
  for (const chunk of array.chunks) {
    if (!chunk.outstanding.has(index)) continue;
    return core.fleet.held.has(chunk) ? holding(chunk, words) : assignment(chunk, { words, now });
  }
  if (core.lineup.pausedClients.has(array.client)) {
    return 'is queued until its flow run has taken, and the disk has written, what was done before';
  }
  const queue = `${ahead(array, index, core.fleet)}, and ${roomFor(array, core.fleet, words)}`;
  return `is queued behind ${queue}${suspicion(array, index)}`;
}

function assignment({ worker, attempt, since, size, behind }: Chunk, { words, now }: Telling): string {
  const others = size === 1 ? '' : `, with ${plural(size - 1, 'other')}`;
  const ago = formatDuration(now - since);
  const then = behind === undefined ? '' : `, to begin when attempt ${behind.attempt} is over`;
  return `was given to worker ${words.worker(worker.id)} ${ago} ago${others}, as attempt ${attempt}${then}`;
}

/** Why an index that must run alone has not begun. */
const waitsAlone = 'waits for a worker of its own, since a worker was lost that ran it';

/** Why a chunk that must run alone still waits: its worker has others to end first. */
export function holding({ worker }: Chunk, words: Words): string {
  const others = plural(worker.chunks.size - 1, 'other chunk', 'other chunks');
  return `${waitsAlone}: worker ${words.worker(worker.id)} is kept for it, and has ${others} to end first`;
}

function missing(array: ArrayRecord, index: number, words: Words): string {
  const wants: string[] = [];
  for (const { id, settled } of array.elementwise) if (!settled.has(index)) wants.push(words.index(id, index));
  for (const { id, settled, length, isComplete } of array.whole) {
    if (isComplete) continue;
    wants.push(
      length === 1 ? words.index(id, 0) : `all of ${words.array(id)} (${settled.size} of ${length} are settled)`,
    );
  }
  return wants.join(' and ');
}

/** How many indices and arrays run before it. The suspects of an array run before its other indices. */
function ahead(array: ArrayRecord, index: number, { queues }: Fleet): string {
  let arrays = 0;
  for (const { listed } of queues.values()) {
    for (const other of listed) if (other.queuedCount > 0 && runsBefore(other, array)) arrays += 1;
  }
  let indices = 0;
  for (const { start, end } of [...array.suspects, ...array.queued]) {
    const isLast = start <= index && index < end;
    indices += (isLast ? index : end) - start;
    if (isLast) break;
  }
  return `${plural(indices, 'index', 'indices')} of its own array and ${plural(arrays, 'other array', 'other arrays')}`;
}

function suspicion(array: ArrayRecord, index: number): string {
  if (array.suspects.runsAlone(index)) return `; it ${waitsAlone}`;
  const losses = array.losses.get(index);
  if (losses !== undefined) return `; it was lost ${plural(losses, 'time')}`;
  return array.suspects.has(index) ? '; it was in a chunk that was lost with its worker' : '';
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
