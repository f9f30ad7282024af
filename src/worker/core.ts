// The worker's core: what a worker does about what its scheduler says and about what becomes of its chunks. Events go
// in, commands come out. It does no IO and has no clock, and never looks into what it passes on.

import type { CodeSource } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { FromWorker, ToWorker } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { ChunkEnd, ChunkLoss, ChunkReport } from './pool.ts';

export type RunMessage = Extract<ToWorker, { type: 'run' }>;

/** What happened, in the past tense. */
export type WorkerEvent =
  /** The scheduler sent a message. Its answers about code are events of their own: the disk is asked first. */
  | { readonly type: 'told'; readonly message: Exclude<ToWorker, { type: 'code' | 'bundle' | 'hold' | 'go-on' }> }
  /** It is now known where the code of an array is, or why it cannot be had. */
  | { readonly type: 'code-found'; readonly array: number; readonly source: CodeSource }
  /** The code of this array is in a bundle that is not here. */
  | { readonly type: 'bundle-named'; readonly array: number; readonly bundle: string }
  /** The bundle came: `source` says where it was stored, or why it could not be. */
  | { readonly type: 'bundle-arrived'; readonly bundle: string; readonly source: CodeSource }
  | { readonly type: 'chunk-reported'; readonly attempt: number; readonly report: ChunkReport }
  /** Nothing more comes of this attempt. If there is a loss, it was cut short. */
  | ({ readonly type: 'chunk-over'; readonly attempt: number } & ChunkEnd)
  | { readonly type: 'resource-reported'; readonly resource: string; readonly record: LogRecord }
  | { readonly type: 'resource-closed'; readonly resource: string }
  /** Nobody waits any more for what runs here. */
  | { readonly type: 'disconnected'; readonly reason: string }
  /** It is to take no more work, and finish what it has. */
  | { readonly type: 'drain-asked' }
  /** Draining has taken as long as it may. */
  | { readonly type: 'time-ran-out' }
  /** It is to end, and finish nothing. */
  | { readonly type: 'leave-asked' };

/** What to do about it, in the imperative. */
export type WorkerCommand =
  | { readonly type: 'send'; readonly message: FromWorker }
  | { readonly type: 'run-chunk'; readonly message: RunMessage; readonly code: CodeSource }
  | { readonly type: 'recall-chunk'; readonly attempt: number }
  | { readonly type: 'cancel-chunk'; readonly attempt: number; readonly graceMs: number }
  | { readonly type: 'close-resource'; readonly resource: string }
  /** Say that the scheduler is gone, or has sent us away. */
  | { readonly type: 'tell-dismissed'; readonly reason: string }
  /** Say that what ran is finished, or stopped. */
  | { readonly type: 'tell-drained' }
  /** Nothing runs and nothing is open: let go of everything. */
  | { readonly type: 'leave' };

interface KnownArray {
  /** Absent until it is known where the code is; chunks wait for that. */
  code: CodeSource | undefined;
  /** The arrays that it needs whole; chunks wait for what those came to as well. */
  readonly whole: readonly number[];
  readonly waiting: RunMessage[];
}

/** A chunk that has one of our threads, or waits until another chunk is over, to have its thread. */
interface Run {
  readonly array: number;
  /** Those of its indices whose time was up in another attempt. */
  readonly timedOut: readonly number[];
  /** For its code, for its inputs, or for the chunk before it: then nothing of it has begun. */
  isWaiting: boolean;
  /** The attempt whose thread it gets next, until that attempt is over. */
  behind: number | undefined;
  /** The chunk that gets its thread next. */
  next: RunMessage | undefined;
  /** It was told to end, and was given time to do so by itself. */
  isCancelled: boolean;
}

export interface WorkerCoreOptions {
  readonly threads: number;
  /** Whether code that is sent here is kept. Otherwise tasks are imported from this machine's files. */
  readonly keepsCode: boolean;
}

