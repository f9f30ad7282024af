// A machine's share of the work: one comm to a scheduler, one pool of threads. It runs chunks and reports; it never
// opens what it carries, and never runs user code itself.

import { threadId } from 'node:worker_threads';
import { unreachable } from '../lib/unreachable.ts';
import type { ChunkInput, ChunkMessage, CodeSource } from '../lib/chunk.ts';
import { attachShared } from '../lib/attachments.ts';
import { timerMs } from '../lib/timer.ts';
import type { Comm } from '../comm/comm.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ArrayDefinition, FromWorker, ToWorker } from '../protocol/messages.ts';
import { CodeRequests, type CodeKeeper } from './code-requests.ts';
import type { ChunkLoss, ChunkPool } from './pool.ts';

interface HeldArray {
  readonly key: number;
  readonly definition: ArrayDefinition;
  /** In shared memory, so that each thread reads it without a copy. */
  readonly bytes: Uint8Array;
  readonly whole: readonly ChunkInput[];
  /** Resolves when it is known how its function is got at; asked for by its first chunk. */
  code: Promise<CodeSource> | undefined;
}

const noCode: CodeSource = {};
/** How long what runs may take to end by itself then, so that it can be closed. */
const closingGraceMs = 1_000;

/**
 * Names an array for the threads of this process: never used twice, so that what a thread keeps is never another's. A
 * thread can have workers of its own, when a task runs a flow; hence its number in the key.
 */
let nextKey = threadId * 2 ** 32 + 1;

export class Worker implements AsyncDisposable {
  readonly #comm: Comm<ToWorker, FromWorker>;
  readonly #pool: ChunkPool;
  readonly #code: CodeRequests | undefined;
  readonly #arrays = new Map<number, HeldArray>();
  readonly #running = new Map<number, Promise<void>>();
  /** Attempts that were told to end, and have their grace for it. */
  readonly #cancelled = new Set<number>();
  /** Resources that were opened here, and that nobody has begun to close. */
  readonly #resources = new Set<string>();
  readonly #closings = new Set<Promise<void>>();
  readonly #closed = Promise.withResolvers<string>();
  #isConnected = true;
  #isLeaving = false;

  /** `comm` has been welcomed: the next message is work. */
  constructor(comm: Comm<ToWorker, FromWorker>, pool: ChunkPool, code?: CodeKeeper) {
    this.#comm = comm;
    this.#pool = pool;
    this.#code = code && new CodeRequests(comm, code);
  }

