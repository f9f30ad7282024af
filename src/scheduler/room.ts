// Says why nothing that is queued can start now: what occupies the slots, the limits and the resources.

import { formatBytes } from '../lib/byte-size.ts';
import { describeTraits, noTraits, traitArguments, traitOptions, type Traits } from '../lib/placing.ts';
import { plural } from '../lib/plural.ts';
import type { ArrayRecord, Chunk } from './array-record.ts';
import type { Fleet, WorkerRecord } from './fleet.ts';
import type { ArrayId, Attempt, WorkerId } from './events.ts';
import type { Queue } from './queue.ts';

/** What people call the things that are numbers to the core. */
export interface Words {
  array(id: ArrayId): string;
  index(id: ArrayId, index: number): string;
  worker(id: WorkerId): string;
  /** The module that has to be imported before this attempt runs anything, if that goes on. */
  importing?(worker: WorkerId, attempt: Attempt): string | undefined;
  /** How many bytes have come of results that it is sending. */
  arrivingBytes?(worker: WorkerId): number;
  /** How many bytes of what it is sent have not gone. */
  backlogBytes?(worker: WorkerId): number;
  /** Why there is no worker, if that is known. */
  noWorker?(): string | undefined;
}

/** What is less is gone in a moment. */
const muchBytes = 2 ** 20;

/** Why nothing of an array can start now. */
export function roomFor({ fullLimit, queue }: ArrayRecord, fleet: Fleet, words: Words): string {
  if (fleet.plain.isStranded) return room(fleet, words);
  if (queue.isStranded) return describeStranded(queue, fleet, words);
  if (fullLimit !== undefined) {
    const { most, tag } = fullLimit;
    const isTagged = ({ limits }: ArrayRecord) => limits.includes(fullLimit);
    return `as many task runs of tag '${tag}' run as may (${most}): ${occupants(fleet, words, isTagged)}`;
  }
  const needs = describeTraits(queue.needs);
  const unable = queue.excluded.size === 0 ? '' : `${unableOf(queue.excluded, fleet)}, and `;
  if (needs === '') return `${unable}${room(fleet, words)}`;
  return `${unable}no worker has what it needs free (${needs}): ${room(fleet, words)}`;
}

function room(fleet: Fleet, words: Words): string {
  const { workers } = fleet;
  const { slots } = fleet.plain;
  if (workers.size === 0) {
    const why = words.noWorker?.();
    return why === undefined ? 'there is no worker' : `there is no worker: ${why}`;
  }
  if (slots === 0) return `${workers.size === 1 ? 'the only worker is' : 'all workers are'} draining`;
  const serving = [...workers.values()].filter(({ isDraining }) => !isDraining);
  if (serving.every(({ isPaused }) => isPaused)) {
    const who = serving.length === 1 ? 'the only worker is' : 'all workers are';
    return `${who} paused: short of memory, or behind with what was sent`;
  }
  let busy = 0;
  for (const { chunks, isDraining } of workers.values()) if (!isDraining) busy += chunks.size;
  if (busy === 0) return 'every thread is free';
  const held = occupants(fleet, words);
  if (busy < slots) return `${busy} of ${slots} threads are busy with ${held}${keptFree(serving, words)}`;
  const transfer = transferAmong(serving, words);
  const sending = transfer === undefined ? '' : `; ${transfer}`;
  return `${slots === 1 ? 'the only thread is' : `all ${slots} threads are`} busy with ${held}${sending}`;
}

/** Runs count as running from before what they need is there until their results are here. */
export function transferAmong(workers: Iterable<WorkerRecord>, words: Words): string | undefined {
  for (const { id } of workers) {
    const bytes = words.arrivingBytes?.(id) ?? 0;
    if (bytes > 0) return `worker ${words.worker(id)} is sending results, ${arrived(bytes)}`;
    const left = words.backlogBytes?.(id) ?? 0;
    const what = `what it is to run with, of which ${formatBytes(left)} have not gone yet`;
    if (left > muchBytes) return `worker ${words.worker(id)} is being sent ${what}`;
  }
  return undefined;
}

export function arrived(bytes: number): string {
  return `of which ${formatBytes(bytes)} have arrived so far`;
}