const noCode: CodeSource = {};
/** How long chunks may take to end by themselves when we stop and resources are open, so that those can be closed. */
const closingGraceMs = 1_000;

export class WorkerCore {
  readonly #options: WorkerCoreOptions;
  readonly #arrays = new Map<number, KnownArray>();
  /** Arrays of which all is here that they came to. */
  readonly #wholes = new Set<number>();
  /** Arrays that wait for a bundle. */
  readonly #bundles = new Map<string, Set<number>>();
  readonly #runs = new Map<number, Run>();
  /**
   * Attempts that were cancelled while they were not here, with their arrays. Some come later: a short message
   * overtakes a big chunk. Others were here before.
   */
  readonly #cancelledEarly = new Map<number, number>();
  /** Resources that were opened here, and that nobody has begun to close. */
  readonly #resources = new Set<string>();
  #closings = 0;
  #isDismissed = false;
  #drain: 'not-asked' | 'asked' | 'out-of-time' | 'done' = 'not-asked';
  #leaving: 'not-asked' | 'asked' | 'done' = 'not-asked';
  #commands: WorkerCommand[] = [];

  constructor(options: WorkerCoreOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#runs.size > 0;
  }

  /** Whether the attempt runs here, or waits to. */
  has(attempt: number): boolean {
    return this.#runs.has(attempt);
  }

