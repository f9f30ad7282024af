// The scheduler's core: a deterministic state machine. Events go in, commands come out.
//
// It does no IO, reads no clock and draws no random number. `now` arrives with each event and ties break by order of
// arrival, so the same events always give the same commands. That is what lets the simulation run thousands of workers
// in one thread and replay any failure from its seed.
//
// A task never fails here because its function threw: to the core that is an index that settled, like any other. What
// it calls crashed is the loss of the means to run an index at all. And a crashed index does not stop its dependents:
// whether they may run after a failure is a question for their triggers, so they go to a worker and are asked there.

import assert from 'node:assert/strict';
import { Heap } from '../lib/heap.ts';
import { lengthOf, type Range } from '../lib/range.ts';
import { Ranges } from '../lib/ranges.ts';
import { unreachable } from '../lib/unreachable.ts';
import { ArrayRecord, runsBefore, type Chunk } from './array-record.ts';
import type { ArrayId, ArraySpec, ChunkNews, Command, CoreOptions, Event } from './events.ts';
import { explain, plainWords, type Telling } from './explain.ts';
import { Fleet, type WorkerRecord } from './fleet.ts';

export type { ArraySpec, Command, CoreOptions, Event } from './events.ts';

export class SchedulerCore {
  /** Upstreams come before their dependents. What is not here was never submitted, or is forgotten. */
  readonly arrays = new Map<ArrayId, ArrayRecord>();
  readonly fleet: Fleet;
  /** Of all time: indices that settled, and how often one was lost with its thread or worker. */
  readonly totals = { settled: 0, lost: 0 };

  readonly #options: Required<CoreOptions>;
  /** Arrays with something queued, each once; and some whose queue has run empty since. */
  readonly #listed = new Heap<ArrayRecord>(runsBefore);
  /** Delayed indices by the time when they wake; and some of arrays that are forgotten since. */
  readonly #delayed = new Heap<Delay>((a, b) => a.until < b.until);
  /** How many indices of living arrays are delayed. */
  #delayedCount = 0;
  #commands: Command[] = [];
  #submissions = 0;
  #attempts = 0;
  #now = -Infinity;

  constructor(options: CoreOptions) {
    this.#options = { allowedFailures: 3, targetChunkMs: 10, chunkInputBytes: 8 * 2 ** 20, ...options };
    this.fleet = new Fleet(options.heartbeatTimeoutMs);
  }

  handle(event: Event, now: number): readonly Command[] {
    assert(now >= this.#now, `time went back from ${this.#now} to ${now}`);
    this.#now = now;
    this.#apply(event);
    this.#wakeDelayed();
    this.#assign();
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  /** When the next delayed index wakes: a tick then, between the regular ones, lets it run on time. */
  get nextDue(): number {
    return this.#delayed.peek()?.until ?? Infinity;
  }

  /** Where an index stands, in one sentence. It changes nothing, and may take its time. */
  explain(array: ArrayId, index: number, { words = plainWords, now = this.#now }: Partial<Telling> = {}): string {
    return explain({ id: array, record: this.arrays.get(array), index }, { core: this, words, now });
  }

  /** For `explain` and the invariants: the arrays that `handle` would look at for something to run. */
  listed(): Iterable<ArrayRecord> {
    return this.#listed;
  }

  /** For the invariants: every index that waits for its time, by array. */
  delays(): Iterable<Delay> {
    return this.#delayed;
  }

  #apply(event: Event): void {
    switch (event.type) {
      case 'arrays-submitted':
        for (const spec of event.arrays) this.#submit(spec);
        return;
      case 'arrays-released':
        for (const array of event.arrays) this.#release(array);
        return;
      case 'worker-joined':
        return this.fleet.join({ id: event.worker, threads: event.threads, now: this.#now });
      case 'worker-seen':
      case 'worker-draining':
      case 'worker-left':
        return this.#applyTo(this.fleet.workers.get(event.worker), event.type);
      case 'indices-settled':
      case 'index-delayed':
      case 'index-lost':
      case 'chunk-ended':
        return this.#hear(event);
      case 'ticked':
        return this.#closeSilentWorkers();
      default:
        unreachable(event);
    }
  }

  /** For the invariants: how many indices of living arrays it takes to be delayed. */
  get delayedCount(): number {
    return this.#delayedCount;
  }

  // Arrays

  #submit(spec: ArraySpec): void {
    assert(!this.arrays.has(spec.array), `array ${spec.array} was already submitted`);
    const upstreams = (ids: readonly ArrayId[]) => new Set(ids.map((id) => this.#upstream(spec, id)));
    const [elementwise, whole] = [upstreams(spec.elementwise), upstreams(spec.whole)];
    for (const { id, length } of elementwise) {
      assert(length >= spec.length, `array ${spec.array} needs array ${id} elementwise, which is shorter`);
    }
    const array = new ArrayRecord({ spec, order: this.#submissions++, elementwise, whole });
    this.arrays.set(array.id, array);
    if (array.isComplete) {
      array.detach();
      return;
    }
    array.attach();
    this.#ready(array, array.all);
  }

  #upstream(spec: ArraySpec, id: ArrayId): ArrayRecord {
    const upstream = this.arrays.get(id);
    assert(upstream !== undefined, `array ${spec.array} needs array ${id}, which is unknown`);
    return upstream;
  }

  #release(id: ArrayId): void {
    const array = this.arrays.get(id);
    if (array === undefined) return;
    array.isWanted = false;
    this.#forgetUnneeded([array]);
  }

  /** Queues the indices inside `range` for which nothing is missing any more. */
  #ready(array: ArrayRecord, range: Range): void {
    for (const ready of array.readyWithin(range)) {
      array.waiting.remove(ready);
      array.queued.add(ready);
    }
    this.#list(array);
  }

  #list(array: ArrayRecord): void {
    if (array.isListed || array.queuedCount === 0) return;
    array.isListed = true;
    this.#listed.push(array);
  }

  #settle(array: ArrayRecord, range: Range): void {
    array.settled.add(range);
    this.totals.settled += lengthOf(range);
    for (const dependent of array.elementwiseDependents) this.#ready(dependent, range);
    if (array.isComplete) this.#complete(array);
  }

  #complete(array: ArrayRecord): void {
    for (const dependent of array.wholeDependents) {
      dependent.missingWhole -= 1;
      this.#ready(dependent, dependent.all);
    }
    this.#forgetUnneeded([array, ...array.detach()]);
  }

  /** Forgets those that neither their client nor a dependent needs, and then whatever only they needed. */
  #forgetUnneeded(candidates: ArrayRecord[]): void {
    for (let array = candidates.pop(); array !== undefined; array = candidates.pop()) {
      if (array.isNeeded || this.arrays.get(array.id) !== array) continue;
      this.#forget(array);
      for (const upstream of array.detach()) candidates.push(upstream);
    }
  }

