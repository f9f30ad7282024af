// One piscina thread and what is known of it: a pool of pools of one, because piscina does not say which of its threads
// runs what, and a death must be charged to the very index that caused it.

import { once } from 'node:events';
import type { Worker as Thread } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import {
  controlOrders,
  controlWords,
  type Block,
  type ChunkInput,
  type ChunkMessage,
  type Loss,
} from '../lib/chunk.ts';
import type { ChunkLoss, PooledChunk } from './pool.ts';

/** What a thread posts: the reports of a chunk, and that it is through with it. */
export type ThreadMessage = { readonly attempt: number; readonly message: ChunkMessage | { readonly type: 'ended' } };

export interface ThreadOptions {
  /** Megabytes of heap that the thread may use; Node's own default when absent. */
  readonly memoryLimitMb: number | undefined;
}

interface CurrentChunk {
  readonly chunk: PooledChunk;
  readonly emit: (message: ChunkMessage) => void;
  readonly ended: PromiseWithResolvers<void>;
}

const entry = new URL(`../../workers/thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href;
/** How much longer than its timeout a function may take before its thread is ended: first it is told, then it is stopped. */
const timeoutGraceMs = 200;

export class ThreadSlot {
  readonly #options: ThreadOptions;
  readonly #control = new Int32Array(new SharedArrayBuffer(controlWords.length * Int32Array.BYTES_PER_ELEMENT));
  #piscina: Promise<Piscina> | undefined;
  #thread: Thread | undefined;
  #current: CurrentChunk | undefined;
  /** Why we ended the thread ourselves, while it is dying. */
  #endedFor: 'timeout' | 'cancelled' | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  get attempt(): number | undefined {
    return this.#current?.chunk.attempt;
  }

  /** Starts the thread, so that it is warm when the first chunk comes. */
  async start(): Promise<void> {
    await (this.#piscina ??= this.#startThread());
  }

  async run(chunk: PooledChunk, emit: (message: ChunkMessage) => void): Promise<ChunkLoss | undefined> {
    Atomics.store(this.#control, controlWords.running, -1);
    Atomics.store(this.#control, controlWords.order, controlOrders.none);
    this.#current = { chunk, emit, ended: Promise.withResolvers() };
    const watch = this.#watchTimeout(chunk.timeoutMs);
    try {
      const piscina = await (this.#piscina ??= this.#startThread());
      const { timeoutMs: _, ...task } = chunk;
      await piscina.run({ ...task, ...compact(task), control: this.#control });
      // Its result comes over one port, its reports over another: the run is over when both have come.
      await this.#current.ended.promise;
      return undefined;
    } catch (error) {
      return await this.#bury(chunk, error);
    } finally {
      clearInterval(watch);
      this.#current = undefined;
    }
  }

  cancel(graceMs: number): void {
    const current = this.#current;
    if (current === undefined) return;
    Atomics.store(this.#control, controlWords.order, controlOrders.cancel);
    Atomics.notify(this.#control, controlWords.order);
    const timer = setTimeout(() => {
      if (this.#current === current) this.#end('cancelled');
    }, graceMs);
    void current.ended.promise.then(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await (await this.#piscina)?.destroy();
  }

  async #startThread(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    const { memoryLimitMb } = this.#options;
    const piscina = new Piscina({
      filename: entry,
      minThreads: 1,
      maxThreads: 1,
      // Any other mode parks an idle thread and so stops the timers and sockets of the user's modules in it.
      atomics: 'disabled',
      ...(memoryLimitMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb } }),
    });
    // Errors of a thread that runs nothing have nobody to reject to; the next chunk gets a fresh thread.
    piscina.on('error', () => {});
    this.#thread = piscina.threads[0];
    this.#thread?.on('message', (message: unknown) => this.#receive(message));
    return piscina;
  }

  #receive(message: unknown): void {
    if (!isThreadMessage(message) || message.attempt !== this.attempt) return;
    if (message.message.type === 'ended') this.#current?.ended.resolve();
    else this.#current?.emit(message.message);
  }

  #end(reason: 'timeout' | 'cancelled'): void {
    this.#endedFor = reason;
    void this.#thread?.terminate();
  }

  /** Waits until the dead thread's last reports are in, and says what it died of. A new thread starts with the next chunk. */
  async #bury(chunk: PooledChunk, error: unknown): Promise<ChunkLoss> {
    const thread = this.#thread;
    if (thread !== undefined && thread.threadId !== -1) await once(thread, 'exit');
    // Reports that were in the port when the thread died are delivered before its exit is; handlers run in this turn.
    await new Promise((resolve) => setImmediate(resolve));
    this.#current?.ended.resolve();
    const loss = this.#lossOf(error);
    const dead = this.#piscina;
    this.#piscina = undefined;
    this.#endedFor = undefined;
    await (await dead)?.destroy();
    const running = Atomics.load(this.#control, controlWords.running);
    // A thread that died before it started any index died of the module that it had to import: for the first.
    return { index: running === -1 ? chunk.start : running, loss };
  }

  #lossOf(error: unknown): Loss {
    if (this.#endedFor !== undefined) return { kind: this.#endedFor };
    const { code, message } = error as { code?: unknown; message?: string };
    const { memoryLimitMb } = this.#options;
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return { kind: 'out-of-memory', ...(memoryLimitMb !== undefined && { memoryLimitMb }) };
    }
    const exitCode = /worker exited with code: (\d+)/.exec(message ?? '')?.[1];
    if (exitCode !== undefined) return { kind: 'exit', exitCode: Number(exitCode) };
    return { kind: 'error', message: message ?? String(error) };
  }

  /** Ends the thread when one start of an index has been the latest for too long: its event loop does not turn. */
  #watchTimeout(timeoutMs: number | undefined): NodeJS.Timeout | undefined {
    if (timeoutMs === undefined) return undefined;
    let seen = { starts: -1, at: performance.now() };
    const check = () => {
      const starts = Atomics.load(this.#control, controlWords.starts);
      const isRunning = Atomics.load(this.#control, controlWords.running) !== -1;
      if (starts !== seen.starts || !isRunning) seen = { starts, at: performance.now() };
      else if (performance.now() - seen.at > timeoutMs + timeoutGraceMs) this.#end('timeout');
    };
    return setInterval(check, Math.min(100, timeoutMs));
  }
}

/** A view of a large buffer is posted with all of that buffer, so views are cut out first; shared memory is not copied. */
function compact(chunk: { elementwise: readonly ChunkInput[]; notes: PooledChunk['notes'] }) {
  const own = (bytes: Uint8Array) => (bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());
  const block = ({ start, count, bytes }: Block): Block => ({ start, count, bytes: own(bytes) });
  return {
    elementwise: chunk.elementwise.map(({ array, blocks }) => ({ array, blocks: blocks.map(block) })),
    notes: chunk.notes.map(({ index, bytes }) => ({ index, bytes: own(bytes) })),
  };
}

function isThreadMessage(message: unknown): message is ThreadMessage {
  return typeof message === 'object' && message !== null && 'attempt' in message && 'message' in message;
}