  /** Throws a `ProtocolError` for what no scheduler may say, and is then as it was before. */
  handle(event: WorkerEvent): readonly WorkerCommand[] {
    this.#apply(event);
    if (this.#runs.size === 0) this.#goOn();
    const commands = this.#commands;
    this.#commands = [];
    return commands;
  }

  #apply(event: WorkerEvent): void {
    switch (event.type) {
      case 'told':
        return this.#obey(event.message);
      case 'code-found':
        return this.#foundCode(event.array, event.source);
      case 'bundle-named':
        return this.#needBundle(event.bundle, event.array);
      case 'bundle-arrived':
        for (const array of this.#bundles.get(event.bundle) ?? []) this.#foundCode(array, event.source);
        this.#bundles.delete(event.bundle);
        return;
      case 'chunk-reported':
        return this.#report(event.attempt, event.report);
      case 'chunk-over':
        return this.#chunkOver(event);
      case 'resource-reported': {
        const { resource, record } = event;
        return this.#send({ type: 'resource-logs', resource, records: [record] });
      }
      case 'resource-closed':
        this.#closings -= 1;
        return this.#send({ type: 'closed', resource: event.resource });
      case 'disconnected':
        // Nobody waits for results now. What was given time to end by itself gets no more of it than the rest.
        for (const run of this.#runs.values()) run.isCancelled = false;
        this.#stopAll();
        return this.#dismissed(event.reason);
      case 'drain-asked':
        this.#drain = 'asked';
        return this.#send({ type: 'draining' });
      case 'time-ran-out':
        this.#drain = 'out-of-time';
        return this.#stopAll();
      case 'leave-asked':
        this.#leaving = 'asked';
        this.#send({ type: 'draining' });
        return this.#stopAll();
      default:
        unreachable(event);
    }
  }

  #obey(message: Extract<WorkerEvent, { type: 'told' }>['message']): void {
    switch (message.type) {
      case 'define': {
        const { array, code, whole } = message.definition;
        const isSent = this.#options.keepsCode && code !== undefined;
        this.#arrays.set(array, { code: isSent ? undefined : noCode, whole, waiting: [] });
        return;
      }
      case 'whole':
        this.#wholes.add(message.array);
        for (const { array, isWaiting, behind } of this.#runs.values()) {
          if (isWaiting && behind === undefined) this.#beginWaiting(array);
        }
        return;
      case 'run':
        return this.#run(message);
      case 'recall':
        return this.#recall(message.attempt);
      case 'cancel':
        if (this.#runs.has(message.attempt)) return this.#stop(message.attempt, message.graceMs);
        return void this.#cancelledEarly.set(message.attempt, message.array);
      case 'forget':
        return this.#forget(message.array);
      case 'close-resource':
        return this.#closeResource(message.resource);
      case 'close':
        return this.#dismissed(message.reason);
      case 'refused':
        return this.#dismissed(message.message);
      case 'welcome':
        return;
      default:
        unreachable(message);
    }
  }

  // Chunks

  #run(message: RunMessage): void {
    if (this.#leaving !== 'not-asked') return;
    const { attempt, array, timedOut } = message;
    if (!this.#arrays.has(array))
      throw new ProtocolError(`attempt ${attempt} is of array ${array}, never defined here`);
    const before = message.behind === undefined ? undefined : this.#runs.get(message.behind);
    const isTooMany = before === undefined ? !this.#hasFreeThread : before.next !== undefined || before.array !== array;
    if (isTooMany) throw new ProtocolError(`attempt ${attempt} is one too many for us`);
    if (this.#cancelledEarly.delete(attempt)) return this.#send({ type: 'ended', attempt });
    const behind = before && message.behind;
    this.#runs.set(attempt, { array, timedOut, isWaiting: true, behind, next: undefined, isCancelled: false });
    if (before === undefined) this.#begin(message);
    else before.next = message;
  }

  get #hasFreeThread(): boolean {
    let held = 0;
    for (const { behind } of this.#runs.values()) if (behind === undefined) held += 1;
    return held < this.#options.threads;
  }

  /** From here on it has a thread. */
  #begin(message: RunMessage): void {
    const { attempt, array: id } = message;
    const run = this.#runs.get(attempt)!;
    const { code, waiting } = this.#arrays.get(id)!;
    run.behind = undefined;
    waiting.push(message);
    if (code === undefined && waiting.length === 1) this.#send({ type: 'need-code', array: id });
    this.#beginWaiting(id);
  }

  /** Runs what waits of an array, if all that it needs is here. */
  #beginWaiting(id: number): void {
    const { code, whole, waiting } = this.#arrays.get(id)!;
    if (code === undefined || !whole.every((upstream) => this.#wholes.has(upstream))) return;
    for (const message of waiting.splice(0)) {
      const run = this.#runs.get(message.attempt);
      if (run === undefined) continue;
      run.isWaiting = false;
      this.#emit({ type: 'run-chunk', message, code });
    }
  }

  #report(attempt: number, report: ChunkReport): void {
    if (report.type !== 'opened') return this.#send({ ...report, attempt });
    const { type, resource } = report;
    this.#resources.add(resource);
    this.#send({ type, attempt, resource });
  }

  /** The message with its last outcome also says that its thread is free. */
  #chunkOver({ attempt, last, loss }: Extract<WorkerEvent, { type: 'chunk-over' }>): void {
    const latest = last.at(-1);
    const outcome = loss === undefined && latest?.type === 'settled' ? latest : undefined;
    for (const report of last) if (report !== outcome) this.#report(attempt, report);
    if (loss !== undefined) this.#reportLoss(attempt, loss);
    this.#end(attempt, outcome && { ...outcome, attempt, isLast: true });
  }

  #reportLoss(attempt: number, { indices, loss }: ChunkLoss): void {
    // Whoever cancelled does not want them back.
    if (loss.kind === 'cancelled') return;
    const timedOut = this.#runs.get(attempt)?.timedOut ?? [];
    const [index, ...others] = indices as [number, ...number[]];
    // Of several that overlapped, one kept the others from ending. What was only to be judged, since its time was up
    // before, was ended by one of its handlers.
    const hasOverrun = loss.kind === 'timeout' && others.length === 0 && !timedOut.includes(index);
    this.#send(hasOverrun ? { type: 'timed-out', attempt, index } : { type: 'lost', attempt, indices, loss });
  }

  #end(attempt: number, word: FromWorker = { type: 'ended', attempt }): void {
    const { behind, next } = this.#runs.get(attempt) ?? {};
    this.#runs.delete(attempt);
    this.#send(word);
    if (behind !== undefined) this.#runs.get(behind)!.next = undefined;
    if (next !== undefined) this.#begin(next);
  }

