// The workers: who has a free slot, whose turn it is, and who has been silent for too long.

import assert from 'node:assert/strict';
import { Heap } from '../lib/heap.ts';
import type { Chunk } from './array-record.ts';
import type { Attempt, WorkerId } from './events.ts';
import { Turns } from './turns.ts';

export interface WorkerRecord {
  readonly id: WorkerId;
  readonly threads: number;
  /** One a slot, cancelled ones too: their thread is still busy. */
  readonly chunks: Map<Attempt, Chunk>;
  isDraining: boolean;
  lastSeen: number;
}

export class Fleet {
  readonly workers = new Map<WorkerId, WorkerRecord>();
  /** The workers with a free slot that may get chunks. They take turns, so that chunks spread before they pile up. */
  readonly open = new Turns<WorkerRecord>();
  /** How many slots get chunks at all, free or not. */
  slots = 0;

  readonly #heartbeatTimeoutMs: number;
  /** Each worker once, by a time before which it cannot have been silent for too long. Who left may linger. */
  readonly #watched = new Heap<{ worker: WorkerRecord; until: number }>((a, b) => a.until < b.until);
  #lastTick = -Infinity;
  /** Silence counts from here at the earliest. */
  #forgivenAt = -Infinity;

  constructor(heartbeatTimeoutMs: number) {
    this.#heartbeatTimeoutMs = heartbeatTimeoutMs;
  }

  join({ id, threads, now }: { id: WorkerId; threads: number; now: number }): void {
    assert(!this.workers.has(id), `${id} joined twice`);
    const worker: WorkerRecord = { id, threads, chunks: new Map(), isDraining: false, lastSeen: now };
    this.workers.set(id, worker);
    this.slots += threads;
    this.#reopen(worker);
    this.#watched.push({ worker, until: now + this.#heartbeatTimeoutMs });
  }

  drain(worker: WorkerRecord): void {
    if (worker.isDraining) return;
    worker.isDraining = true;
    this.slots -= worker.threads;
    this.open.delete(worker);
  }

  leave(worker: WorkerRecord): void {
    this.drain(worker);
    this.workers.delete(worker.id);
  }

  occupySlot(chunk: Chunk): void {
    const { worker } = chunk;
    worker.chunks.set(chunk.attempt, chunk);
    this.open.delete(worker);
    this.#reopen(worker);
  }

  freeSlot(chunk: Chunk): void {
    chunk.worker.chunks.delete(chunk.attempt);
    this.#reopen(chunk.worker);
  }

  /**
   * The workers of which nothing was heard for too long. A late tick says that we slept, not that they died: what they
   * sent meanwhile may still lie unread, so their silence starts anew.
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
    return silent;
  }

  #reopen(worker: WorkerRecord): void {
    if (!worker.isDraining && worker.chunks.size < worker.threads) this.open.add(worker);
  }
}