/** What is free and yet not given: the rest of a worker for a chunk that runs alone, or what is kept for a queue. */
function keptFree(workers: readonly WorkerRecord[], words: Words): string {
  const keeper = workers.find(({ keptFor }) => keptFor !== undefined);
  const passed = keeper?.keptFor?.listed.peek();
  if (keeper !== undefined && passed !== undefined) {
    const whose = `${words.array(passed.id)}, which needs ${describeTraits(passed.queue.needs)}`;
    return `; what gets free on worker ${words.worker(keeper.id)} is kept for ${whose}`;
  }
  const [worker] = workers.filter(({ lone }) => lone !== undefined);
  if (worker === undefined) return '';
  const whose = words.index(worker.lone!.array.id, worker.lone!.outstanding.first ?? 0);
  const rest = `the rest of worker ${words.worker(worker.id)}`;
  return `; ${rest} is kept free for ${whose}, since a worker was lost that ran it`;
}

/** No worker here can run what needs this: which comes nearest, and what to do. */
export function describeStranded({ needs, excluded }: Queue, fleet: Fleet, words: Words): string {
  const start = `heddle worker URL ${traitArguments(needs).join(' ')}`;
  if (excluded.size > 0) {
    const others = needs === noTraits ? '' : `, and no other has what it needs (${describeTraits(needs)})`;
    const remedy = needs === noTraits ? '' : ` and has that: ${start}`;
    return `no worker here can run it: ${unableOf(excluded, fleet)}${others}. It waits for one that can${remedy}`;
  }
  const shortOf = [...fleet.workers.values()].map((worker) => ({ worker, lacks: lacking(needs, worker) }));
  const [nearest] = shortOf.toSorted((a, b) => a.lacks.length - b.lacks.length);
  const nobody = `it needs ${describeTraits(needs)}, and no worker here has that`;
  const name = nearest && words.worker(nearest.worker.id);
  const who = nearest === undefined ? '' : `; the nearest, ${name}, ${nearest.lacks.join(' and ')}`;
  return `${nobody}${who}. It waits for one that has: ${start}, or new LocalCluster(${traitOptions(needs)})`;
}

function unableOf(excluded: ReadonlySet<WorkerId>, { workers }: Fleet): string {
  const unable = [...workers.keys()].filter((id) => excluded.has(id)).length;
  // Those who were may have left.
  const who = unable === 0 ? 'no worker that is here has what it needs, and one that had' : plural(unable, 'worker');
  return `${who} could not run it (the log says why)`;
}

function lacking({ resources, labels }: Traits, { has, isDraining }: WorkerRecord): string[] {
  const missing = labels.filter((label) => !has.labels.includes(label)).map((label) => `has no label '${label}'`);
  const short = resources.flatMap(({ name, amount }) => {
    const there = has.resources.find((resource) => resource.name === name)?.amount ?? 0;
    if (there >= amount) return [];
    return there === 0 ? [`has no ${name}`] : [`has ${name} ${there}`];
  });
  return [...missing, ...short, ...(isDraining ? ['is draining'] : [])];
}

/** The import that a thread is busy with before it runs anything of the chunk, if it is. */
export function importOf({ array, worker, attempt }: Chunk, words: Words): string | undefined {
  const module = words.importing?.(worker.id, attempt);
  if (module === undefined) return undefined;
  return `the import of ${module} for ${words.array(array.id)}, whose top level has not ended`;
}

/** What occupies the slots, each with how many: those with the most come first. */
function occupants({ workers }: Fleet, words: Words, isMeant: (array: ArrayRecord) => boolean = () => true): string {
  const held = new Map<string, number>();
  for (const { chunks } of workers.values()) {
    for (const chunk of chunks) {
      if (!isMeant(chunk.array)) continue;
      const what = importOf(chunk, words) ?? words.array(chunk.array.id);
      held.set(what, (held.get(what) ?? 0) + 1);
    }
  }
  const most = [...held].toSorted(([, a], [, b]) => b - a);
  const named = most.slice(0, 3).map(([what, count]) => `${what}${held.size > 1 ? ` (${count})` : ''}`);
  const more = most.length > named.length ? [`${most.length - named.length} more`] : [];
  return [...named, ...more].join(', ');
}