  /** A chunk behind another one has not begun at all. Of one that runs, the thread knows what has not begun. */
  #recall(attempt: number): void {
    const run = this.#runs.get(attempt);
    if (run?.behind !== undefined) this.#end(attempt);
    else if (run?.isWaiting === false) this.#emit({ type: 'recall-chunk', attempt });
    // While it waits for its code or inputs it gives nothing back: elsewhere they may be missing as well.
    else if (run !== undefined) this.#send({ type: 'returned', attempt, ranges: [] });
  }

  #stop(attempt: number, graceMs: number): void {
    const run = this.#runs.get(attempt)!;
    if (run.isCancelled) return;
    run.isCancelled = true;
    // A chunk that waits has no function to tell, and nothing to clean up.
    if (run.isWaiting) this.#end(attempt);
    else this.#emit({ type: 'cancel-chunk', attempt, graceMs });
  }

  /** Stops all that was not told to end before: at once, unless a resource may be open on its thread. */
  #stopAll(): void {
    const graceMs = this.#resources.size > 0 ? closingGraceMs : 0;
    for (const [attempt] of this.#lastFirst()) this.#stop(attempt, graceMs);
  }

  /** A chunk comes before the one that it waits for: if that one ended first, this one would begin. */
  #lastFirst(): readonly (readonly [attempt: number, run: Run])[] {
    return [...this.#runs].reverse();
  }

  // Code

  #needBundle(bundle: string, array: number): void {
    const waiting = this.#bundles.get(bundle);
    if (waiting !== undefined) return void waiting.add(array);
    this.#bundles.set(bundle, new Set([array]));
    this.#send({ type: 'need-bundle', id: bundle });
  }

  #foundCode(id: number, source: CodeSource): void {
    const array = this.#arrays.get(id);
    if (array === undefined || array.code !== undefined) return;
    array.code = source;
    this.#beginWaiting(id);
  }

  #forget(array: number): void {
    this.#arrays.delete(array);
    this.#wholes.delete(array);
    for (const [attempt, itsArray] of this.#cancelledEarly) {
      if (itsArray === array) this.#cancelledEarly.delete(attempt);
    }
    for (const [attempt, run] of this.#lastFirst()) if (run.array === array && run.isWaiting) this.#end(attempt);
    for (const [bundle, waiting] of this.#bundles) {
      if (!waiting.delete(array)) continue;
      // The scheduler may have dropped it unsent, with the client that made it: we ask again for those that need it.
      if (waiting.size === 0) this.#bundles.delete(bundle);
      else this.#send({ type: 'need-bundle', id: bundle });
    }
  }

  // The end

  #closeResource(resource: string): void {
    this.#resources.delete(resource);
    this.#closings += 1;
    this.#emit({ type: 'close-resource', resource });
  }

  #dismissed(reason: string): void {
    this.#isDismissed = true;
    this.#emit({ type: 'tell-dismissed', reason });
  }

  /** Nothing runs. */
  #goOn(): void {
    // Chunks that were on their way when we said that we drain arrive before the scheduler's goodbye. They are run as
    // well: otherwise they would be charged with the loss of this worker.
    if (this.#drain === 'out-of-time' || (this.#drain === 'asked' && this.#isDismissed)) {
      this.#drain = 'done';
      this.#emit({ type: 'tell-drained' });
    }
    if (this.#leaving !== 'asked') return;
    for (const resource of this.#resources) this.#closeResource(resource);
    if (this.#closings > 0) return;
    this.#leaving = 'done';
    this.#emit({ type: 'leave' });
  }

  #send(message: FromWorker): void {
    this.#emit({ type: 'send', message });
  }

  #emit(command: WorkerCommand): void {
    this.#commands.push(command);
  }
}
