// One piscina thread and what is known of it: a pool of pools of one, because piscina does not say which of its threads
// runs what, and a death must be charged to the very index that caused it.

import type { Worker as Thread } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { controlOrders, controlWords, type Block, type ChunkMessage, type ChunkTask, type Loss } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { attach, attachmentsOfAll, type Attachments, type PostedChunk } from '../lib/attachments.ts';
import { timerMs } from '../lib/timer.ts';
import type { ChunkLoss, PooledChunk } from './pool.ts';
import { ThreadResources } from './thread-resources.ts';

/** What a thread posts: the reports of a chunk or of a closing, and that it is through with it. */
export type ThreadMessage =
  | {
      readonly attempt: number;
      readonly message: ChunkMessage | { readonly type: 'ended' };
      /** What belongs to its bytes. */
      readonly attached?: Attachments;
    }
  | { readonly closing: string; readonly message: LogRecord | { readonly type: 'ended' } };

export interface ThreadOptions {
  /** Megabytes of heap that the thread may use; Node's own default when absent. */
  readonly memoryLimitMb: number | undefined;
  /** What the modules of tasks find behind the first two of `process.argv`; nothing if absent. */
  readonly argv?: readonly string[];
}

interface LiveThread {
  readonly piscina: Piscina;
  readonly thread: Thread;
  /** Resolves when the thread is gone, and so is the fresh one that piscina puts in its place. */
  readonly exited: Promise<void>;
}

interface CurrentClosing {
  readonly key: string;
  readonly log: (record: LogRecord) => void;
  readonly ended: PromiseWithResolvers<void>;
}

interface CurrentChunk {
  readonly chunk: PooledChunk;
  readonly emit: (message: ChunkMessage) => void;
  readonly ended: PromiseWithResolvers<void>;
  /** The first index of which nothing was reported yet. */
  next: number;
  /** Why we ended the thread ourselves. */
  endedFor?: 'timeout' | 'cancelled';
}

