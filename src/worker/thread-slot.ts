// One thread, as a piscina pool of its own: piscina does not say which of its threads runs what, and a death must be
// charged to the very index that caused it. This is the shell of `ThreadLife`, which decides.

import { MessageChannel, type MessagePort, type Worker as Thread } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { Alarm } from '../lib/alarm.ts';
import { weightOf } from '../lib/chunk.ts';
import { controlOrders, controlWords, lookInto, newControl, resetControl, takeTail } from '../lib/control.ts';
import type { ChunkMessage, Loss, ThreadMemory } from '../lib/chunk.ts';
import type { Look } from '../lib/control.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { attach } from '../lib/attachments.ts';
import { once } from '../lib/once.ts';
import { memoryIn, postedChunk, returnFrom, type Order } from '../lib/posted.ts';
import { UnsaidLines } from '../lib/unsaid-lines.ts';
import { Vigil } from '../lib/vigil.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { ChunkEnd, ChunkReport, Emit, PooledChunk } from './pool.ts';
import { describeIdleDeath, exitError, lastErrorIn, lossOf, lossRecord, stuckRecord } from './thread-ends.ts';
import type { IdleDeath } from './thread-ends.ts';
import { isBrokenThread, isClosingReport, isThreadMessage, isThreadReport, isThreadReturn } from './thread-message.ts';
import type { ClosingReport, ThreadReport, ThreadReturn } from './thread-message.ts';
import {
  cameUp,
  entry,
  FailedStarts,
  loadingAhead,
  threadPool,
  whyNotStarted,
  type ThreadOptions,
} from './thread-start.ts';
import { ThreadLife, type ThreadCommand, type ThreadEvent } from './thread-life.ts';

interface LiveThread {
  readonly piscina: Piscina;
  readonly thread: Thread;
  /** Where it hears what to do. */
  readonly orders: MessagePort;
  /** Has it load our code, and listen there; the first call does. */
  readonly load: () => Promise<void>;
  /** Settles when it is gone, or was abandoned. */
  readonly over: PromiseWithResolvers<void>;
  isAbandoned: boolean;
  /** Whether it has come as far as our own code. */
  isUp: boolean;
  /** Whether it is we who end it. */
  isEnded: boolean;
  /** What it broke of; and the same if it ran nothing then. */
  error?: unknown;
  idleError?: unknown;
}

interface PresentChunk {
  readonly chunk: PooledChunk;
  readonly emit: Emit;
  /** How many of its reports were heard. */
  heard: number;
  /** The last error that was logged meanwhile by what a task before it left behind. */
  strayWords: LogRecord | undefined;
  /** Its last reports, from when it is over. */
  last: ChunkReport[] | undefined;
  readonly over: PromiseWithResolvers<ChunkEnd>;
}

interface AskedClosing {
  readonly log: (record: LogRecord) => void;
  readonly over: PromiseWithResolvers<void>;
}

/** How long a line may wait that a busy thread has written and not posted. */
const listeningMs = 50;
/** Fewer bytes are copied faster than moved. */
const movedBytes = 64 * 1024;

export class ThreadSlot {
  readonly #options: ThreadOptions;
  readonly #life = new ThreadLife();
  readonly #control = newControl();
  readonly #unsaid = new UnsaidLines();
  readonly #vigil = new Vigil();
  /** What the present thread gets with its first chunk, and keeps. */
  #untold: ThreadMemory | undefined;
  /** Whether inputs of the present chunk moved to its thread, so that it cannot be posted to another one. */
  #areInputsGone = false;
  /** Whether we look for unposted lines now and then: from when a chunk begins until there is none. */
  #isListening = false;
  #live: Promise<LiveThread> | undefined;
  #given: PresentChunk | undefined;
  /** Settles when there is room for more reports; `undefined` when there is now. */
  #taken: Promise<void> | undefined;
  /** Of the present thread: the task of the last chunk that it ended, and the last error logged outside of a chunk. */
  #lastTask: string | undefined;
  #lastWords: LogRecord | undefined;
  readonly #closings = new Map<string, AskedClosing>();
  readonly #failedStarts = new FailedStarts();
  readonly #alarm = new Alarm(() => this.#handle({ type: 'ticked', look: this.#look() }));