  #forget(array: ArrayRecord): void {
    this.arrays.delete(array.id);
    for (const chunk of array.chunks) this.#cancel(chunk);
    this.#delayedCount -= array.delayed.size;
    array.drop();
    this.#emit({ type: 'forgotten', array: array.id });
    this.#sweep();
  }

  /** Its slot is held until the chunk has ended: the thread is still busy. */
  #cancel({ worker, attempt, outstanding }: Chunk): void {
    if (outstanding.isEmpty) return;
    outstanding.clear();
    this.#emit({ type: 'cancel-chunk', worker: worker.id, attempt });
  }

  /** Lets go of what the heaps hold of forgotten arrays, once it is more than they hold of living ones. */
  #sweep(): void {
    const isLiving = (array: ArrayRecord) => this.arrays.get(array.id) === array;
    if (this.#listed.size > 2 * this.arrays.size) this.#listed.retain(isLiving);
    if (this.#delayed.size > 2 * this.#delayedCount) this.#delayed.retain(({ array }) => isLiving(array));
  }

  #wakeDelayed(): void {
    for (let next = this.#delayed.peek(); next && next.until <= this.#now; next = this.#delayed.peek()) {
      this.#delayed.pop();
      const { array, index } = next;
      if (!array.delayed.delete(index)) continue;
      this.#delayedCount -= 1;
      array.queued.add(unit(index));
      this.#list(array);
    }
  }

  // Chunks

  #assign(): void {
    for (let worker = this.fleet.open.first; worker !== undefined; worker = this.fleet.open.first) {
      const array = this.#nextListed();
      if (array === undefined) return;
      this.#startChunk(array, worker);
    }
  }

  #nextListed(): ArrayRecord | undefined {
    for (let array = this.#listed.peek(); array !== undefined; array = this.#listed.peek()) {
      if (array.queuedCount > 0) return array;
      this.#listed.pop();
      array.isListed = false;
    }
    return undefined;
  }

  #startChunk(array: ArrayRecord, worker: WorkerRecord): void {
    const { slots } = this.fleet;
    const { targetChunkMs: targetMs, chunkInputBytes } = this.#options;
    const most = array.countWithin(chunkInputBytes);
    const plannedSize = array.pace.nextSize({ left: array.leftCount, slots, targetMs, most });
    const taken = array.take(plannedSize);
    assert(taken !== undefined, `array ${array.id} has nothing to take`);
    const { range, limit } = taken;
    this.#attempts += 1;
    const attempt = this.#attempts;
    const [size, outstanding] = [lengthOf(range), Ranges.of(range)];
    const part = { size, plannedSize, limit, outstanding };
    const chunk: Chunk = { attempt, worker, array, since: this.#now, ...part, isDead: false };
    array.chunks.add(chunk);
    this.fleet.occupySlot(chunk);
    this.#emit({ type: 'run-chunk', worker: worker.id, array: array.id, range, attempt });
  }

  #hear(news: ChunkNews): void {
    const worker = this.fleet.workers.get(news.worker);
    const chunk = worker?.chunks.get(news.attempt);
    // Old news, or news from a worker that has no business with this attempt: nothing we act on.
    if (worker === undefined || chunk === undefined) return;
    const touched = touchedBy(news);
    if (touched !== undefined && !isOutstanding(chunk, touched)) return;

    worker.lastSeen = this.#now;
    if (touched !== undefined) chunk.outstanding.remove(touched);
    switch (news.type) {
      case 'indices-settled':
        return this.#acceptSettled(chunk, news);
      case 'index-delayed':
        return this.#acceptDelayed(chunk.array, news.index, this.#now + durationMs(news.delayMs));
      case 'index-lost':
        chunk.isDead = true;
        this.totals.lost += 1;
        return this.#charge(chunk.array, news.index);
      case 'chunk-ended':
        this.fleet.freeSlot(chunk);
        return this.#takeBack(chunk);
      default:
        unreachable(news);
    }
  }

  #acceptSettled({ array, size, plannedSize }: Chunk, news: Extract<ChunkNews, { type: 'indices-settled' }>): void {
    const { range, busyMs, bytes = 0 } = news;
    array.pace.measured({ indices: lengthOf(range), busyMs: durationMs(busyMs), size, plannedSize, bytes });
    this.#emit({ type: 'settled', array: array.id, range });
    this.#settle(array, range);
  }

  #acceptDelayed(array: ArrayRecord, index: number, until: number): void {
    array.delayed.set(index, until);
    this.#delayed.push({ array, index, until });
    this.#delayedCount += 1;
    this.#emit({ type: 'delayed', array: array.id, index });
  }

  /** An index took its thread or its worker with it. Try elsewhere, unless it seems to kill all that touch it. */
  #charge(array: ArrayRecord, index: number): void {
    const losses = (array.losses.get(index) ?? 0) + 1;
    array.losses.set(index, losses);
    if (losses <= this.#options.allowedFailures) {
      array.suspects.add(unit(index), 1);
      return this.#list(array);
    }
    array.crashed.add(index);
    this.#emit({ type: 'crashed', array: array.id, index, losses });
    this.#settle(array, unit(index));
  }

  /** What is left of a chunk that ended goes back to the queue, unblamed. */
  #takeBack(chunk: Chunk): void {
    chunk.array.chunks.delete(chunk);
    chunk.array.takeBack(chunk);
    this.#list(chunk.array);
  }

  /** The worker is lost, and what it ran is not known: nobody is charged unless only one index can be to blame. */
  #lose(chunk: Chunk): void {
    const { array, outstanding } = chunk;
    if (chunk.isDead || outstanding.isEmpty) return this.#takeBack(chunk);
    this.totals.lost += outstanding.size;
    array.chunks.delete(chunk);
    if (outstanding.size === 1) return this.#charge(array, outstanding.take(1)!.start);
    array.suspect(chunk);
    this.#list(array);
  }

  // Workers

  #applyTo(worker: WorkerRecord | undefined, event: 'worker-seen' | 'worker-draining' | 'worker-left'): void {
    if (worker === undefined) return;
    switch (event) {
      case 'worker-seen':
        worker.lastSeen = this.#now;
        return;
      case 'worker-draining':
        return this.fleet.drain(worker);
      case 'worker-left':
        return this.#removeWorker(worker);
      default:
        unreachable(event);
    }
  }

  #removeWorker(worker: WorkerRecord): void {
    this.fleet.leave(worker);
    for (const chunk of worker.chunks.values()) this.#lose(chunk);
  }

  #closeSilentWorkers(): void {
    for (const worker of this.fleet.tick(this.#now)) {
      this.#emit({ type: 'close-worker', worker: worker.id, reason: 'heartbeat-lost' });
      this.#removeWorker(worker);
    }
  }

  #emit(command: Command): void {
    this.#commands.push(command);
  }
}

export interface Delay {
  readonly array: ArrayRecord;
  readonly index: number;
  readonly until: number;
}

function touchedBy(news: ChunkNews): Range | undefined {
  if (news.type === 'indices-settled') return news.range;
  return news.type === 'chunk-ended' ? undefined : unit(news.index);
}

function isOutstanding({ outstanding }: Chunk, range: Range): boolean {
  const isWhole = Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end);
  return isWhole && lengthOf(range) > 0 && outstanding.covers(range);
}

/** A peer's measurement: one that makes no sense counts as none. */
function durationMs(claimed: number): number {
  return Number.isFinite(claimed) && claimed > 0 ? claimed : 0;
}

function unit(index: number): Range {
  return { start: index, end: index + 1 };
}
