// The workers: what each has, what of it is free, which of them can take a chunk of which queue, and which have been
// silent for too long.

import assert from 'node:assert/strict';
import { Heap } from '../lib/heap.ts';
import { noTraits, type Traits } from '../lib/placing.ts';
import type { Chunk } from './array-record.ts';
import type { ArrayId, Event, WorkerId } from './events.ts';
import { FewChunks } from './few-chunks.ts';
import { keyOf, Queue, unitsOf } from './queue.ts';
import { alone } from './suspects.ts';
import type { Place } from './turns.ts';

export interface WorkerRecord {
  readonly id: WorkerId;
  readonly threads: number;
  readonly has: Traits;
  /** How much it has of each resource. */
  readonly units: ReadonlyMap<string, number>;
  /** How much of that is free. */
  readonly free: Map<string, number>;
  /** One for each busy thread. A cancelled one keeps its thread busy until it has ended. */
  readonly chunks: FewChunks;
  /** A chunk that must run alone: while there is one, the worker gets no others. */
  lone: Chunk | undefined;
  /** The queue for which free resources are kept: other queues get none of those that it needs. */
  keptFor: Queue | undefined;
  isDraining: boolean;
  /** It gets no chunks for now. */
  isPaused: boolean;
  lastSeen: number;
  /** How long a thread of it waits between two chunks, if known: for the news to get here, and the next one there. */
  gapMs: number | undefined;
  /** The array that it has settled something of last. */
  lastArray: ArrayId | undefined;
  /** Its place among the open workers of the plain queue, while it can take a chunk. */
  openPlace: Place<WorkerRecord> | undefined;
}

/** No way takes longer: what does is the transfer of much. */
const mostGapMs = 1_000;

export const nobody: ReadonlySet<WorkerId> = new Set();

export class Fleet {
  readonly workers = new Map<WorkerId, WorkerRecord>();
  /** One for each set of needs that arrays have, and of workers that are unable to run them. The plain one stays. */
  readonly queues = new Map<string, Queue>();
  /** Chunks that have a slot and are not dispatched: each must run alone, and its worker still runs others. */
  readonly held = new Set<Chunk>();
  /** The queues for which free resources are kept, each on one worker: see `Keeping`. */
  readonly keepers = new Map<Queue, WorkerRecord>();
  /** The worker that has just run empty. Its thread is awake; waking another one takes longer than many tasks do. */
  awake: WorkerRecord | undefined;

  /** The queue of arrays that need nothing. */
  readonly plain: Queue;
  readonly #heartbeatTimeoutMs: number;
  /** Each worker once, by the earliest time at which it can have been silent for too long; some have left. */
  readonly #watched = new Heap<{ worker: WorkerRecord; until: number }>((a, b) => a.until < b.until);
  #lastTick = -Infinity;
  /** Silence counts from here at the earliest. */
  #forgivenAt = -Infinity;

  constructor(heartbeatTimeoutMs: number) {
    this.#heartbeatTimeoutMs = heartbeatTimeoutMs;
    this.plain = this.#addQueue(noTraits, nobody);
  }

  join({ worker: id, threads, has = noTraits }: Joined, now: number): void {
    assert(!this.workers.has(id), `${id} joined twice`);
    const units = new Map(has.resources.map(({ name, amount }) => [name, unitsOf(amount)]));
    const worker: WorkerRecord = {
      id,
      threads,
      has,
      units,
      free: new Map(units),
      chunks: new FewChunks(),
      lone: undefined,
      keptFor: undefined,
      isDraining: false,
      isPaused: false,
      lastSeen: now,
      gapMs: undefined,
      lastArray: undefined,
      openPlace: undefined,
    };
    this.workers.set(id, worker);
    for (const queue of this.queues.values()) queue.slots += queue.slotsOf(worker);
    this.#reopen(worker);
    this.#watched.push({ worker, until: now + this.#heartbeatTimeoutMs });
  }

  drain(worker: WorkerRecord): void {
    if (worker.isDraining) return;
    if (worker.keptFor !== undefined) this.keepNothingFor(worker.keptFor);
    worker.isDraining = true;
    for (const queue of this.queues.values()) {
      queue.slots -= queue.slotsOf(worker);
      queue.open.delete(worker);
    }
  }

  /** Its slots still count, since a pause is short. */
  pause(worker: WorkerRecord): void {
    if (worker.keptFor !== undefined) this.keepNothingFor(worker.keptFor);
    worker.isPaused = true;
    for (const queue of this.queues.values()) queue.open.delete(worker);
  }

  resume(worker: WorkerRecord): void {
    worker.isPaused = false;
    this.#reopen(worker);
  }

  leave(worker: WorkerRecord): void {
    this.drain(worker);
    this.workers.delete(worker.id);
  }

