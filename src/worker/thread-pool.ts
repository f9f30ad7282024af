import { setTimeout as delay } from 'node:timers/promises';
import type { Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { ChunkEnd, ChunkPool, ChunkReport, Emit, PooledChunk } from './pool.ts';
import { ThreadSlot } from './thread-slot.ts';
import type { ThreadOptions } from './thread-start.ts';

/** How long a thread rests, at first and at most, that could not load one task after the other, or not be started. */
const firstRestMs = 20;
const longestRestMs = 1_000;

/** Runs chunks on piscina threads of this process, one chunk a thread. */
export class ThreadPool implements ChunkPool {
  readonly threads: number;
  readonly #slots: readonly ThreadSlot[];
  /** The last one is the next to get something. */
  readonly #idle: ThreadSlot[];
  /** How many chunks in a row each could not load the task of, or not be started for. */
  readonly #misses = new Map<ThreadSlot, number>();

  constructor({ threads, ...options }: ThreadOptions & { threads: number }) {
    this.threads = threads;
    this.#slots = Array.from({ length: threads }, () => new ThreadSlot(options));
    this.#idle = this.#slots.toReversed();
  }

  /** How many threads were to be ended and still run, in a native call or a loop that nothing interrupts. */
  get stuckThreads(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.stuckThreads, 0);
  }

  /** Starts all threads ahead of the first chunk. */
  async start(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.start()));
  }

  async run(chunk: PooledChunk, emit: Emit): Promise<ChunkEnd> {
    const slot = this.#idle.pop();
    if (slot === undefined) throw new RangeError(`${this.threads} threads were given one chunk more than they are`);
    let isUnable = false;
    try {
      const end = await slot.run(chunk, (report) => {
        isUnable ||= saysUnable(report);
        return emit(report);
      });
      isUnable ||= end.last.some(saysUnable) || end.loss?.loss.kind === 'not-started';
      if (isUnable) await this.#rest(slot);
      else this.#misses.delete(slot);
      return end;
    } finally {
      // What it cannot load, or start for, others perhaps can.
      if (isUnable) this.#idle.unshift(slot);
      else this.#idle.push(slot);
    }
  }

  /** What it gives back it would soon be given again, if others are busy with what they can load. */
  async #rest(slot: ThreadSlot): Promise<void> {
    const misses = this.#misses.get(slot) ?? 0;
    this.#misses.set(slot, misses + 1);
    if (misses === 0 || this.#misses.size === this.threads) return;
    await delay(Math.min(longestRestMs, firstRestMs * 2 ** misses));
  }

  async closeResource(key: string, log: (record: LogRecord) => void): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.closeResource(key, log)));
  }

  listen(died: (why: string) => void): void {
    for (const slot of this.#slots) slot.died = died;
  }

  /** Ends the thread of the chunk that was begun last. `loss` is what becomes of what it runs. */
  endNewest(loss: Loss): void {
    const latest = (slot: ThreadSlot) => slot.attempt ?? -1;
    this.#slots.toSorted((a, b) => latest(b) - latest(a))[0]?.end(loss);
  }

  recall(attempt: number): void {
    this.#slots.find((slot) => slot.attempt === attempt)?.recall();
  }

  cancel(attempt: number, graceMs: number): void {
    this.#slots.find((slot) => slot.attempt === attempt)?.cancel(graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function saysUnable(report: ChunkReport): boolean {
  return report.type === 'settled' && report.unable !== undefined;
}
