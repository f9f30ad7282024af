// What the scheduler knows of one array: the phase of each index, as ranges. Ten million children are one record.
//
// Every index of a living array is in exactly one phase: `waiting`, queued (`queued` or `suspects`), `delayed`,
// assigned (`outstanding` in one of `chunks`) or `settled`.

import assert from 'node:assert/strict';
import type { Range } from '../lib/range.ts';
import { Ranges } from '../lib/ranges.ts';
import type { ArrayId, ArraySpec, Attempt, ClientId, CoreOptions, WorkerId } from './events.ts';
import type { Kin } from './exclusion.ts';
import type { WorkerRecord } from './fleet.ts';
import type { Limit } from './limits.ts';
import { Pace } from './pace.ts';
import type { Queue } from './queue.ts';
import { alone, Suspects } from './suspects.ts';
import { placesIn, Turns, type Place } from './turns.ts';

/** Some of an array's indices on their way through one slot of one worker. */
export interface Chunk {
  readonly attempt: Attempt;
  readonly worker: WorkerRecord;
  readonly array: ArrayRecord;
  /** The chunk before this one on the same thread: when that is over, this one begins, and takes its slot. */
  behind: Chunk | undefined;
  /** The chunk that begins when this one is over. */
  next: Chunk | undefined;
  /** The next chunk of the same worker: see `FewChunks`. */
  beside: Chunk | undefined;
  /** When it was dispatched, or began to be held (see `Fleet.held`). */
  since: number;
  readonly size: number;
  /** How many of its indices may run at once. */
  readonly lanes: number;
  /** How many indices it was planned to have; gaps in the queue, or suspects, can have made it shorter. */
  readonly plannedSize: number;
  /** Set when its indices are suspects: the largest chunk that they may run in, or `alone`. */
  readonly limit: number | undefined;
  /** Its indices whose outcome was not heard yet. */
  readonly outstanding: Ranges;
  /**
   * How long the work took of which the outcomes were heard. NaN where that does not say how long the way was: the
   * chunk waited behind another one, or what it ran for some time is tried again.
   */
  busyMs: number;
  /** It was sent ahead, and nothing was heard of it that says that it has begun. */
  isUnheard: boolean;
  /** Its worker was asked to give back what it had not begun. */
  isRecalled: boolean;
  /** Its thread died: nothing of it runs any more. */
  isDead: boolean;
  /** Its places in the lines that it can stand in: see `chunks` and `leaders` of its array, and `Recalls`. */
  assigned: Place<Chunk> | undefined;
  leading: Place<Chunk> | undefined;
  waiting: Place<Chunk> | undefined;
  running: Place<Chunk> | undefined;
}

const noArrays: ReadonlySet<ArrayRecord> = new Set();
const [assigned, leading] = [placesIn<'assigned', Chunk>('assigned'), placesIn<'leading', Chunk>('leading')];

type ChunkFacts = Pick<Chunk, 'attempt' | 'worker' | 'since' | 'plannedSize' | 'lanes'>;

type ArrayDefaults = Required<Omit<CoreOptions, 'heartbeatTimeoutMs' | 'unableWaitMs'>>;

export interface ArrayOrigin {
  readonly spec: ArraySpec;
  readonly order: number;
  readonly elementwise: ReadonlySet<ArrayRecord>;
  readonly whole: ReadonlySet<ArrayRecord>;
  readonly queue: Queue;
  readonly limits: readonly Limit[];
  readonly kin: Kin;
}

export class ArrayRecord {
  readonly id: ArrayId;
  readonly client: ClientId;
  readonly length: number;
  readonly all: Range;
  readonly priority: number;
  /** Counts submissions: the earlier runs first, all else being equal. */
  readonly order: number;
  readonly depth: number;
  /** How many of its indices may overlap in one slot. */
  readonly concurrency: number;
  /** How many losses an index may cause. */
  readonly allowedFailures: number;
  /** An index that was lost with its thread or worker must never run again. */
  readonly crashesWhenLost: boolean;
  /** Its chunks may wait behind each other on a worker: it may run again if lost. */
  readonly isSentAhead: boolean;
  /** Another one, once a worker has proved unable to run it. */
  queue: Queue;
  readonly limits: readonly Limit[];
  readonly kin: Kin;
  readonly #defaults: ArrayDefaults;

  /** Upstreams. Both are emptied when nothing here needs them any more. */
  elementwise: ReadonlySet<ArrayRecord>;
  whole: ReadonlySet<ArrayRecord>;
  /** Unfinished arrays that name this one as their upstream. */
  readonly elementwiseDependents = new Set<ArrayRecord>();
  readonly wholeDependents = new Set<ArrayRecord>();
  /** How many of `whole` are not complete. */
  missingWhole = 0;