  /** How many threads were to be ended and still run, until the native call or loop that each is in is over. */
  stuckThreads = 0;
  /** Is told why a thread died while it ran nothing. */
  died: (why: string) => void = () => {};

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  get attempt(): number | undefined {
    return this.#given?.chunk.attempt;
  }

  /** Starts the thread, so that it is warm when the first chunk comes. */
  async start(): Promise<void> {
    this.#handle({ type: 'start-asked' });
    await cameUp(this.#live);
  }

  async run(chunk: PooledChunk, emit: Emit): Promise<ChunkEnd> {
    const { attempt, ranges, timeoutMs } = chunk;
    const over = Promise.withResolvers<ChunkEnd>();
    this.#given = { chunk, emit, heard: 0, strayWords: undefined, last: undefined, over };
    this.#handle({ type: 'chunk-given', attempt, ranges, timeoutMs });
    return await over.promise;
  }

  cancel(graceMs: number): void {
    this.#handle({ type: 'cancel-asked', graceMs });
  }

  /** What is not begun of its chunk does not begin, and is reported as returned. */
  recall(): void {
    this.#handle({ type: 'recall-asked' });
  }

  /** Ends the thread now. `loss` is what becomes of what it runs. */
  end(loss: Loss): void {
    this.#handle({ type: 'end-asked', loss });
  }

  /** Waits for its turn: what runs on the thread now, and other closings, come first; the next chunk comes after. */
  async closeResource(key: string, log: (record: LogRecord) => void): Promise<void> {
    const asked = this.#closings.get(key);
    // One closing is enough for all who ask before it is through: nothing is opened meanwhile.
    if (asked !== undefined) return await asked.over.promise;
    const over = Promise.withResolvers<void>();
    this.#closings.set(key, { log, over });
    this.#handle({ type: 'closing-asked', resource: key });
    await over.promise;
  }

  async close(): Promise<void> {
    // One that cannot be started need not be ended.
    const live = await this.#live?.catch(() => undefined);
    this.#handle({ type: 'close-asked' });
    await live?.over.promise;
  }

  #handle(event: ThreadEvent): void {
    for (const command of this.#life.handle(event, performance.now())) this.#perform(command);
    this.#alarm.setFor(this.#life.nextDue);
  }

  #perform(command: ThreadCommand): void {
    switch (command.type) {
      case 'start-thread':
        return void this.#start();
      case 'end-thread':
        return void this.#live?.then((live) => endThread(live));
      case 'abandon-thread':
        return this.#abandon();
      case 'post-chunk':
        resetControl(this.#control);
        this.#unsaid.reset();
        if (!this.#isListening) this.#listenLater();
        return void this.#postChunk(this.#given!.chunk);
      case 'take-tail':
        return this.#handle({ type: 'tail-taken', tail: takeTail(this.#control, this.#given!.chunk.ranges) });
      case 'order-cancel':
        Atomics.store(this.#control, controlWords.order, controlOrders.cancel);
        return void Atomics.notify(this.#control, controlWords.order);
      case 'report': {
        const { emit, last } = this.#given!;
        if (last === undefined) this.#taken = emit(command.report);
        else last.push(command.report);
        return;
      }
      case 'chunk-over': {
        const { over, last = [] } = this.#given!;
        this.#given = undefined;
        return over.resolve({ last, loss: command.loss });
      }
      case 'post-closing':
        return void this.#post({ closing: command.resource });
      case 'closing-over': {
        const { log, over } = this.#closings.get(command.resource)!;
        this.#closings.delete(command.resource);
        if (command.lost !== undefined) log(lossRecord(command.lost.name));
        return over.resolve();
      }
      default:
        unreachable(command);
    }
  }

  #listenLater(): void {
    this.#isListening = this.#given !== undefined;
    // All threads at the same time: to wake up costs more than to listen.
    if (this.#isListening) setTimeout(() => this.#listen(), listeningMs - (performance.now() % listeningMs)).unref();
  }

  /** Reports lines that a busy thread has written and not posted, after all that it has posted. */
  #listen(): void {
    const isHeard = () => Atomics.load(this.#control, controlWords.reports) === this.#given?.heard;
    this.#hearUnsaid(this.#unsaid.take(isHeard));
    this.#listenLater();
  }

  #hearUnsaid(records: readonly LogRecord[]): void {
    if (this.#given === undefined || records.length === 0) return;
    const { attempt } = this.#given.chunk;
    this.#handle({ type: 'chunk-reported', attempt, report: { type: 'logs', records } });
  }

  #abandon(): void {
    void this.#live!.then((live) => {
      live.isAbandoned = true;
      live.over.resolve();
    });
    this.#live = undefined;
    this.stuckThreads += 1;
    if (this.#given === undefined) return;
    const records = [...this.#unsaid.takeLast(this.#given.heard), stuckRecord(this.#given.chunk.name)];
    void this.#given.emit({ type: 'logs', records });
  }

  #look(): Look {
    return lookInto(this.#control, this.#given?.chunk.ranges ?? []);
  }

  async #start(): Promise<void> {
    Atomics.store(this.#control, controlWords.untaken, 0);
    this.#lastTask = this.#lastWords = undefined;
    this.#untold = { control: this.#control, unsaid: this.#unsaid.memory };
    this.#live = this.#startThread();
    try {
      await this.#live;
      this.#handle({ type: 'thread-started' });
    } catch (error) {
      this.#live = undefined;
      this.#handle({ type: 'thread-failed', message: whyNotStarted(error), isTriedAgain: this.#failedStarts.note() });
    }
  }

  async #startThread(): Promise<LiveThread> {
    await this.#failedStarts.pause();
    const piscina = await threadPool(this.#options);
    const thread = piscina.threads[0]!;
    const over = Promise.withResolvers<void>();
    const { port1: orders, port2: theirs } = new MessageChannel();
    // Its only call: before it is through, an error rejects it.
    const load = once(() => piscina.run(theirs, { filename: entry, transferList: [theirs] }).then(up, broke));
    const live: LiveThread = { piscina, thread, orders, load, over, isAbandoned: false, isUp: false, isEnded: false };
    const up = () => this.#noteUp(live);
    const broke = (error: unknown) => this.#broke(live, error);
    const leave = loadingAhead.enter(() => void load().then(() => leave()));
    piscina.on('error', broke);
    // Where the call is not known to be through, piscina takes a thrown `null` for its result.
    thread.on('error', broke);
    thread.on('message', (message: unknown) => this.#receive(live, message));
    thread.once('exit', leave);
    thread.once('exit', (code) => (live.isAbandoned ? (this.stuckThreads -= 1) : this.#exited(live, code)));
    return live;
  }

  #noteUp(live: LiveThread): void {
    live.isUp = true;
    this.#failedStarts.forget();
  }

  /** An error that nobody caught ends the thread; or it could not be started. */
  #broke(live: LiveThread, thrown: unknown): void {
    const error = thrown ?? { message: `${String(thrown)} was thrown` };
    if (live.isAbandoned || live.isEnded) return;
    live.error ??= error;
    if (this.#isIdle) live.idleError ??= error;
    this.#handle({ type: 'thread-broke', loss: lossOf(error, { ...this.#options, isUp: live.isUp }) });
  }

  /** Whether the thread runs nothing: what was posted to it may not be taken up yet. */
  get #isIdle(): boolean {
    if (this.#given === undefined) return this.#closings.size === 0;
    return this.#lastTask !== undefined && !this.#look().isBegun;
  }

  #exited({ piscina, over, error, idleError, isUp, isEnded }: LiveThread, exitCode: number): void {
    this.#live = undefined;
    this.#vigil.end();
    if (idleError !== undefined || (this.#isIdle && !isEnded))
      this.#tellOfIdleDeath({ error: idleError, exitCode, isUp });
    // Reports that were in the port when the thread died are delivered before its exit is. What it wrote and could not
    // post any more is in the memory that it shares.
    const { heard = 0, strayWords } = this.#given ?? {};
    if (this.#given !== undefined) this.#hearUnsaid(this.#unsaid.takeLast(heard));
    // It may come behind the error itself. The log of what dies of it is the only one that is open for it; of an idle
    // death it is told above.
    if (error !== idleError && strayWords !== undefined) this.#hearUnsaid([strayWords]);
    const hasFailed = !isUp && (error !== undefined || !isEnded);
    const loss = lossOf(error ?? exitError(exitCode), { ...this.#options, strayWords, isUp: !hasFailed });
    const exit = { areInputsGone: this.#areInputsGone, isTriedAgain: hasFailed && this.#failedStarts.note() };
    this.#handle({ type: 'thread-exited', look: this.#look(), loss, ...exit });
    const gone = piscina.destroy().then(() => this.#handle({ type: 'thread-gone' }));
    void gone.then(over.resolve);
  }

  #tellOfIdleDeath(death: Pick<IdleDeath, 'error' | 'exitCode' | 'isUp'>): void {
    this.died(describeIdleDeath({ ...death, ...this.#options, lastTask: this.#lastTask, lastWords: this.#lastWords }));
  }

  #postChunk(chunk: PooledChunk): Promise<void> {
    const posted = postedChunk(chunk, this.#untold);
    this.#untold = undefined;
    const moved = this.#options.ownsInputs === true ? memoryIn(posted, movedBytes) : [];
    this.#areInputsGone = moved.length > 0;
    return this.#post(posted, moved);
  }

  async #post(order: Order, moved: ArrayBuffer[] = []): Promise<void> {
    const live = (await this.#live)!;
    void live.load();
    try {
      live.orders.postMessage(order, moved);
      // The process goes on until it is carried out.
      live.thread.ref();
      this.#vigil.begin();
    } catch (error) {
      // What cannot be posted says nothing of the thread.
      live.isUp = true;
      this.#broke(live, error);
    }
  }

  /** What was posted is carried out. */
  #handleEnd(event: Extract<ThreadEvent, { type: 'chunk-ended' | 'closing-ended' }>): void {
    this.#vigil.end();
    void this.#live?.then(({ thread }) => thread.unref());
    this.#handle(event);
  }

  #receive(live: LiveThread, message: unknown): void {
    // Piscina's own word that a thread is there comes before ours is loaded.
    if (!live.isUp && isThreadMessage(message)) this.#noteUp(live);
    if (isThreadReturn(message)) return this.#receiveReturn(message);
    if (isClosingReport(message)) return live.isAbandoned ? undefined : this.#receiveClosing(message);
    if (isBrokenThread(message)) return this.#broke(live, message.broken);
    if (!isThreadReport(message)) return;
    this.#taken = undefined;
    this.#receiveReport(message);
    void this.#makeRoom(message.message, this.#taken);
  }

  #receiveReport({ attempt, message: report, attached }: ThreadReport): void {
    if (report.type === 'settled' && attached !== undefined) attach(report.bytes, attached);
    const given = this.#given;
    if (attempt !== given?.chunk.attempt) {
      this.#lastWords = lastErrorIn(report) ?? this.#lastWords;
      if (given !== undefined) given.strayWords = lastErrorIn(report) ?? given.strayWords;
      return;
    }
    given.heard += 1;
    this.#handle({ type: 'chunk-reported', attempt, report });
  }

  #receiveReturn({ attempt, returned }: ThreadReturn): void {
    const given = this.#given;
    if (attempt !== given?.chunk.attempt) return;
    given.last = [];
    this.#lastTask = given.chunk.name;
    for (const report of returnFrom(returned)) this.#handle({ type: 'chunk-reported', attempt, report });
    this.#handleEnd({ type: 'chunk-ended', attempt });
  }

  /** The thread waits while too much of what it reported is not taken. */
  async #makeRoom(report: ChunkMessage, taken: Promise<void> | undefined): Promise<void> {
    await taken;
    Atomics.sub(this.#control, controlWords.untaken, weightOf(report));
    Atomics.notify(this.#control, controlWords.untaken);
  }

  #receiveClosing({ closing, message }: ClosingReport): void {
    if (!('type' in message)) return this.#closings.get(closing)?.log(message);
    this.#handleEnd({ type: 'closing-ended', resource: closing });
  }
}

function endThread(live: LiveThread): Promise<void> {
  live.isEnded = true;
  return live.piscina.destroy();
}
