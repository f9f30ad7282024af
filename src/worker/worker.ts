// A machine's share of the work: one comm to a scheduler, one pool of threads. It runs chunks and reports; it never
// opens what it carries, and never runs user code itself. This is the shell of `WorkerCore`, which decides.

import { threadId } from 'node:worker_threads';
import { attachmentsOf, attachShared } from '../lib/attachments.ts';
import type { ChunkInput, CodeSource } from '../lib/chunk.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { shortBytes } from '../lib/posted.ts';
import { tellLine } from '../lib/standard-error.ts';
import { timerMs } from '../lib/timer.ts';
import { unreachable } from '../lib/unreachable.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { Comm } from '../comm/comm.ts';
import type { ArrayDefinition, FromWorker, ToWorker } from '../protocol/messages.ts';
import { WorkerCore, type RunMessage, type WorkerCommand, type WorkerEvent } from './core.ts';
import type { ChunkPool, ChunkReport } from './pool.ts';

/** Where a worker keeps the code that is sent to it. One without such a place imports what is on its machine. */
export interface CodeKeeper {
  /** For messages. */
  readonly directory: string;
  /** URL of the file to import for a bundle, if it is here. */
  find(id: string): string | undefined;
  /** Throws for bytes that are not what the id says. */
  add(id: string, bytes: Uint8Array): void;
}

interface DefinedArray extends Pick<ArrayDefinition, 'name' | 'length' | 'definition'> {
  readonly key: number;
  readonly timeoutMs: number | undefined;
  readonly whole: readonly number[];
}

const placeRemedy = 'Give it a folder with room that it can write to: HEDDLE__CODE__DIRECTORY';

/** When the scheduler has not yet taken more bytes than this, threads wait before they report more, */
const mostBytes = 16 * 2 ** 20;
/** until no more than this are left. */
const fewBytes = 4 * 2 ** 20;

/** Who ends a process, as Docker does, may give it ten seconds, and a scheduler that is gone or frozen says nothing. */
const farewellMs = 3_000;

/**
 * Names an array for the threads of this process: never used twice, so that what a thread keeps is never another's. A
 * thread can have workers of its own, when a task runs a flow; hence its number in the key.
 */
let nextKey = threadId * 2 ** 32 + 1;

export class Worker implements AsyncDisposable {
  /** What the scheduler calls it: with a number behind it, when another one has the same name. */
  name = '';
  readonly #core: WorkerCore;
  readonly #comm: Comm<ToWorker, FromWorker>;
  readonly #pool: ChunkPool;
  readonly #code: CodeKeeper | undefined;
  readonly #arrays = new Map<number, DefinedArray>();
  /** What arrays came to that others need whole. */
  readonly #wholes = new Map<number, ChunkInput>();
  /** Attempts whose reports the scheduler takes no more of for now. */
  readonly #held = new Map<number, PromiseWithResolvers<void>>();
  readonly #dismissed = Promise.withResolvers<string>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();

  /** Until `comm` is welcomed, nothing is to be handed to it. */
  constructor(comm: Comm<ToWorker, FromWorker>, pool: ChunkPool, code?: CodeKeeper) {
    this.#core = new WorkerCore({ threads: pool.threads, keepsCode: code !== undefined });
    this.#comm = comm;
    this.#pool = pool;
    this.#code = code;
    pool.listen?.((why) => this.#tellOfIdleDeath(why));
  }

  /** Resolves with the reason when the scheduler's end is gone, or says that it is time to go. */
  get closed(): Promise<string> {
    return this.#dismissed.promise;
  }

  get isBusy(): boolean {
    return this.#core.isBusy;
  }

  /** To be called by whoever listens to the comm. */
  handle(message: ToWorker): void {
    if (message.type === 'code') return this.#handle(this.#codeNamed(message));
    if (message.type === 'bundle') {
      const { id, bytes } = message;
      return this.#handle({ type: 'bundle-arrived', bundle: id, source: this.#kept(id, bytes) });
    }
    if (message.type === 'hold' || message.type === 'go-on') return this.#pace(message);
    if (message.type === 'define') this.#arrays.set(message.definition.array, definedArray(message.definition));
    if (message.type === 'whole') this.#wholes.set(message.array, sharedInput(message));
    this.#handle({ type: 'told', message });
    if (message.type === 'define') this.#lookFor(message.definition);
    if (message.type !== 'forget') return;
    this.#arrays.delete(message.array);
    this.#wholes.delete(message.array);
  }

  /** The comm is gone. What still runs is told to stop: nobody waits for it any more. */
  disconnected(reason: string): void {
    for (const attempt of this.#held.keys()) this.#letGo(attempt);
    this.#handle({ type: 'disconnected', reason });
  }

  /** Tells the scheduler how much memory this worker's process takes. */
  tellVitals(vitals: Omit<Extract<FromWorker, { type: 'vitals' }>, 'type'>): void {
    this.#comm.send({ type: 'vitals', ...vitals });
  }

  /**
   * Takes no more work, and resolves when what runs is finished, or `limitMs` is over and it was stopped. Where nothing
   * runs or arrives any more, the scheduler's goodbye is waited for no longer than for `farewellMs`.
   */
  async drain(limitMs: number): Promise<void> {
    const end = () => this.#handle({ type: 'time-ran-out' });
    // What still arrives would be charged with the loss of this worker.
    const isThrough = () => !this.isBusy && this.#comm.arrivingBytes === 0;
    const limit = setTimeout(end, timerMs(limitMs));
    const farewell = setInterval(() => isThrough() && end(), farewellMs);
    this.#handle({ type: 'drain-asked' });
    await this.#drained.promise;
    clearTimeout(limit);
    clearInterval(farewell);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle({ type: 'leave-asked' });
    await this.#left.promise;
    await this.#comm.close('worker closed');
    await this.#pool[Symbol.asyncDispose]();
  }

  #handle(event: WorkerEvent): void {
    for (const command of this.#core.handle(event)) this.#perform(command);
  }

  #perform(command: WorkerCommand): void {
    switch (command.type) {
      case 'send':
        // The scheduler sends no `go-on` for an attempt that is over.
        if (endsAttempt(command.message)) this.#letGo(command.message.attempt);
        return this.#comm.send(command.message);
      case 'run-chunk':
        return void this.#run(command.message, command.code);
      case 'recall-chunk':
        return this.#pool.recall(command.attempt);
      case 'cancel-chunk':
        return this.#pool.cancel(command.attempt, command.graceMs);
      case 'close-resource':
        return void this.#closeResource(command.resource);
      case 'tell-dismissed':
        return this.#dismissed.resolve(command.reason);
      case 'tell-drained':
        return this.#drained.resolve();
      case 'leave':
        return this.#left.resolve();
      default:
        unreachable(command);
    }
  }

  async #run({ array, attempt, ranges, lanes, notes, timedOut, inputs }: RunMessage, code: CodeSource): Promise<void> {
    const { key, name, length, timeoutMs, definition, whole: needed } = this.#arrays.get(array)!;
    const facts = { name, length, array: key, attempt, ranges, lanes, notes, timedOut, timeoutMs };
    const whole = needed.map((upstream) => this.#wholes.get(upstream)!);
    const chunk = { ...facts, code, definition, whole, elementwise: inputs };
    const end = await this.#pool.run(chunk, (report) => this.#report(attempt, report));
    this.#handle({ ...end, type: 'chunk-over', attempt });
  }

  #report(attempt: number, report: ChunkReport): Promise<void> | undefined {
    this.#handle({ type: 'chunk-reported', attempt, report });
    const held = this.#held.get(attempt)?.promise;
    return held ?? (this.#comm.backlogBytes > mostBytes ? this.#comm.backlogFallenTo(fewBytes) : undefined);
  }

  /** Written here as well, since there may be no flow run to tell. */
  #tellOfIdleDeath(why: string): void {
    const time = Date.now();
    const whose = this.name === '' ? 'this worker, which has not joined yet,' : `worker ${this.name}`;
    const message = `a thread of ${whose} died while it ran nothing, and is replaced; ${why}`;
    tellLine(`${new Date(time).toISOString()} ERROR heddle | ${message}`);
    this.#comm.send({ type: 'logs', records: [{ time, level: 'error', message }] });
  }

