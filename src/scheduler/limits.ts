// Limits how many task runs of one tag a client has at once, on all workers together.

import assert from 'node:assert/strict';
import { Heap } from '../lib/heap.ts';
import type { TagLimit } from '../lib/placing.ts';
import { runsBefore, type ArrayRecord, type Chunk } from './array-record.ts';
import type { ClientId } from './events.ts';
import type { Queue } from './queue.ts';

export class Limit implements TagLimit {
  readonly client: ClientId;
  readonly tag: string;
  readonly most: number;
  used = 0;
  /** How many living arrays it applies to. */
  arrays = 0;
  /** Arrays that could run if there were room, by their queue. Some may have nothing queued any more. */
  readonly blocked = new Map<Queue, Heap<ArrayRecord>>();

  constructor(client: ClientId, { tag, most }: TagLimit) {
    this.client = client;
    this.tag = tag;
    this.most = most;
  }

  get room(): number {
    return this.most - this.used;
  }

  block(array: ArrayRecord): void {
    let blocked = this.blocked.get(array.queue);
    if (blocked === undefined) this.blocked.set(array.queue, (blocked = new Heap(runsBefore)));
    blocked.push(array);
    array.blockedBy = this;
  }

  /** The array leaves its queue. */
  release(array: ArrayRecord): void {
    const blocked = this.blocked.get(array.queue)!;
    blocked.retain((other) => other !== array);
    if (blocked.size === 0) this.blocked.delete(array.queue);
    array.blockedBy = undefined;
  }

  /** The first array that it keeps out of each queue, of those that have something queued. */
  firstBlocked(): readonly ArrayRecord[] {
    return [...this.blocked].flatMap(([queue, blocked]) => {
      let first = blocked.peek();
      for (; first?.queuedCount === 0; first = blocked.peek()) this.unblock(queue);
      return first ?? [];
    });
  }

  /** Removes and returns the first array that it keeps out of this queue. */
  unblock(queue: Queue): ArrayRecord | undefined {
    const blocked = this.blocked.get(queue);
    const array = blocked?.pop();
    if (array !== undefined) array.blockedBy = undefined;
    if (blocked?.size === 0) this.blocked.delete(queue);
    return array;
  }
}

export class Limits {
  readonly #limits = new Map<string, Limit>();

  /** The limits of a new array. While a tag has arrays, the number that its first one gave stays. */
  of(client: ClientId, specs: readonly TagLimit[]): readonly Limit[] {
    return specs.map((spec) => {
      const key = keyOf(client, spec.tag);
      let limit = this.#limits.get(key);
      if (limit === undefined) this.#limits.set(key, (limit = new Limit(client, spec)));
      limit.arrays += 1;
      return limit;
    });
  }

  occupy({ array, lanes }: Chunk): void {
    for (const limit of array.limits) {
      limit.used += lanes;
      assert(limit.room >= 0, `more than ${limit.most} runs of tag ${limit.tag}`);
    }
  }

  /** What the chunk behind it takes over is not free in between. */
  vacate({ array, lanes, next }: Chunk): void {
    for (const limit of array.limits) {
      limit.used -= lanes - (next?.lanes ?? 0);
      this.#forgetUnused(limit);
    }
  }

  /** What still runs of it counts until it ends. */
  forget(array: ArrayRecord): void {
    for (const limit of array.limits) {
      limit.arrays -= 1;
      this.#forgetUnused(limit);
    }
  }

  #forgetUnused({ client, tag, arrays, used }: Limit): void {
    if (arrays === 0 && used === 0) this.#limits.delete(keyOf(client, tag));
  }

  [Symbol.iterator](): IterableIterator<Limit> {
    return this.#limits.values();
  }
}

function keyOf(client: ClientId, tag: string): string {
  return `${client} ${tag}`;
}
