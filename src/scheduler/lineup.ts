// Which array is next? Arrays with something queued are listed in the queue of their needs. Those with a full limit are
// set aside until it has room.

import { noTraits } from '../lib/placing.ts';
import type { Range } from '../lib/range.ts';
import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { ArraySpec, ClientId, Command } from './events.ts';
import { Exclusion, isUnable } from './exclusion.ts';
import type { Fleet } from './fleet.ts';
import { Keeping } from './keeping.ts';
import { Limits, type Limit } from './limits.ts';
import type { Queue } from './queue.ts';
import { Recalls, wantsPlace } from './recalls.ts';

type Emit = (command: Command) => void;

interface LineupOptions {
  /** A chunk that has run for longer is shared with free threads, or makes way for what is to run before it. */
  readonly patienceMs: number;
  /** How long arrays wait that no worker is able to run any more. */
  readonly unableWaitMs: number;
}

export class Lineup {
  readonly limits = new Limits();
  readonly recalls: Recalls;
  readonly keeping: Keeping;
  readonly exclusion: Exclusion;
  /** Clients of which nothing is started for now. */
  readonly pausedClients = new Set<ClientId>();
  readonly #fleet: Fleet;
  readonly #emit: Emit;

  constructor(fleet: Fleet, emit: Emit, { patienceMs, unableWaitMs }: LineupOptions) {
    this.#fleet = fleet;
    this.#emit = emit;
    this.recalls = new Recalls(emit, patienceMs);
    this.exclusion = new Exclusion(fleet, { move: (array, queue) => this.#move(array, queue), waitMs: unableWaitMs });
    this.keeping = new Keeping(fleet, (queue) => this.#firstOf(queue));
  }

  /** The queue, the limits and the kin of a new array. */
  placeFor(spec: ArraySpec): Pick<ArrayRecord, 'queue' | 'limits' | 'kin'> {
    const { client, needs = noTraits, limits = [] } = spec;
    const kin = this.exclusion.kinOf(spec);
    return { queue: this.#fleet.queueFor(needs), limits: this.limits.of(client, limits), kin };
  }

  /** To be called when something of the array was queued. */
  add(array: ArrayRecord): void {
    if (array.queuedCount === 0) return;
    if (array.queue.isStranded) this.#tellStranded(array);
    if (array.isListed || array.blockedBy !== undefined || this.pausedClients.has(array.client)) return;
    array.isListed = true;
    array.queue.listed.push(array);
  }

  /** Puts parts of a chunk back to where they were taken from. */
  giveBack(chunk: Chunk, ranges: Iterable<Range>): void {
    for (const range of ranges) chunk.array.giveBack(range, chunk);
    this.add(chunk.array);
  }

  /** The worker was unable to run these parts of a chunk. Gives whether others are to, and then puts them back. */
  declines(chunk: Chunk, ranges: readonly Range[]): boolean {
    const { array, worker } = chunk;
    const by = this.exclusion.exclude(array, worker);
    this.#emit({ type: 'declined', array: array.id, worker: worker.id, by });
    if (by === 'nobody') return false;
    this.giveBack(chunk, ranges);
    return true;
  }

  /** To be called with all arrays there are. */
  resume(client: ClientId, arrays: Iterable<ArrayRecord>): void {
    if (!this.pausedClients.delete(client)) return;
    for (const array of arrays) if (array.client === client) this.add(array);
  }

  /** The first of all arrays of which something can start now, on the worker whose turn it is in its queue. */
  next(): ArrayRecord | undefined {
    let first: ArrayRecord | undefined;
    for (const queue of this.#fleet.queues.values()) {
      const array = queue.open.size === 0 ? undefined : this.#firstOf(queue);
      if (array !== undefined && (first === undefined || runsBefore(array, first))) first = array;
    }
    return first;
  }

  /** Takes what the chunk needs while it runs. */
  occupy(chunk: Chunk): void {
    this.limits.occupy(chunk);
    this.#occupyThread(chunk);
  }

  #occupyThread(chunk: Chunk): void {
    const { array, size, lanes, limit, isRecalled } = chunk;
    this.#fleet.occupy(chunk);
    if (!array.isSentAhead || limit !== undefined) return;
    array.leaders.add(chunk);
    if (size > lanes && !isRecalled) this.recalls.running.add(chunk);
  }

  /** It waits behind another chunk of its array, and holds nothing until it takes over what that one has. */
  sendAhead(chunk: Chunk, behind: Chunk): void {
    chunk.behind = behind;
    behind.next = chunk;
    chunk.array.leaders.delete(behind);
    this.recalls.sentAhead(chunk);
  }

  /** The chunk has ended. What it has goes to the chunk behind it, if there is one. */
  vacate(chunk: Chunk): void {
    const { array, next, behind } = chunk;
    array.chunks.delete(chunk);
    if (behind !== undefined) return this.#part(behind, chunk);
    array.leaders.delete(chunk);
    this.recalls.ended(chunk);
    this.#fleet.vacate(chunk);
    this.limits.vacate(chunk);
    if (next !== undefined) {
      this.#part(chunk, next);
      this.#occupyThread(next);
    }
    for (const limit of array.limits) {
      if (limit.room > 0) for (const queue of limit.blocked.keys()) this.#unblock(limit, queue);
    }
  }

  /** One of them is over: the other does not wait for it any more, or is followed by nothing. */
  #part(chunk: Chunk, next: Chunk): void {
    chunk.next = undefined;
    next.behind = undefined;
    this.recalls.begun(next);
  }

  /** The first array of each queue that no worker can take a chunk of now, and of what a full limit keeps out. */
  waiting(): readonly ArrayRecord[] {
    const waiting: ArrayRecord[] = [];
    for (const queue of this.#fleet.queues.values()) {
      const first = queue.open.size > 0 ? undefined : this.#firstOf(queue);
      if (first !== undefined) waiting.push(first);
    }
    for (const limit of this.limits) {
      if (limit.room > 0 || this.pausedClients.has(limit.client)) continue;
      waiting.push(...limit.firstBlocked());
    }
    return waiting;
  }

  /** A chunk of one of the arrays that wait, behind which another one of it may be sent. */
  leaderOf(array: ArrayRecord, waiting: readonly ArrayRecord[]): Chunk | undefined {
    if (array.queued.size < array.queuedCount) return undefined;
    for (let chunk = array.leaders.first; chunk !== undefined; chunk = array.leaders.first) {
      const { worker, lanes } = chunk;
      const isFree = array.queue.couldFollow(array.queue, worker) && !isUnable(array, worker);
      // Behind it, the next one would have no more lanes than it has.
      const isNarrow = lanes < array.concurrency && array.queue.roomWithThread(worker) > 0 && array.room > 0;
      if (isFree && !isNarrow && !waiting.some((first) => wantsPlace(first, chunk))) return chunk;
      array.leaders.delete(chunk);
    }
    return undefined;
  }

  /** Recalls what free threads could run instead, and what others are to run before. */
  share(now: number): void {
    if (this.recalls.areSome)
      this.recalls.recallFor({ idle: this.#fleet.plain.open.size, waiting: this.waiting(), now });
    else this.recalls.nextDue = Infinity;
  }

  /** What still runs of the array keeps its slot and its limits until it ends. */
  forget(array: ArrayRecord): void {
    const { queue } = array;
    this.#useRoom(array);
    this.limits.forget(array);
    this.exclusion.forget(array);
    this.#fleet.leaveQueue(queue);
    // Sweeps the list when more than half of it are forgotten arrays.
    if (queue.listed.size > 2 * queue.arrays) queue.listed.retain(({ isNeeded }) => isNeeded);
  }

  /** To be called when other workers are there than before: of what is queued, these may be able to run nothing. */
  tellStranded(): void {
    for (const { isStranded, listed } of this.#fleet.queues.values()) {
      if (isStranded) for (const array of listed) this.#tellStranded(array);
    }
  }

  /** Says nothing while there is no worker at all: the first one may be the right one. */
  #tellStranded(array: ArrayRecord): void {
    if (array.queue.isPlain || array.isStrandedTold || array.queuedCount === 0 || this.#fleet.workers.size === 0)
      return;
    array.isStrandedTold = true;
    this.#emit({ type: 'stranded', array: array.id });
  }

  #move(array: ArrayRecord, queue: Queue): void {
    const { queue: before, isListed, blockedBy } = array;
    // It counts once more there.
    this.#fleet.leaveQueue(before);
    if (queue === before) return;
    if (isListed) before.listed.retain((other) => other !== array);
    array.isListed = false;
    blockedBy?.release(array);
    this.#useRoom(array);
    array.queue = queue;
    this.add(array);
  }

  #firstOf({ listed }: Queue): ArrayRecord | undefined {
    for (let array = listed.peek(); array !== undefined; array = listed.peek()) {
      const { fullLimit } = array;
      const isPaused = this.pausedClients.has(array.client);
      if (array.queuedCount > 0 && fullLimit === undefined && !isPaused) return array;
      listed.pop();
      array.isListed = false;
      if (array.queuedCount > 0 && !isPaused) fullLimit!.block(array);
      this.#useRoom(array);
    }
    return undefined;
  }

  /** Lists the next array that waited for a limit of this one, if the limit has room. */
  #useRoom({ limits, queue }: ArrayRecord): void {
    for (const limit of limits) if (limit.room > 0) this.#unblock(limit, queue);
  }

  /** Lists one array: whether there is room for another is known once that one was looked at. */
  #unblock(limit: Limit, queue: Queue): void {
    for (let array = limit.unblock(queue); array !== undefined; array = limit.unblock(queue)) {
      this.add(array);
      if (array.isListed) return;
    }
  }
}