const entry = new URL(`../../workers/thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href;
/**
 * How much longer than its timeout a function may take before its thread is ended: first it is told, then it is
 * stopped.
 */
const timeoutGraceMs = 200;
/** Likewise for the cleanup of a resource: at first it is only waited for no longer. */
const closingGraceMs = 1_000;

export class ThreadSlot {
  readonly #options: ThreadOptions;
  readonly #control = new Int32Array(new SharedArrayBuffer(controlWords.length * Int32Array.BYTES_PER_ELEMENT));
  #live: Promise<LiveThread> | undefined;
  #current: CurrentChunk | undefined;
  readonly #resources = new ThreadResources();
  #closing: CurrentClosing | undefined;
  /** Resolves when every closing that was asked for is through. */
  #closings: Promise<void> | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  get attempt(): number | undefined {
    return this.#current?.chunk.attempt;
  }

  /** Starts the thread, so that it is warm when the first chunk comes. */
  async start(): Promise<void> {
    await (this.#live ??= this.#startThread());
  }

  async run(chunk: PooledChunk, emit: (message: ChunkMessage) => void): Promise<ChunkLoss | undefined> {
    Atomics.store(this.#control, controlWords.running, -1);
    Atomics.store(this.#control, controlWords.order, controlOrders.none);
    const current: CurrentChunk = { chunk, emit, ended: Promise.withResolvers(), next: chunk.start };
    this.#current = current;
    if (this.#closings !== undefined) await this.#closings;
    const watch = this.#watchTimeout(current);
    try {
      // The thread that would have run it was ended while it waited.
      if (current.endedFor !== undefined) return undefined;
      return await this.#runOn(await (this.#live ??= this.#startThread()), current);
    } catch (error) {
      this.#live = undefined;
      return { index: chunk.start, loss: { kind: 'error', message: `no thread could be started: ${String(error)}` } };
    } finally {
      clearInterval(watch);
      current.ended.resolve();
      this.#current = undefined;
    }
  }

  cancel(graceMs: number): void {
    const current = this.#current;
    if (current === undefined) return;
    Atomics.store(this.#control, controlWords.order, controlOrders.cancel);
    Atomics.notify(this.#control, controlWords.order);
    const timer = setTimeout(() => this.#end(current, 'cancelled'), timerMs(graceMs));
    void current.ended.promise.then(() => clearTimeout(timer));
  }

  /** Waits for its turn: what runs on the thread now, and other closings, come first; the next chunk comes after. */
  async closeResource(key: string, log: (record: LogRecord) => void): Promise<void> {
    if (!this.#resources.has(key)) return;
    const [before, chunk] = [this.#closings, this.#current?.ended.promise];
    const closing = Promise.all([before, chunk]).then(() => this.#close(key, log));
    this.#closings = closing;
    await closing;
    if (this.#closings === closing) this.#closings = undefined;
  }

  async close(): Promise<void> {
    await (await this.#live)?.piscina.destroy();
  }

  async #startThread(): Promise<LiveThread> {
    const { Piscina } = await import('piscina');
    const { memoryLimitMb, argv } = this.#options;
    const piscina = new Piscina({
      filename: entry,
      minThreads: 1,
      maxThreads: 1,
      // Any other mode parks an idle thread and so stops the timers and sockets of the user's modules in it.
      atomics: 'disabled',
      ...(argv !== undefined && { argv: [...argv] }),
      ...(memoryLimitMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb } }),
    });
    // Errors of a thread that runs nothing have nobody to reject to; the next chunk gets a fresh thread.
    piscina.on('error', () => {});
    const thread = piscina.threads[0]!;
    thread.on('message', (message: unknown) => this.#receive(message));
    const exited = Promise.withResolvers<void>();
    thread.once('exit', () => {
      this.#resources.threadEnded();
      // The thread that piscina starts instead is not listened to, and may die unnoticed: the next chunk gets our own.
      this.#live = undefined;
      void piscina.destroy().then(exited.resolve);
    });
    return { piscina, thread, exited: exited.promise };
  }

  async #runOn(live: LiveThread, current: CurrentChunk): Promise<ChunkLoss | undefined> {
    const { timeoutMs: _, ...task } = current.chunk;
    try {
      await live.piscina.run(posted({ ...task, control: this.#control }));
    } catch (error) {
      return await this.#bury(live, current, error);
    }
    // Its result comes over one port, its reports over another: the run is over when both have come.
    const hasEnded = await Promise.race([current.ended.promise.then(() => true), live.exited.then(() => false)]);
    if (!hasEnded) return await this.#bury(live, current, new Error('its parentPort was closed, or it ended too soon'));
    // It was through just before it was ended; what comes next must not meet a thread that is about to die.
    if (current.endedFor !== undefined) await live.exited;
    return undefined;
  }

  async #close(key: string, log: (record: LogRecord) => void): Promise<void> {
    const opened = this.#resources.get(key);
    const live = opened && (await this.#live);
    if (live !== undefined) {
      this.#closing = { key, log, ended: Promise.withResolvers() };
      const timer = setTimeout(() => void live.thread.terminate(), timerMs(opened!.closingMs + closingGraceMs));
      try {
        await live.piscina.run({ closing: key });
        await Promise.race([this.#closing.ended.promise, live.exited]);
      } catch {
        // It ended the thread, or had to be ended: what was open is lost.
        void live.thread.terminate();
        await live.exited;
      }
      clearTimeout(timer);
      this.#closing = undefined;
    }
    const loss = this.#resources.closed(key);
    if (loss !== undefined) log(loss);
  }

  #receive(message: unknown): void {
    if (isClosingMessage(message)) return this.#receiveClosing(message);
    const current = this.#current;
    if (current === undefined || !isThreadMessage(message) || message.attempt !== current.chunk.attempt) return;
    const report = message.message;
    if (report.type === 'settled' && message.attached !== undefined) attach(report.bytes, message.attached);
    if (report.type === 'ended') return current.ended.resolve();
    if (report.type === 'settled') current.next = report.start + report.count;
    if (report.type === 'delayed') current.next = report.index + 1;
    if (report.type === 'opened') this.#resources.opened(report);
    current.emit(report);
  }

  #receiveClosing({ closing, message }: Extract<ThreadMessage, { closing: string }>): void {
    if (closing !== this.#closing?.key) return;
    if ('type' in message) this.#closing.ended.resolve();
    else this.#closing.log(message);
  }

  #end(current: CurrentChunk, reason: 'timeout' | 'cancelled'): void {
    if (this.#current !== current || current.endedFor !== undefined) return;
    current.endedFor = reason;
    void this.#live?.then(({ thread }) => thread.terminate());
  }

  /** Waits until the dead thread's last reports are in, and says what it died of. */
  async #bury({ thread, exited }: LiveThread, current: CurrentChunk, error: unknown): Promise<ChunkLoss | undefined> {
    // Almost always it is dying already. What else ends a run here would leave it in a state that nobody knows.
    void thread.terminate();
    // Reports that were in the port when the thread died are delivered before its exit is.
    await exited;
    const running = Atomics.load(this.#control, controlWords.running);
    const loss = this.#lossOf(current, error);
    // Whatever it died of, the index that was running is through already, and no other has begun to overrun.
    if (current.endedFor !== undefined && running < current.next) return undefined;
    // Before it started any index it died of the module that it had to import, between two of what the first left
    // behind: either way the next one is charged, so that each death brings the end nearer.
    const index = Math.max(running, current.next);
    return index < current.chunk.end ? { index, loss } : undefined;
  }

  #lossOf({ endedFor }: CurrentChunk, error: unknown): Loss {
    if (endedFor !== undefined) return { kind: endedFor };
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
  #watchTimeout(current: CurrentChunk): NodeJS.Timeout | undefined {
    const { timeoutMs } = current.chunk;
    if (timeoutMs === undefined) return undefined;
    let seen = { starts: -1, at: performance.now() };
    const check = () => {
      const starts = Atomics.load(this.#control, controlWords.starts);
      const isRunning = Atomics.load(this.#control, controlWords.running) !== -1;
      if (starts !== seen.starts || !isRunning) seen = { starts, at: performance.now() };
      else if (performance.now() - seen.at > timeoutMs + timeoutGraceMs) this.#end(current, 'timeout');
    };
    return setInterval(check, Math.min(100, timeoutMs));
  }
}

/**
 * A view of a large buffer is posted with all of that buffer, so views are cut out first; shared memory is not
 * copied.
 */
function posted(task: ChunkTask): PostedChunk {
  const own = (bytes: Uint8Array) => (bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice());
  const block = ({ start, count, bytes }: Block): Block => ({ start, count, bytes: own(bytes) });
  const elementwise = task.elementwise.map(({ array, blocks }) => ({ array, blocks: blocks.map(block) }));
  const notes = task.notes.map(({ index, bytes }) => ({ index, bytes: own(bytes) }));
  const blocks = [...elementwise, ...task.whole].flatMap((input) => input.blocks);
  const attachments = attachmentsOfAll([task.definition, ...blocks.map(({ bytes }) => bytes)]);
  return { ...task, elementwise, notes, attachments };
}

function isClosingMessage(message: unknown): message is Extract<ThreadMessage, { closing: string }> {
  return typeof message === 'object' && message !== null && 'closing' in message && 'message' in message;
}

function isThreadMessage(message: unknown): message is Extract<ThreadMessage, { attempt: number }> {
  return typeof message === 'object' && message !== null && 'attempt' in message && 'message' in message;
}