  /** The scheduler says whether it takes more reports of an attempt. */
  #pace({ type, attempt }: Extract<ToWorker, { type: 'hold' | 'go-on' }>): void {
    if (type === 'go-on') this.#letGo(attempt);
    else if (this.#core.has(attempt) && !this.#held.has(attempt)) this.#held.set(attempt, Promise.withResolvers());
  }

  #letGo(attempt: number): void {
    this.#held.get(attempt)?.resolve();
    this.#held.delete(attempt);
  }

  async #closeResource(resource: string): Promise<void> {
    const log = (record: LogRecord) => this.#handle({ type: 'resource-reported', resource, record });
    await this.#pool.closeResource(resource, log);
    this.#handle({ type: 'resource-closed', resource });
  }

  /** A bundle that the definition names may be here already. */
  #lookFor({ array, code }: ArrayDefinition): void {
    const bundle = code?.bundle && this.#code?.find(code.bundle);
    if (bundle) this.#handle({ type: 'code-found', array, source: { bundle } });
  }

  #codeNamed({ array, id, problem = 'it was not sent' }: Extract<ToWorker, { type: 'code' }>): WorkerEvent {
    if (id === undefined) return { type: 'code-found', array, source: { problem } };
    const bundle = this.#code?.find(id);
    if (bundle === undefined) return { type: 'bundle-named', array, bundle: id };
    return { type: 'code-found', array, source: { bundle } };
  }

  #kept(id: string, bytes: Uint8Array): CodeSource {
    try {
      this.#code?.add(id, bytes);
      const bundle = this.#code?.find(id);
      return bundle === undefined ? { problem: 'it was removed from the disk' } : { bundle };
    } catch (error) {
      // What is not as its id says would be so in any folder.
      const remedy = error instanceof HeddleError ? '' : `. ${placeRemedy}, which is ${this.#code!.directory} now.`;
      return { problem: `the code that was sent could not be kept: ${messageIn(error)}${remedy}` };
    }
  }
}

function definedArray({ name, length, timeoutMs, definition, whole }: ArrayDefinition): DefinedArray {
  const { parts, values } = definition;
  const shared = values === undefined ? definition : { parts, values: share(values) };
  return { key: nextKey++, name, length, timeoutMs, definition: shared, whole };
}

function sharedInput({ array, blocks }: ChunkInput): ChunkInput {
  return { array, blocks: blocks.map(({ start, count, bytes }) => ({ start, count, bytes: share(bytes) })) };
}

/** In shared memory, so that each thread reads it without a copy; what is short goes to threads as a text anyway. */
function share(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength <= shortBytes && attachmentsOf(bytes) === undefined) return bytes;
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  attachShared(shared, bytes);
  return shared;
}

/** Nothing more comes of its attempt. */
function endsAttempt(message: FromWorker): message is Extract<FromWorker, { type: 'ended' | 'settled' }> {
  return message.type === 'ended' || (message.type === 'settled' && message.isLast === true);
}
