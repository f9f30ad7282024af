// Runs one chunk: finds the function, gives each of its indices to the task runner, one after the other or several
// at once, and reports as it goes. It runs the same in a worker's thread and on the thread of the flow itself.

import { clearImmediate, setImmediate } from 'node:timers';
import { noDefinition, type ChunkMessage, type ChunkTask } from '../../lib/chunk.ts';
import { controlWords, newControl, untakenIn } from '../../lib/control.ts';
import { isNotLoaded } from '../../code/not-loaded.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { positionsIn } from '../../lib/range.ts';
import { keepSpecimen } from '../../lib/specimens.ts';
import { UnsaidLines } from '../../lib/unsaid-lines.ts';
import { isUsual, type State } from '../../flow/state.ts';
import { allSuccessful } from '../../flow/triggers.ts';
import { decodeValue, encodeValue } from '../../values/encode.ts';
import { sendable } from '../../values/travels.ts';
import { useTypes } from '../../values/types.ts';
import { isCancelled } from './abort-watch.ts';
import { outsideOfRuns } from '../context.ts';
import { Ending } from './endings.ts';
import { keepListening, pauseListening } from '../interrupt.ts';
import { keep, type KeptArray } from './kept-arrays.ts';
import { firstTry, type LoadedTask, type Progress } from './loaded-task.ts';
import { createLogger } from '../logger.ts';
import { OutcomeBlocks } from './outcome-blocks.ts';
import type { Outcomes } from '../outcomes.ts';
import type { RunPlan } from '../plan.ts';
import { outcomesOf, unknownTypesFor } from './read-inputs.ts';
import type { UsedResource } from './resources.ts';
import { TaskRunner } from './task-runner.ts';
import { waitingForCalls } from './waiting.ts';
import { listenForUncaught } from './uncaught.ts';
import { failed, stackOf } from '../failures.ts';

/**
 * While a chunk runs, outcomes are sent at least this often, so that a thread loses little and nobody waits long.
 */
const flushIntervalMs = 100;
/** The progress of a sensor at its first call. */
const firstCall = (): Progress => ({ ...firstTry, firstCalledAt: Date.now() });

/** The chunks that run on this thread; one listener serves them all. */
const flushAtExit = new Set<() => void>();
process.on('exit', () => flushAtExit.forEach((flush) => flush()));
listenForUncaught();

/**
 * Runs `task` and reports through `emit`, in order. It resolves with what gives the last reports, which travel together
 * with the news that the chunk has ended: what is written until it is asked is among them. Never rejects for what the
 * user's function does.
 */
export async function runChunk(
  task: ChunkTask,
  emit: (message: ChunkMessage) => void,
): Promise<() => readonly ChunkMessage[]> {
  const array = keep(task, emit);
  const loaded = await array.loaded;
  return await new ChunkRun(task, array, emit).run(loaded);
}

class ChunkRun {
  readonly #task: ChunkTask;
  readonly #array: KeptArray;
  readonly #emit: (message: ChunkMessage) => void;
  readonly #outcomes: OutcomeBlocks;
  #flushing: NodeJS.Timeout | undefined;
  /** Whether it is to be seen if the event loop turns while one of its runs waits. */
  #isWatched = false;
  #logs: LogRecord[] = [];
  #saying: NodeJS.Immediate | undefined;
  /** Absent on the thread of the flow itself, which nobody watches, and once this chunk is over. */
  #unsaid: UnsaidLines | undefined;
  #isOver = false;
  #flushedAt = performance.now();
  /** Returns the next index that no lane has taken. */
  readonly #untaken: () => number | undefined;
  /** Both are there once its function is, and its inputs. */
  #loaded!: LoadedTask;
  #runner!: TaskRunner;
  /** How many indices its lanes have taken. */
  #taken = 0;
  /** How many have ended that had been tried again, and are not reported yet. */
  #retried = 0;
  /** Why its function could not be had from its module. */
  #unable: string | undefined;

  constructor(task: ChunkTask, array: KeptArray, emit: (message: ChunkMessage) => void) {
    this.#task = task;
    this.#array = array;
    this.#emit = emit;
    this.#outcomes = new OutcomeBlocks(task.ranges[0]!.start);
    this.#untaken = untakenIn(task.control, task.ranges);
    this.#unsaid = task.unsaid && new UnsaidLines(task.unsaid);
  }

