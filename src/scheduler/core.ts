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
import { lengthOf, unit, type Range } from '../lib/range.ts';
import { unreachable } from '../lib/unreachable.ts';
import { ArrayRecord, type Chunk } from './array-record.ts';
import { Blame } from './blame.ts';
import { durationMs, isLastOf, touchedBy } from './chunk-news.ts';
import { Delays } from './delays.ts';
import { usualOptions, type ArrayId, type ArraySpec, type ChunkNews, type Command } from './events.ts';
import type { CoreOptions, Event, WorkerNews } from './events.ts';
import { explain, plainWords } from './explain.ts';
import { Fleet, leastBusy, measureGap, type WorkerRecord } from './fleet.ts';
import { Lineup } from './lineup.ts';

export type { ArraySpec, Command, CoreOptions, Event } from './events.ts';

export class SchedulerCore {
  /** Upstreams come before their dependents. What is not here was never submitted, or is forgotten. */
  readonly arrays = new Map<ArrayId, ArrayRecord>();
  readonly fleet: Fleet;
  readonly lineup: Lineup;
  readonly delays = new Delays();
  /** Since the start: how many indices settled, and how often one was lost with its thread or worker. */
  readonly totals = { settled: 0, lost: 0 };

  readonly #options: Required<CoreOptions>;
  readonly #blame: Blame;
  #commands: Command[] = [];
  #submissions = 0;
  #attempts = 0;
  #now = -Infinity;