  readonly waiting = new Ranges();
  readonly queued = new Ranges();
  readonly suspects = new Suspects();
  /** When each delayed index wakes. */
  readonly delayed = new Map<number, number>();
  readonly chunks = new Turns<Chunk>(assigned);
  /** Chunks that hold a slot, and behind which another one may be sent. */
  readonly leaders = new Turns<Chunk>(leading);
  /** Includes the crashed. */
  readonly settled = new Ranges();

  /** Indices that were settled from the start. */
  readonly given: readonly Range[];
  readonly givenBytes: number;
  /** How often each index was charged with the loss of its thread or worker, if it was. */
  readonly losses = new Map<number, number>();
  readonly crashed = new Set<number>();
  /** Some worker has run something of it. */
  hasRun = false;
  /** So many were unable to run it that nobody else is asked. */
  isHopeless = false;
  /** It has waited for somebody who is able for as long as it may. */
  hasWaited = false;
  /** Workers that were unable to run it. */
  unable: Set<WorkerId> | undefined;
  /** How many chunks in a row each worker was unable to run. */
  strikes: Map<WorkerId, number> | undefined;
  readonly pace = new Pace();
  /** The client has not released it. */
  isWanted = true;
  /** It is in `queue.listed`. */
  isListed = false;
  /** It is not listed there because this limit is full. */
  blockedBy: Limit | undefined;
  /** The client was told that no worker here can run it. */
  isStrandedTold = false;

  constructor({ spec, order, elementwise, whole, queue, limits, kin }: ArrayOrigin, defaults: ArrayDefaults) {
    this.#defaults = defaults;
    this.id = spec.array;
    this.client = spec.client;
    this.length = spec.length;
    this.all = { start: 0, end: spec.length };
    this.priority = spec.priority;
    this.given = spec.given;
    this.givenBytes = spec.givenBytes ?? 0;
    this.order = order;
    this.concurrency = spec.concurrency ?? 1;
    this.crashesWhenLost = spec.crashesWhenLost === true;
    this.allowedFailures = this.crashesWhenLost ? 0 : (spec.allowedFailures ?? defaults.allowedFailures);
    this.isSentAhead = this.allowedFailures > 0;
    this.queue = queue;
    this.limits = limits;
    this.kin = kin;
    this.elementwise = elementwise;
    this.whole = whole;
    this.depth = 0;
    for (const upstream of this.upstreams()) this.depth = Math.max(this.depth, upstream.depth + 1);
    this.waiting.add(this.all);
    for (const range of spec.given) {
      this.waiting.remove(range);
      this.settled.add(range);
    }
  }

  get queuedCount(): number {
    return this.queued.size + this.suspects.size;
  }

  /**
   * How many indices are still to be started, ready or not. In a pipeline, only a chunk's worth of the next stage
   * becomes ready at a time: to share out only that would make the chunks of each stage ever smaller.
   */
  get leftCount(): number {
    return this.queuedCount + this.waiting.size;
  }

  /** How many indices have inputs that fit into one message, by the sizes known so far. */
  get #countInMessage(): number {
    let each = 0;
    for (const { pace, given, givenBytes, length } of this.elementwise) {
      each += given.length > 0 ? givenBytes / length : pace.meanBytes;
    }
    return each === 0 ? Infinity : Math.floor(this.#defaults.chunkInputBytes / each);
  }

