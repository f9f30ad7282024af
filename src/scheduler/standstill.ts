// Says why nothing of a flow run has started or settled for a while.

import { formatDuration } from '../lib/duration.ts';
import type { LogLevel } from '../lib/log-record.ts';
import { plural } from '../lib/plural.ts';
import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import { holding, type Overview, type Telling } from './explain.ts';
import type { Fleet } from './fleet.ts';
import type { ClientPeer } from './peers.ts';
import { arrived, importOf, roomFor, transferAmong } from './room.ts';
import type { Holdings } from './status.ts';

export interface Standstill {
  readonly kind:
    | 'no-worker'
    | 'draining'
    | 'stranded'
    | 'busy'
    | 'waits-for-itself'
    | 'importing'
    | 'arriving'
    | 'alone'
    | 'delayed';
  readonly level: LogLevel;
  readonly message: string;
}

interface Books extends Pick<Holdings, 'core' | 'clients' | 'arrays'> {
  /** What the core knows of the arrays of each client, by its id. */
  readonly records: ReadonlyMap<string, readonly ArrayRecord[]>;
}

/** `undefined` when there is nothing to wait for, or what the run has is simply running. */
export function standstillOf(client: ClientPeer, books: Books, telling: Telling): Standstill | undefined {
  const { core } = books;
  const records = books.records.get(client.id) ?? [];
  const waiting = records.filter(({ queuedCount }) => queuedCount > 0);
  const chunks = records.flatMap((record) => [...record.chunks]);
  // Arrays that no worker here can run come last: the run was told of them when they were queued.
  const first = waiting.find(({ queue }) => !queue.isStranded) ?? waiting[0];
  if (first === undefined) {
    const { arrivingBytes } = client.comm;
    if (arrivingBytes > 0) return arriving(`the flow run is sending what its tasks need, ${arrived(arrivingBytes)}`);
    return chunks.length > 0 ? idling(chunks, core.fleet, telling) : retry(records, telling);
  }
  const { workers, plain } = core.fleet;
  const message = waitingFor(first, waiting, { core, ...telling });
  if (workers.size === 0) return { kind: 'no-worker', level: 'warn', message };
  if (plain.isStranded) return { kind: 'draining', level: 'warn', message };
  if (first.queue.isStranded) return { kind: 'stranded', level: 'info', message };
  const outer = outerOf(client, books);
  if (outer === undefined) return { kind: 'busy', level: 'info', message: `${message}${howToGoFirst(first, books)}` };
  const remedy = `Run it on a cluster of its own or on another executor, or have more threads than such tasks.`;
  const why = `every one of them belongs to flow run '${outer}', of which a task started this run and waits for it`;
  return { kind: 'waits-for-itself', level: 'warn', message: `${message}; ${why}. ${remedy}` };
}

/** What to do for a run that waits until all is begun that others have queued: it may be far shorter than theirs. */
function howToGoFirst(first: ArrayRecord, { core }: Books): string {
  const isBefore = (other: ArrayRecord) =>
    other.client !== first.client && other.queuedCount > 0 && other.queue === first.queue && runsBefore(other, first);
  const before = [...core.arrays.values()].filter(isBefore);
  if (before.length === 0 || first.fullLimit !== undefined) return '';
  const priority = Math.max(...before.map((other) => other.priority)) + 1;
  return `. What other flow runs have queued goes first; to go before it: flow.run({ priority: ${priority} })`;
}

/** Why nothing starts of the arrays that need the same as this one. */
function waitingFor(first: ArrayRecord, waiting: readonly ArrayRecord[], { core, words }: Overview): string {
  const alike = waiting.filter(({ queue }) => queue === first.queue);
  const count = alike.reduce((sum, { queuedCount }) => sum + queuedCount, 0);
  const why = roomFor(first, core.fleet, words);
  if (!first.queue.isStranded || core.fleet.plain.isStranded) {
    return `${plural(count, 'task run could start', 'task runs could start')}, but ${why}`;
  }
  const others = alike.length === 1 ? '' : ' and others';
  return `${plural(count, 'task run waits', 'task runs wait')}, of ${words.array(first.id)}${others}: ${why}`;
}

/** Why nothing settles of what workers have: it waits to run alone, something is on its way, or all import a module. */
function idling(chunks: readonly Chunk[], { held }: Fleet, { words }: Telling): Standstill | undefined {
  const lone = chunks.find((chunk) => held.has(chunk));
  if (lone !== undefined) {
    const which = words.index(lone.array.id, lone.outstanding.first!);
    return { kind: 'alone', level: 'info', message: `${which} ${holding(lone, words)}` };
  }
  const transfer = transferAmong(new Set(chunks.map(({ worker }) => worker)), words);
  if (transfer !== undefined) return arriving(transfer);
  const told = chunks.map((chunk) => importOf(chunk, words));
  // A chunk that runs may end at any time.
  if (!told.every((each) => each !== undefined)) return undefined;
  const remedy = 'What takes long there belongs into a task, or behind if (import.meta.main)';
  return { kind: 'importing', level: 'warn', message: `all that it waits for is ${told[0]!}. ${remedy}` };
}

function arriving(message: string): Standstill {
  return { kind: 'arriving', level: 'info', message };
}

function retry(records: readonly ArrayRecord[], { words, now }: Telling): Standstill | undefined {
  const delayed = records.filter((record) => record.delayed.size > 0);
  const [first] = delayed;
  if (first === undefined) return undefined;
  let next = Infinity;
  for (const record of delayed) for (const until of record.delayed.values()) next = Math.min(next, until);
  const count = delayed.reduce((sum, record) => sum + record.delayed.size, 0);
  const which = `${plural(count, 'task run waits', 'task runs wait')} to be tried again`;
  const message = `${which}, the next in ${formatDuration(Math.max(0, next - now))}: ${words.array(first.id)}`;
  return { kind: 'delayed', level: 'info', message };
}

/** The flow run of the task that started this one, if all threads are busy with runs that this one is inside of. */
function outerOf(client: ClientPeer, { core, clients, arrays }: Books): string | undefined {
  if (client.within === undefined) return undefined;
  const outer = new Set<string>();
  for (let name = client.within as string | undefined; name !== undefined && !outer.has(name);) {
    outer.add(name);
    const inner: string = name;
    name = [...clients.values()].find((other) => other.name === inner)?.within;
  }
  for (const { chunks } of core.fleet.workers.values()) {
    for (const { array } of chunks) {
      const owner = arrays.get(array.id)?.client.name;
      if (owner === undefined || !outer.has(owner)) return undefined;
    }
  }
  return client.within;
}