  /** The queue for an array that is new, or that some workers are unable to run. */
  queueFor(needs: Traits, excluded = nobody): Queue {
    // Most arrays need nothing: to make a key for each takes a sixth of what the core does about it.
    const isPlain = needs === noTraits && excluded.size === 0;
    const queue = isPlain ? this.plain : (this.queues.get(keyOf(needs, excluded)) ?? this.#addQueue(needs, excluded));
    queue.arrays += 1;
    return queue;
  }

  /** To be called when an array of this queue is forgotten, or goes to another queue. */
  leaveQueue(queue: Queue): void {
    queue.arrays -= 1;
    if (queue.arrays > 0 || queue === this.plain) return;
    this.keepNothingFor(queue);
    this.queues.delete(queue.key);
  }

  /** From here on, what the queue needs of this worker is given to no other queue. */
  keepFor(queue: Queue, worker: WorkerRecord): void {
    worker.keptFor = queue;
    this.keepers.set(queue, worker);
    for (const other of this.queues.values()) if (other.roomOn(worker) === 0) other.open.delete(worker);
  }

  keepNothingFor(queue: Queue): void {
    const keeper = this.keepers.get(queue);
    if (keeper === undefined) return;
    this.keepers.delete(queue);
    keeper.keptFor = undefined;
    this.#reopen(keeper);
  }

  /**
   * Which worker gets the next chunk of a queue, of those that can take it: the one that has just run empty, unless
   * it could also take what waits in another queue, which other workers perhaps cannot. Otherwise they take turns.
   */
  nextFor(queue: Queue): WorkerRecord {
    const { awake } = this;
    if (awake?.chunks.size !== 0 || !queue.open.has(awake)) return queue.open.first!;
    const isWanted = (other: Queue) => other !== queue && other.listed.size > 0 && other.open.has(awake);
    return this.queues.values().some(isWanted) ? queue.open.first! : awake;
  }

  occupy(chunk: Chunk): void {
    const { worker, array, lanes } = chunk;
    if (chunk.limit === alone) {
      worker.lone = chunk;
      if (worker.chunks.size > 0) this.held.add(chunk);
    }
    worker.chunks.add(chunk);
    array.queue.take(worker, lanes);
    // To the back of every line.
    for (const queue of this.queues.values()) queue.open.delete(worker);
    this.#reopen(worker);
  }

  vacate(chunk: Chunk): void {
    const { worker, array, lanes } = chunk;
    worker.chunks.delete(chunk);
    if (worker.lone === chunk) {
      worker.lone = undefined;
      this.held.delete(chunk);
    }
    array.queue.take(worker, -lanes);
    this.#reopen(worker);
  }

  /** The chunk that the worker holds, if all its others have ended: it is to be dispatched now. */
  release({ lone, chunks }: WorkerRecord, now: number): Chunk | undefined {
    if (lone === undefined || chunks.size > 1 || !this.held.delete(lone)) return undefined;
    lone.since = now;
    return lone;
  }

  /**
   * Removes and returns the workers that were silent for too long. A late tick says that we slept, not that they died:
   * what they sent meanwhile may still be unread, so their silence counts anew.
   */
  tick(now: number): readonly WorkerRecord[] {
    if (now - this.#lastTick > this.#heartbeatTimeoutMs / 2) this.#forgivenAt = now;
    this.#lastTick = now;
    const silent: WorkerRecord[] = [];
    for (let next = this.#watched.peek(); next && next.until < now; next = this.#watched.peek()) {
      this.#watched.pop();
      const { worker } = next;
      if (this.workers.get(worker.id) !== worker) continue;
      const until = Math.max(worker.lastSeen, this.#forgivenAt) + this.#heartbeatTimeoutMs;
      if (until < now) silent.push(worker);
      else this.#watched.push({ worker, until });
    }
    // All at once: a worker that is lost as well must not count as one that is there.
    for (const worker of silent) this.leave(worker);
    return silent;
  }

  #reopen(worker: WorkerRecord): void {
    for (const queue of this.queues.values()) if (queue.roomOn(worker) > 0) queue.open.add(worker);
  }

  #addQueue(needs: Traits, excluded: ReadonlySet<WorkerId>): Queue {
    const queue = new Queue(needs, excluded);
    this.queues.set(queue.key, queue);
    for (const worker of this.workers.values()) {
      if (!worker.isDraining) queue.slots += queue.slotsOf(worker);
      if (queue.roomOn(worker) > 0) queue.open.add(worker);
    }
    return queue;
  }
}

/** Of the workers that can take a chunk of the queue now, the one with the fewest; of equals, the first in turn. */
export function leastBusy({ open }: Queue): WorkerRecord | undefined {
  let least = open.first;
  for (const worker of open) if (worker.chunks.size < least!.chunks.size) least = worker;
  return least;
}

/**
 * What a chunk took besides its work is the gap before the next one. One that took much longer than those before it may
 * have done so for other reasons, like an import, of which the first chunk of an array says nothing at all.
 */
export function measureGap({ worker, array, since, busyMs, lanes }: Chunk, now: number): void {
  const { gapMs: known, lastArray } = worker;
  worker.lastArray = array.id;
  if (lastArray !== array.id || Number.isNaN(busyMs) || lanes > 1) return;
  const believedMs = known === undefined ? mostGapMs : Math.min(mostGapMs, Math.max(1, 2 * known));
  worker.gapMs = Math.min(believedMs, Math.max(0, now - since - busyMs));
}

type Joined = Extract<Event, { type: 'worker-joined' }>;