  /** How many indices the next chunk should have, of which `lanes` can overlap, for a worker that is so far away. */
  nextSize(lanes: number, { gapMs = 0 }: Pick<WorkerRecord, 'gapMs'>): number {
    const { leftCount: left, slots, chunks, crashesWhenLost, isSentAhead: isRecallable } = this;
    const { targetChunkMs, patienceMs } = this.#defaults;
    const overlappingMs = isRecallable ? this.#defaults.overlappingMs : 0;
    // A chunk that is never recalled must not take longer than others are to wait for its thread.
    const targetMs = isRecallable ? Math.max(targetChunkMs, gapMs) : Math.min(targetChunkMs, patienceMs);
    // When nothing may run twice, no index waits in a chunk for its turn: all of a lost chunk had begun then.
    const most = Math.min(this.#countInMessage, crashesWhenLost ? lanes : Infinity);
    return this.pace.nextSize({ left, slots, busy: chunks.size, lanes, targetMs, gapMs, overlappingMs, most });
  }

  /** How many slots can work on it at once. */
  get slots(): number {
    let slots = this.queue.slots;
    for (const { most } of this.limits) slots = Math.min(slots, most);
    return slots;
  }

  /** How many of its indices its limits let start now. */
  get room(): number {
    let room = Infinity;
    for (const limit of this.limits) room = Math.min(room, limit.room);
    return room;
  }

  /** The limit that is full, so that nothing of it can start now, if there is one. */
  get fullLimit(): Limit | undefined {
    return this.limits.find(({ room }) => room === 0);
  }

  get isComplete(): boolean {
    return this.settled.size === this.length;
  }

  /** Its client has not released it, or some unfinished array needs it. */
  get isNeeded(): boolean {
    return this.isWanted || this.elementwiseDependents.size > 0 || this.wholeDependents.size > 0;
  }

  /** One that is needed in both ways stands there twice. */
  upstreams(): readonly ArrayRecord[] {
    return [...this.elementwise, ...this.whole];
  }

  attach(): void {
    for (const upstream of this.elementwise) upstream.elementwiseDependents.add(this);
    for (const upstream of this.whole) {
      upstream.wholeDependents.add(this);
      if (!upstream.isComplete) this.missingWhole += 1;
    }
  }

  /** Ends the need for all upstreams, and returns them. */
  detach(): readonly ArrayRecord[] {
    const upstreams = this.upstreams();
    for (const upstream of upstreams) {
      upstream.elementwiseDependents.delete(this);
      upstream.wholeDependents.delete(this);
    }
    // If these were kept, the last array of a long chain would hold all others in memory.
    this.elementwise = noArrays;
    this.whole = noArrays;
    return upstreams;
  }

  /** The parts of `range` that wait, and whose upstreams are all settled. */
  readyWithin(range: Range): readonly Range[] {
    if (this.missingWhole > 0) return [];
    let ready: readonly Range[] = this.waiting.overlap(range);
    for (const upstream of this.elementwise) ready = ready.flatMap((part) => upstream.settled.overlap(part));
    return ready;
  }

  /** Whether the index is given up if it is lost once more. */
  isLastLoss(index: number): boolean {
    return (this.losses.get(index) ?? 0) >= this.allowedFailures;
  }

  /** Counts one more loss, and returns how many there are now. */
  countLoss(index: number): number {
    const losses = (this.losses.get(index) ?? 0) + 1;
    this.losses.set(index, losses);
    return losses;
  }

  /** Its worker was lost: one of its indices may be to blame, or another chunk of that worker. */
  suspect({ outstanding }: Chunk): void {
    const { size } = outstanding;
    const isLast = size === 1 && this.countLoss(outstanding.first!) > this.allowedFailures;
    const limit = isLast ? alone : Math.max(1, Math.floor(size / 8));
    for (const range of outstanding) this.suspects.add(range, limit);
  }

  /** Its worker was lost before anything was heard of it. It may have begun, so it is never sent ahead again. */
  doubt({ outstanding }: Chunk): void {
    const { size } = outstanding;
    for (const range of outstanding) this.suspects.add(range, size);
  }

  /** Takes the next chunk out of the queue, which is not empty: its indices are assigned. */
  takeChunk({ attempt, worker, since, plannedSize, lanes }: ChunkFacts): Chunk {
    const taken = this.#take(plannedSize);
    assert(taken !== undefined, `array ${this.id} has nothing to take`);
    const { indices, limit } = taken;
    const { size } = indices;
    // Each field by name: spreading an object takes twice the time, and this is done for each chunk.
    const chunk: Chunk = {
      attempt,
      worker,
      array: this,
      behind: undefined,
      next: undefined,
      beside: undefined,
      since,
      size,
      lanes: Math.min(lanes, size),
      plannedSize,
      limit,
      outstanding: indices,
      busyMs: 0,
      isUnheard: false,
      isRecalled: false,
      isDead: false,
      assigned: undefined,
      leading: undefined,
      waiting: undefined,
      running: undefined,
    };
    this.chunks.add(chunk);
    return chunk;
  }

  /** Up to `count` indices; of a queue with gaps, only those that lie so near that one message holds their inputs. */
  #take(count: number): (Pick<Chunk, 'limit'> & { readonly indices: Ranges }) | undefined {
    const span = this.#countInMessage;
    const suspects = this.suspects.take(count, span);
    if (suspects !== undefined) return suspects;
    const indices = this.queued.takeWithin(count, span);
    return indices && { indices, limit: undefined };
  }

  /** Nobody needs it any more: nothing of it is to run again. */
  drop(): void {
    this.queued.clear();
    this.suspects.clear();
    this.delayed.clear();
  }

  /** Puts a part of a chunk back to where it was taken from. */
  giveBack(range: Range, { limit }: Chunk): void {
    if (limit === undefined) this.queued.add(range);
    else this.suspects.add(range, limit);
  }
}

/** Deeper first: finish what was begun, so that few results are held at once. */
export function runsBefore(a: ArrayRecord, b: ArrayRecord): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.depth !== b.depth) return a.depth > b.depth;
  return a.order < b.order;
}
