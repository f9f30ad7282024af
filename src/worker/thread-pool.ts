import type { Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import type { ChunkEnd, ChunkPool, Emit, PooledChunk } from './pool.ts';
import { ThreadSlot } from './thread-slot.ts';
import type { ThreadOptions } from './thread-start.ts';

/** A chunk that has no thread yet, since those that are idle cannot load its task. */
interface WaitingChunk {
  readonly chunk: PooledChunk;
  readonly emit: Emit;
  /** With nothing when it was called off. */
  readonly begin: (slot: ThreadSlot | undefined) => void;
}

/** Of so many arrays it is known which threads cannot load them. */
const mostKnown = 16;

/**
 * Runs chunks on piscina threads of this process, one chunk a thread. If a thread cannot load a task, another one runs
 * the chunk: that is told only when all of them were unable.
 */
export class ThreadPool implements ChunkPool {
  readonly threads: number;
  readonly #slots: readonly ThreadSlot[];
  readonly #idle: ThreadSlot[];
  #chunks = 0;
  readonly #waiting = new Set<WaitingChunk>();
  /** By array. */
  readonly #unable = new Map<number, Set<ThreadSlot>>();

  constructor({ threads, ...options }: ThreadOptions & { threads: number }) {
    this.threads = threads;
    this.#slots = Array.from({ length: threads }, () => new ThreadSlot(options));
    this.#idle = [...this.#slots];
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
    if (this.#chunks === this.threads)
      throw new RangeError(`${this.threads} threads were given one chunk more than they are`);
    this.#chunks += 1;
    try {
      return await this.#runWhereAble(chunk, emit);
    } finally {
      this.#chunks -= 1;
    }
  }

  async #runWhereAble(chunk: PooledChunk, emit: Emit): Promise<ChunkEnd> {
    let why: string | undefined;
    for (;;) {
      const slot = this.#takeIdle(chunk) ?? (await this.#waitForSlot(chunk, emit));
      // What was called off has not begun.
      if (slot === undefined) return { last: [] };
      const end = await this.#runOn(slot, chunk, emit);
      const unable = unableIn(end);
      if (unable === undefined && why !== undefined) void emit({ type: 'logs', records: [unableRecord(chunk, why)] });
      if (unable === undefined || this.#areAllUnable(chunk)) return end;
      why = unable;
      const written = end.last.filter(({ type }) => type === 'logs');
      // Nobody has the inputs any more: whoever handed it out does so again.
      if (areInputsGone(chunk)) return { last: written };
      for (const report of written) void emit(report);
    }
  }

  async #runOn(slot: ThreadSlot, chunk: PooledChunk, emit: Emit): Promise<ChunkEnd> {
    try {
      const end = await slot.run(chunk, emit);
      if (unableIn(end) !== undefined) this.#noteUnable(slot, chunk);
      return end;
    } finally {
      this.#idle.push(slot);
      if (this.#waiting.size > 0) this.#serveWaiting();
    }
  }

  /** The thread that was idle for the shortest time, of those that may be able to. */
  #takeIdle({ array }: PooledChunk): ThreadSlot | undefined {
    const unable = this.#unable.get(array);
    // If none is able, all may say why.
    if (unable === undefined || unable.size === this.threads) return this.#idle.pop();
    const at = this.#idle.findLastIndex((slot) => !unable.has(slot));
    return at === -1 ? undefined : this.#idle.splice(at, 1)[0];
  }

  #waitForSlot(chunk: PooledChunk, emit: Emit): Promise<ThreadSlot | undefined> {
    return new Promise((begin) => this.#waiting.add({ chunk, emit, begin }));
  }

  #serveWaiting(): void {
    for (const each of this.#waiting) {
      const slot = this.#takeIdle(each.chunk);
      if (slot === undefined) continue;
      this.#waiting.delete(each);
      each.begin(slot);
    }
  }

  #noteUnable(slot: ThreadSlot, { array }: PooledChunk): void {
    const unable = this.#unable.get(array) ?? new Set<ThreadSlot>();
    this.#unable.delete(array);
    this.#unable.set(array, unable.add(slot));
    if (this.#unable.size > mostKnown) this.#unable.delete(this.#unable.keys().next().value!);
  }

  #areAllUnable({ array }: PooledChunk): boolean {
    return this.#unable.get(array)?.size === this.threads;
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
    const waiting = this.#takeWaiting(attempt);
    if (waiting === undefined) return this.#slots.find((slot) => slot.attempt === attempt)?.recall();
    void waiting.emit({ type: 'returned', ranges: waiting.chunk.ranges });
    waiting.begin(undefined);
  }

  cancel(attempt: number, graceMs: number): void {
    const waiting = this.#takeWaiting(attempt);
    if (waiting !== undefined) return waiting.begin(undefined);
    this.#slots.find((slot) => slot.attempt === attempt)?.cancel(graceMs);
  }

  #takeWaiting(attempt: number): WaitingChunk | undefined {
    const waiting = this.#waiting.values().find(({ chunk }) => chunk.attempt === attempt);
    if (waiting !== undefined) this.#waiting.delete(waiting);
    return waiting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

/** Why the thread could not load the task, if that is so. */
function unableIn({ last }: ChunkEnd): string | undefined {
  for (const report of last) if (report.type === 'settled' && report.unable !== undefined) return report.unable;
  return undefined;
}

function unableRecord({ name: task }: PooledChunk, why: string): LogRecord {
  const message = `a thread of its worker is unable to run it, so others there do: ${why.split('\n', 1)[0]}`;
  return { time: Date.now(), level: 'warn', message, task };
}

function areInputsGone({ elementwise }: PooledChunk): boolean {
  return elementwise.some(({ blocks }) => blocks.some(({ bytes }) => (bytes.buffer as ArrayBuffer).detached));
}