  /** Resolves with the reason when the scheduler's end is gone, or says that it is time to go. */
  get closed(): Promise<string> {
    return this.#closed.promise;
  }

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** To be called by whoever listens to the comm. */
  handle(message: ToWorker): void {
    switch (message.type) {
      case 'define':
        this.#arrays.set(message.definition.array, hold(message));
        return;
      case 'run':
        if (!this.#isLeaving) this.#start(message);
        return;
      case 'cancel':
        this.#cancelled.add(message.attempt);
        this.#pool.cancel(message.attempt, message.graceMs);
        return;
      case 'forget':
        this.#arrays.delete(message.array);
        this.#code?.forget(message.array);
        return;
      case 'close-resource':
        this.#closeResource(message.resource);
        return;
      case 'code':
      case 'bundle':
        this.#code?.hear(message);
        return;
      case 'close':
      case 'refused':
        this.#closed.resolve('reason' in message ? message.reason : message.message);
        return;
      case 'welcome':
        return;
      default:
        unreachable(message);
    }
  }

  /** The comm is gone. What still runs is told to stop: nobody waits for it any more. */
  disconnected(reason: string): void {
    this.#isConnected = false;
    this.#code?.forgetAll();
    this.#stopAll();
    this.#closed.resolve(reason);
  }

  /** For those who look after the scheduler. */
  tellMemory(memoryBytes: number): void {
    if (this.#isConnected) this.#comm.send({ type: 'vitals', memoryBytes });
  }

  /** Takes no more work, and resolves when what runs is finished, or `limitMs` is over and it was stopped. */
  async drain(limitMs: number): Promise<void> {
    const timeUp = Promise.withResolvers<void>();
    const timer = setTimeout(timeUp.resolve, timerMs(limitMs));
    void timeUp.promise.then(() => this.#stopAll());
    if (this.#isConnected) {
      this.#comm.send({ type: 'draining' });
      // The answer comes behind the chunks that were on their way when we said so. They are run as well: left behind,
      // they would be charged with the loss of this worker.
      await Promise.race([this.closed, timeUp.promise]);
    }
    while (this.#running.size > 0) await Promise.all(this.#running.values());
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLeaving = true;
    if (this.#isConnected) this.#comm.send({ type: 'draining' });
    this.#stopAll();
    await Promise.all(this.#running.values());
    for (const resource of this.#resources) this.#closeResource(resource);
    await Promise.all(this.#closings);
    await this.#comm.close('worker closed');
    await this.#pool[Symbol.asyncDispose]();
  }

  /** Ends what has not been given time to end by itself; at once, unless something may be open on its thread. */
  #stopAll(): void {
    const graceMs = this.#resources.size > 0 ? closingGraceMs : 0;
    for (const attempt of this.#running.keys()) if (!this.#cancelled.has(attempt)) this.#pool.cancel(attempt, graceMs);
  }

  #start(message: Extract<ToWorker, { type: 'run' }>): void {
    const { array, attempt } = message;
    if (!this.#arrays.has(array))
      throw new ProtocolError(`attempt ${attempt} is of array ${array}, never defined here`);
    if (this.#running.size >= this.#pool.threads) throw new ProtocolError(`attempt ${attempt} is one too many for us`);
    const running = this.#run(message).finally(() => {
      this.#running.delete(message.attempt);
      this.#cancelled.delete(message.attempt);
    });
    this.#running.set(message.attempt, running);
  }

  async #run(message: Extract<ToWorker, { type: 'run' }>): Promise<void> {
    const { attempt, start, end, inputs, notes, timedOut } = message;
    const array = this.#arrays.get(message.array)!;
    const { definition, key, bytes, whole } = array;
    const isAsked = this.#code !== undefined && definition.code !== undefined;
    const code = isAsked ? await (array.code ??= this.#code.ask(definition.array)) : noCode;
    // Nobody wants it any more: what it waited for does not come either.
    if (this.#cancelled.has(attempt) || !this.#isConnected) return this.#comm.send({ type: 'ended', attempt });
    const chunk = {
      code,
      name: definition.name,
      length: definition.length,
      array: key,
      attempt,
      start,
      end,
      notes,
      timedOut,
      whole,
      definition: bytes,
      elementwise: inputs,
      timeoutMs: definition.timeoutMs,
    };
    const loss = await this.#pool.run(chunk, (report) => this.#report(attempt, report));
    if (loss !== undefined) this.#reportLoss(attempt, loss);
    this.#comm.send({ type: 'ended', attempt });
  }

  #report(attempt: number, report: ChunkMessage): void {
    if (report.type !== 'opened') return this.#comm.send({ attempt, ...report });
    const { type, resource } = report;
    this.#resources.add(resource);
    this.#comm.send({ type, attempt, resource });
  }

  #closeResource(resource: string): void {
    this.#resources.delete(resource);
    const closing = this.#pool.closeResource(resource, (record) => {
      this.#comm.send({ type: 'resource-logs', resource, records: [record] });
    });
    const answered = closing.then(() => {
      this.#comm.send({ type: 'closed', resource });
      this.#closings.delete(answered);
    });
    this.#closings.add(answered);
  }

  #reportLoss(attempt: number, { index, loss }: ChunkLoss): void {
    // Whoever cancelled does not want the index back.
    if (loss.kind === 'cancelled') return;
    if (loss.kind === 'timeout') this.#comm.send({ type: 'timed-out', attempt, index });
    else this.#comm.send({ type: 'lost', attempt, index, loss });
  }
}

function hold({ definition, whole }: Extract<ToWorker, { type: 'define' }>): HeldArray {
  const shared = whole.map(({ array, blocks }) => ({
    array,
    blocks: blocks.map(({ start, count, bytes }) => ({ start, count, bytes: share(bytes) })),
  }));
  return { key: nextKey++, definition, bytes: share(definition.definition), whole: shared, code: undefined };
}

function share(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  attachShared(shared, bytes);
  return shared;
}