  async run(loaded: LoadedTask | Ending): Promise<() => readonly ChunkMessage[]> {
    // If a function ends its thread, the outcomes before it are still sent.
    const flush = () => this.#flush();
    flushAtExit.add(flush);
    try {
      if (loaded instanceof Ending && isNotLoaded(loaded.state.error)) this.#unable = stackOf(loaded.state);
      await (loaded instanceof Ending ? this.#failAll(loaded.state) : this.#runAll(loaded));
    } finally {
      clearTimeout(this.#flushing);
      clearImmediate(this.#saying);
      flushAtExit.delete(flush);
    }
    const outcomes = this.#takeOutcomes();
    return () => {
      const lines = this.#takeLogs();
      // What was not awaited may still write while the next chunk does, or end the thread.
      this.#unsaid = undefined;
      this.#isOver = true;
      return [...lines, ...outcomes];
    };
  }

  async #runAll(loaded: LoadedTask): Promise<void> {
    this.#loaded = loaded;
    if (!this.#array.isWarned) this.#warn();
    const elementwise = this.#read();
    if (elementwise instanceof Ending) return this.#failAll(elementwise.state);
    this.#runner = new TaskRunner(loaded, {
      task: this.#task,
      elementwise,
      positionOf: positionsIn(this.#task.ranges),
      write: (record) => this.#log(record),
      opening: (resource) => this.#opening(resource),
    });
    const begin = loaded.plan.everyMs === undefined ? () => firstTry : firstCall;
    const notes = new Map(this.#task.notes.map(({ index, bytes }) => [index, decodeValue(bytes) as Progress]));
    const progressOf = (index: number) => {
      const note = notes.get(index);
      return note === undefined ? begin() : { ...note, runCount: note.runCount + 1 };
    };
    const waiting = this.#array.waiting ?? waitingForCalls(loaded.plan);
    const ended = waiting?.begin();
    const lanes = Array.from({ length: this.#task.lanes }, async (_, lane) => {
      await this.#runLane(lane, progressOf);
    });
    await Promise.all(lanes);
    ended?.(this.#taken);
    const advice = waiting && lanes.length === 1 ? waiting.takeAdvice(loaded) : undefined;
    if (advice !== undefined) this.#advise(advice);
  }

  #advise(advice: string): void {
    const { plan } = this.#loaded;
    const task = plan.alike?.task ?? plan.name;
    const once = [plan.flowRunId, task, 'waits'].join('/');
    createLogger({ task, once }, (record) => this.#log(record), plan.logLevel).info(advice);
  }

  /** Runs one index after the other, as long as there are any that no lane has taken. */
  async #runLane(lane: number, progressOf: (index: number) => Progress): Promise<void> {
    const { control } = this.#task;
    const word = controlWords.lanes + lane;
    while (!isCancelled(control)) {
      const index = this.#untaken();
      if (index === undefined) break;
      if (this.#outcomes.isFull || performance.now() - this.#flushedAt >= flushIntervalMs) this.#flush();
      this.#taken += 1;
      Atomics.store(control, word, index);
      Atomics.add(control, controlWords.starts, 1);
      pauseListening(this.#loaded.task);
      const progress = progressOf(index);
      const returned = this.#runner.run(index, progress);
      if (returned instanceof Promise) {
        this.#noteTurn();
        this.#flushInTime();
      }
      const ended = returned instanceof Promise ? await returned : returned;
      this.#take(index, ended, progress);
      // The last outcome is sent with the end of the chunk, unless other lanes still run.
      if (this.#task.lanes > 1) this.#flushInTime();
    }
    Atomics.store(control, word, -1);
  }

  /** A promise alone says nothing: an `async` function may well never wait. */
  #noteTurn(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const { task } = this.#loaded;
    setImmediate(() => this.#isOver || keepListening(task));
  }

  #warn(): void {
    this.#array.isWarned = true;
    const { warnings, plan } = this.#loaded;
    for (const { message, once } of warnings) {
      createLogger({ task: plan.name, once }, (record) => this.#log(record), plan.logLevel).warn(message);
    }
  }

  /** Until the resource is open the thread counts as running no index, so that no timeout counts the time. */
  #opening({ key, name, definition }: UsedResource): void {
    // If the thread ends now, the first index that is not reported is charged.
    this.#flush();
    this.#emit({ type: 'opened', resource: key, name, closingMs: definition.cleanupTimeoutMs });
    Atomics.store(this.#task.control, controlWords.opening, 1);
  }

  /** The inputs of the chunk; or the ending of all its indices, when the inputs cannot be read here. */
  #read(): readonly Outcomes[] | Ending {
    const { plan, types } = this.#loaded;
    const { ranges, elementwise } = this.#task;
    const unknownTypes = unknownTypesFor(plan.reference);
    useTypes(types);
    try {
      return elementwise.map((input) => outcomesOf(input, { ranges, isList: true, unknownTypes }));
    } catch (error) {
      return new Ending(failed(error));
    }
  }

  /** The task or its inputs cannot be had here. Of a function that is not found, others may run what this is given. */
  #failAll(state: State): void {
    const logger = createLogger({ task: this.#task.name }, (record) => this.#log(record));
    if (this.#unable === undefined) this.#array.failures.tellOnce(state, logger);
    for (let index = this.#untaken(); index !== undefined; index = this.#untaken()) {
      this.#outcomes.at(index).end(index, state);
    }
  }

  #take(index: number, ended: unknown, { retriesUsed }: Progress): void {
    const ending = ended instanceof Ending ? this.#succeedAs(index, ended) : this.#succeed(index, ended);
    if (ending?.progress !== undefined) return this.#retry(index, ending.state, ending.progress);
    if (retriesUsed > 0) this.#retried += 1;
    if (ending === undefined) return this.#runner.tellEnd(index, ended instanceof Ending ? ended.state : undefined);
    // A function that was told to stop, and stops, has not failed.
    if (ending.state.isFailed() && !isCancelled(this.#task.control)) {
      this.#array.failures.tell(ending.state, () => this.#runner.loggerFor(index));
    }
    this.#runner.tellEnd(index, ending.state);
    this.#outcomes.at(index).end(index, ending.state);
  }

  #succeed(index: number, value: unknown): Ending | undefined {
    return this.#outcomes.at(index).succeed(index, value, this.#loaded.plan, this.#runner);
  }

  /** Records a success with a state of its own: the author's message, or a result that was stored before. */
  #succeedAs(index: number, ending: Ending): Ending | undefined {
    const { state } = ending;
    if (state.type !== 'Success' && state.type !== 'Cached') return ending;
    const outcomes = this.#outcomes.at(index);
    const unsendable = this.#succeed(index, state.result);
    if (unsendable === undefined && !isUsual(state)) outcomes.describe(index, state);
    return unsendable;
  }

  #retry(index: number, state: State, progress: Progress): void {
    if (!isCancelled(this.#task.control)) this.#array.failures.tellRetry(state, this.#runner.loggerFor(index));
    const note = noteOf(progress, this.#loaded.plan);
    if (note instanceof Ending) return this.#outcomes.at(index).end(index, note.state);
    this.#flush();
    const delayMs = Math.max(0, (state.startTime ?? 0) - Date.now());
    this.#emit({ type: 'delayed', index, delayMs, note });
  }

  /** The line is sent with the next outcome, or in the next turn; or read by the watcher of this thread before. */
  #log(record: LogRecord): void {
    if (this.#isOver) return this.#say([record]);
    const place = this.#unsaid?.add(record) ?? (this.#logs.length === 0 ? 'first' : 'more');
    if (place === 'full') return this.#say([...this.#takeLines(), record]);
    if (place === 'first') {
      this.#logs = [];
      this.#saying = setImmediate(() => this.#flushLogs());
    }
    this.#logs.push(record);
  }

  #flushLogs(): void {
    const records = this.#takeLines();
    if (records.length > 0) this.#say(records);
  }

  #say(records: readonly LogRecord[]): void {
    // A task wrote these lines, but the listener to the log is not that task: what it prints is not the task's output.
    outsideOfRuns(() => this.#emit({ type: 'logs', records }));
    this.#unsaid?.clear();
  }

  /** Sends the outcomes collected so far; the log lines before them go first, on the same road. */
  #flush(): void {
    this.#flushLogs();
    for (const message of this.#takeOutcomes()) this.#emit(message);
  }

  /** The lines that were not sent yet, as one message, if there are any. */
  #takeLogs(): readonly ChunkMessage[] {
    const records = this.#takeLines();
    return records.length === 0 ? [] : [{ type: 'logs', records }];
  }

  #takeLines(): readonly LogRecord[] {
    const records = this.#logs;
    if (records.length === 0) return [];
    this.#logs = [];
    const reports = Atomics.load(this.#task.control, controlWords.reports);
    return this.#unsaid?.claim(reports) === false ? [] : records;
  }

  /** The outcomes that were not sent yet, as messages. */
  #takeOutcomes(): readonly ChunkMessage[] {
    const now = performance.now();
    const meanMs = (now - this.#flushedAt) / this.#outcomes.count;
    this.#flushedAt = now;
    // Runs that overlap share the time among them.
    return this.#outcomes.take().map((block) => {
      const retried = this.#retried;
      this.#retried = 0;
      const more = { ...(retried > 0 && { retried }), ...(this.#unable !== undefined && { unable: this.#unable }) };
      return { type: 'settled', ...block, busyMs: meanMs * block.count, ...more };
    });
  }

  /** Sends outcomes after a while, so that they do not wait for runs that take long. */
  #flushInTime(): void {
    this.#flushing ??= setTimeout(() => {
      this.#flushing = undefined;
      this.#flush();
    }, flushIntervalMs);
  }
}

/** The progress as bytes. The result of a loop's last iteration may be anything, and may not be able to travel. */
function noteOf(progress: Progress, { name }: RunPlan): Uint8Array | Ending {
  try {
    return encodeValue(sendable(progress, { role: 'result', task: name }).value);
  } catch (error) {
    return new Ending(failed(error));
  }
}

/** An example of a chunk, and of the run of a task in it. */
const inputs = { definition: noDefinition, elementwise: [], whole: [], notes: [], timedOut: [] };
const ranges = [{ start: 0, end: 1 }];
const nowhere = {
  name: '',
  length: 1,
  array: 0,
  attempt: 0,
  lanes: 1,
  code: {},
  control: newControl(),
  ranges,
  ...inputs,
};
const noTask = { plan: {}, task: { settings: { stateHandlers: [] } }, trigger: allSuccessful, whole: [] };
const facts = { task: nowhere, elementwise: [], positionOf: () => 0, write: () => {}, opening: () => {} };
keepSpecimen(new ChunkRun(nowhere, {} as KeptArray, () => {}));
keepSpecimen(new TaskRunner(noTask as unknown as LoadedTask, facts));