  constructor(options: CoreOptions) {
    this.#options = { ...usualOptions, ...options };
    this.fleet = new Fleet(options.heartbeatTimeoutMs);
    const emit = (command: Command) => this.#emit(command);
    this.lineup = new Lineup(this.fleet, emit, this.#options);
    this.#blame = new Blame({
      lineup: this.lineup,
      totals: this.totals,
      emit,
      settle: (array, index) => this.#settle(array, unit(index)),
    });
  }

  handle(event: Event, now: number): readonly Command[] {
    if (now < this.#now) assert.fail(`time went back from ${this.#now} to ${now}`);
    this.#now = now;
    this.#apply(event);
    this.#wakeDelayed();
    this.#assign();
    this.fleet.awake = undefined;
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  /** When the next delayed index wakes, or a chunk is to be shared: a tick is due then. */
  get nextDue(): number {
    return Math.min(this.delays.nextDue, this.lineup.recalls.nextDue);
  }

  /** In which phase an index is and why, in one sentence. It changes nothing, and may be slow. */
  explain(array: ArrayId, index: number, now = this.#now): string {
    return explain({ id: array, record: this.arrays.get(array), index }, { core: this, words: plainWords, now });
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
        this.fleet.join(event, this.#now);
        return this.lineup.tellStranded();
      case 'worker-seen':
      case 'worker-draining':
      case 'worker-left':
      case 'worker-paused':
      case 'worker-resumed':
        return this.#applyTo(this.fleet.workers.get(event.worker), event.type);
      case 'client-paused':
        this.lineup.pausedClients.add(event.client);
        return this.lineup.recalls.recallAllOf(event.client, this.#now);
      case 'client-resumed':
        return this.lineup.resume(event.client, this.arrays.values());
      case 'indices-settled':
      case 'indices-returned':
      case 'index-delayed':
      case 'indices-lost':
      case 'chunk-ended':
        return this.#hear(event);
      case 'ticked':
        this.lineup.exclusion.endWaiting(this.#now, this.arrays.values());
        return this.#closeSilentWorkers();
      default:
        unreachable(event);
    }
  }

  // Arrays

  #submit(spec: ArraySpec): void {
    assert(!this.arrays.has(spec.array), `array ${spec.array} was already submitted`);
    const upstreams = (ids: readonly ArrayId[]) => new Set(ids.map((id) => this.#upstream(spec, id)));
    const [elementwise, whole] = [upstreams(spec.elementwise), upstreams(spec.whole)];
    for (const { id, length } of elementwise) {
      assert(length >= spec.length, `array ${spec.array} needs array ${id} elementwise, which is shorter`);
    }
    const origin = { ...this.lineup.placeFor(spec), spec, order: this.#submissions++, elementwise, whole };
    const array = new ArrayRecord(origin, this.#options);
    this.arrays.set(array.id, array);
    array.kin.arrays.add(array);
    if (array.isComplete) return void array.detach();
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
    this.lineup.add(array);
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

  /** Forgets arrays that neither their client nor a dependent needs, and then whatever only those needed. */
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
    this.delays.forget(array);
    array.drop();
    this.#emit({ type: 'forgotten', array: array.id });
    this.lineup.forget(array);
  }

  /** The chunk holds its slot until it has ended: the thread is still busy. */
  #cancel(chunk: Chunk): void {
    const { worker, attempt, outstanding } = chunk;
    if (this.fleet.held.has(chunk)) return this.lineup.vacate(chunk);
    if (outstanding.isEmpty) return;
    outstanding.clear();
    this.lineup.recalls.begun(chunk);
    this.#emit({ type: 'cancel-chunk', worker: worker.id, attempt });
  }

  #wakeDelayed(): void {
    for (let next = this.delays.take(this.#now); next !== undefined; next = this.delays.take(this.#now)) {
      next.array.queued.add(unit(next.index));
      this.lineup.add(next.array);
    }
  }

  // Chunks

  #assign(): void {
    this.lineup.keeping.review();
    for (const held of this.fleet.held) this.#moveToEmpty(held);
    do {
      for (let array = this.lineup.next(); array !== undefined; array = this.lineup.next()) {
        this.#startChunk(array, array.suspects.isNextAlone ? leastBusy(array.queue)! : this.fleet.nextFor(array.queue));
      }
      // An array whose limit is full by now cannot use what is kept for it: others may have it.
    } while (this.lineup.keeping.review());
    const waiting = this.lineup.waiting();
    for (const array of waiting) this.#sendAhead(array, waiting);
    this.lineup.share(this.#now);
  }

  /** While no thread is free for it, sends each its next chunk ahead, as long as enough is left for the others. */
  #sendAhead(array: ArrayRecord, waiting: readonly ArrayRecord[]): void {
    const { leaders, pace, slots } = array;
    const { targetChunkMs: targetMs } = this.#options;
    const next = () => this.lineup.leaderOf(array, waiting);
    for (let leader = next(); leader !== undefined; leader = next()) {
      const { worker, lanes } = leader;
      const { gapMs = 0 } = worker;
      const plannedSize = array.nextSize(lanes, worker);
      if (array.queuedCount < plannedSize * slots || !pace.isGrown(plannedSize, targetMs)) return;
      if (!pace.isGapFelt(plannedSize, { targetMs, gapMs })) {
        leaders.delete(leader);
        continue;
      }
      const chunk = array.takeChunk({ attempt: ++this.#attempts, worker, since: this.#now, plannedSize, lanes });
      this.lineup.sendAhead(chunk, leader);
      this.#dispatch(chunk);
    }
  }

  /** A chunk that waits for its worker to run empty moves to another one that is empty. */
  #moveToEmpty(held: Chunk): void {
    if (this.lineup.pausedClients.has(held.array.client)) return this.#takeBack(held);
    const worker = leastBusy(held.array.queue);
    if (worker === undefined || worker.chunks.size > 0) return;
    this.#takeBack(held);
    this.#startChunk(held.array, worker);
  }

  #startChunk(array: ArrayRecord, worker: WorkerRecord): void {
    if (this.lineup.exclusion.keepsAway(array, worker)) return;
    const lanes = Math.min(array.concurrency, array.queue.roomOn(worker), array.room);
    const plannedSize = array.nextSize(lanes, worker);
    const chunk = array.takeChunk({ attempt: ++this.#attempts, worker, since: this.#now, plannedSize, lanes });
    this.lineup.occupy(chunk);
    this.lineup.keeping.started(array);
    if (!this.fleet.held.has(chunk)) this.#dispatch(chunk);
  }

  /** All of the chunk is outstanding. */
  #dispatch({ attempt, worker, array, lanes, outstanding, behind }: Chunk): void {
    const ranges = outstanding.all;
    const command = { type: 'run-chunk', worker: worker.id, array: array.id, ranges, attempt, lanes } as const;
    this.#emit(behind === undefined ? command : { ...command, behind: behind.attempt });
  }

  #hear(news: ChunkNews): void {
    const worker = this.fleet.workers.get(news.worker);
    const chunk = worker?.chunks.get(news.attempt);
    // Old news, or news from a worker that does not have this attempt, is ignored.
    if (worker === undefined || chunk === undefined || this.fleet.held.has(chunk)) return;
    const touched = touchedBy(news, chunk);
    if (touched === undefined && !isLastOf(news)) return;
    worker.lastSeen = this.#now;
    if (touched !== undefined) this.#accept(news, chunk, touched);
    if (!isLastOf(news)) return;
    if (news.type === 'indices-settled' && chunk.outstanding.isEmpty) this.fleet.awake = worker;
    this.#takeBack(chunk);
  }

  #accept(news: ChunkNews, chunk: Chunk, touched: readonly Range[]): void {
    for (const range of touched) chunk.outstanding.remove(range);
    if (news.type !== 'chunk-ended') this.lineup.recalls.begun(chunk);
    switch (news.type) {
      case 'indices-settled':
        return this.#acceptSettled(chunk, news);
      case 'indices-returned':
        this.lineup.recalls.answered(chunk);
        return this.lineup.giveBack(chunk, news.ranges);
      case 'index-delayed':
        chunk.busyMs = NaN;
        this.delays.add({ array: chunk.array, index: news.index, until: this.#now + durationMs(news.delayMs) });
        return this.#emit({ type: 'delayed', array: chunk.array.id, index: news.index });
      case 'indices-lost':
        chunk.isDead = true;
        // No thread was there to begin anything of it.
        if (news.isUnable === true && this.lineup.declines(chunk, [...touched, ...chunk.outstanding.all]))
          return chunk.outstanding.clear();
        return this.#blame.threadLost(chunk.array, news.indices);
      case 'chunk-ended':
        return;
      default:
        unreachable(news);
    }
  }

  #acceptSettled(chunk: Chunk, news: Extract<ChunkNews, { type: 'indices-settled' }>): void {
    const { array, worker, size, plannedSize } = chunk;
    const { range, bytes = 0, isUnable = false } = news;
    const [indices, busyMs] = [lengthOf(range), durationMs(news.busyMs)];
    if (isUnable && this.lineup.declines(chunk, [range])) return;
    if (!isUnable) this.lineup.exclusion.noteRun(array, worker);
    array.pace.measured({ indices, busyMs, size, plannedSize, bytes });
    chunk.busyMs += busyMs;
    if (chunk.outstanding.isEmpty) measureGap(chunk, this.#now);
    this.#emit({ type: 'settled', array: array.id, range });
    this.#settle(array, range);
  }

  /** What is left of a chunk that ended goes back to the queue, unblamed. */
  #takeBack(chunk: Chunk): void {
    const { array, worker, outstanding, next } = chunk;
    if (next !== undefined) next.since = this.#now;
    this.lineup.vacate(chunk);
    const alone = this.fleet.release(worker, this.#now);
    if (alone !== undefined) this.#dispatch(alone);
    if (outstanding.isEmpty) return;
    if (array.crashesWhenLost) this.#blame.chargeAll(chunk);
    else this.lineup.giveBack(chunk, outstanding);
  }

  // Workers

  #applyTo(worker: WorkerRecord | undefined, event: WorkerNews['type']): void {
    if (worker === undefined) return;
    switch (event) {
      case 'worker-seen':
        worker.lastSeen = this.#now;
        return;
      case 'worker-draining':
        this.fleet.drain(worker);
        this.#giveNothingMore(worker);
        return this.lineup.tellStranded();
      case 'worker-paused':
        this.fleet.pause(worker);
        return this.#giveNothingMore(worker);
      case 'worker-resumed':
        return this.fleet.resume(worker);
      case 'worker-left':
        return this.#removeWorker(worker);
      default:
        unreachable(event);
    }
  }

  #removeWorker(worker: WorkerRecord): void {
    this.fleet.leave(worker);
    this.#takeBackHeld(worker);
    // First the chunks that were sent ahead, so that none takes the slot of the chunk that it waits for.
    const lost = [...worker.chunks.ahead, ...worker.chunks];
    for (const chunk of lost) {
      if (chunk.isDead || chunk.outstanding.isEmpty) this.#takeBack(chunk);
      else this.#blame.workerLost(chunk, lost.length);
    }
    this.lineup.tellStranded();
  }

  #giveNothingMore(worker: WorkerRecord): void {
    this.#takeBackHeld(worker);
    for (const chunk of worker.chunks.ahead) this.lineup.recalls.recall(chunk, this.#now);
  }

  #takeBackHeld({ lone }: WorkerRecord): void {
    if (lone !== undefined && this.fleet.held.has(lone)) this.#takeBack(lone);
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
