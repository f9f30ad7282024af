// Runs one chunk: finds the function, gives each of its indices to the task runner, one after the other or several
// at once, and reports as it goes. It runs the same in a worker's thread and on the thread of the flow itself.

import { setImmediate } from 'node:timers';
import { noDefinition, type ChunkMessage, type ChunkTask } from '../../lib/chunk.ts';
import { controlWords, newControl, untakenIn } from '../../lib/control.ts';
import { isNotLoaded } from '../../code/not-loaded.ts';
import { positionsIn } from '../../lib/range.ts';
import { keepSpecimen } from '../../lib/specimens.ts';
import { isUsual, type State } from '../../flow/state.ts';
import { allSuccessful } from '../../flow/triggers.ts';
import { decodeValue, encodeValue } from '../../values/encode.ts';
import { sendable } from '../../values/travels.ts';
import { useTypes } from '../../values/types.ts';
import { isCancelled } from './abort-watch.ts';
import { Ending, firstTry, type Progress } from './endings.ts';
import { keepListening, pauseListening } from '../interrupt.ts';
import { ChunkReport } from './chunk-report.ts';
import { FailureLog } from './failure-log.ts';
import { keep, type KeptArray } from './load-task.ts';
import type { LoadedTask } from './loaded-task.ts';
import { leftWork, workUnderWay } from './left-work.ts';
import type { Notice } from './module-warnings.ts';
import { createLogger } from '../logger.ts';
import type { Outcomes } from '../outcomes.ts';
import type { RunPlan } from '../plan.ts';
import { outcomesOf, unknownTypesFor } from './read-inputs.ts';
import type { UsedResource } from './resources.ts';
import { TaskRunner } from './task-runner.ts';
import { waitingForCalls } from './waiting.ts';
import { listenForUncaught } from './uncaught.ts';
import { failed, stackOf } from '../failures.ts';

/** The progress of a sensor at its first call. */
const firstCall = (): Progress => ({ ...firstTry, firstCalledAt: Date.now() });

/** After so many tries it is said that it may go on for ever, if neither a delay nor the task's retries limit them. */
const oftenTried = 1_000;
const unlimited =
  'a RETRY signal or a handler asks for that, which no number of retries limits. Give it a delay, and let it end';

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
  const report = new ChunkReport(task, emit);
  const run = new ChunkRun(task, array, report);
  report.start();
  try {
    await run.run(loaded);
  } finally {
    report.stop();
  }
  const last = report.last();
  return () => {
    run.warnOfLeftWork();
    return last();
  };
}

class ChunkRun {
  readonly #task: ChunkTask;
  readonly #array: KeptArray;
  readonly #report: ChunkReport;
  /** Returns the next index that no lane has taken. */
  readonly #untaken: () => number | undefined;
  /** Both are there once its function is, and its inputs. */
  #loaded!: LoadedTask;
  #runner!: TaskRunner;
  /** Whether it is to be seen if the event loop turns while one of its runs waits. */
  #isWatched = false;
  /** Whether it is to blame for what is under way at its end: nothing was at its beginning, and no run of it failed. */
  #isBlamable = false;
  /** How many indices its lanes have taken. */
  #taken = 0;

  constructor(task: ChunkTask, array: KeptArray, report: ChunkReport) {
    this.#task = task;
    this.#array = array;
    this.#report = report;
    this.#untaken = untakenIn(task.control, task.ranges);
  }

  async run(loaded: LoadedTask | Ending): Promise<void> {
    if (loaded instanceof Ending) {
      if (isNotLoaded(loaded.state.error)) this.#report.unable = stackOf(loaded.state);
      return this.#failAll(loaded.state);
    }
    this.#loaded = loaded;
    if (!this.#array.isWarned) for (const each of loaded.warnings) this.#tell('warn', each);
    this.#array.isWarned = true;
    const elementwise = this.#read();
    if (elementwise instanceof Ending) return this.#failAll(elementwise.state);
    this.#runner = new TaskRunner(loaded, {
      task: this.#task,
      elementwise,
      positionOf: positionsIn(this.#task.ranges),
      write: this.#report.log,
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
    // On the thread of the flow, much else may be under way, and none of it is cut off.
    const isLooked = this.#task.unsaid !== undefined && (waiting?.isMilestone() ?? true);
    this.#isBlamable = isLooked && workUnderWay().length === 0;
    const lanes: Promise<void>[] = [];
    while (lanes.length < this.#task.lanes) lanes.push(this.#runLane(lanes.length, progressOf));
    await Promise.all(lanes);
    ended?.(this.#taken);
    const advice = waiting && lanes.length === 1 ? waiting.takeAdvice(loaded.plan) : undefined;
    if (advice !== undefined) this.#tell('info', advice);
  }

  /** Runs one index after the other, as long as there are any that no lane has taken. */
  async #runLane(lane: number, progressOf: (index: number) => Progress): Promise<void> {
    const { control } = this.#task;
    const word = controlWords.lanes + lane;
    while (!isCancelled(control)) {
      const index = this.#untaken();
      if (index === undefined) break;
      this.#report.flushIfDue();
      this.#taken += 1;
      Atomics.store(control, word, index);
      Atomics.add(control, controlWords.starts, 1);
      pauseListening(this.#loaded.task);
      const progress = progressOf(index);
      const returned = this.#runner.run(index, progress);
      if (returned instanceof Promise) {
        this.#noteTurn();
        this.#report.flushInTime();
      }
      const ended = returned instanceof Promise ? await returned : returned;
      this.#take(index, ended, progress);
      // The last outcome is sent with the end of the chunk, unless other lanes still run.
      if (this.#task.lanes > 1) this.#report.flushInTime();
    }
    Atomics.store(control, word, -1);
  }

  /** A promise alone says nothing: an `async` function may well never wait. */
  #noteTurn(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    const { task } = this.#loaded;
    setImmediate(() => this.#report.isOver || keepListening(task));
  }

  /** To be called when all else is through, and as late as can be: much begins only after some turns. */
  warnOfLeftWork(): void {
    const underWay = this.#isBlamable && !isCancelled(this.#task.control) ? workUnderWay() : [];
    if (underWay.length > 0) this.#tell('warn', leftWork(this.#loaded.plan, underWay));
  }

  #tell(level: 'info' | 'warn', { message, once }: Notice): void {
    const { plan } = this.#loaded;
    createLogger({ task: plan.alike?.task ?? plan.name, once }, this.#report.log, plan.logLevel)[level](message);
  }

  /** Until the resource is open the thread counts as running no index, so that no timeout counts the time. */
  #opening({ key, name, definition }: UsedResource): void {
    // If the thread ends now, the first index that is not reported is charged.
    this.#report.tell({ type: 'opened', resource: key, name, closingMs: definition.cleanupTimeoutMs });
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
    const logger = createLogger({ task: this.#task.name }, this.#report.log);
    if (this.#report.unable === undefined) this.#array.failures.tellOnce(state, logger);
    for (let index = this.#untaken(); index !== undefined; index = this.#untaken()) {
      this.#report.outcomes.at(index).end(index, state);
    }
  }

  #take(index: number, ended: unknown, { retriesUsed }: Progress): void {
    const ending = ended instanceof Ending ? this.#succeedAs(index, ended) : this.#succeed(index, ended);
    if (ending !== undefined) this.#isBlamable = false;
    if (ending?.progress !== undefined) return this.#retry(index, ending.state, ending.progress);
    if (retriesUsed > 0) this.#report.retried += 1;
    if (ending === undefined) return this.#runner.tellEnd(index, ended instanceof Ending ? ended.state : undefined);
    // A function that was told to stop, and stops, has not failed.
    if (ending.state.isFailed() && !isCancelled(this.#task.control)) {
      this.#array.failures.tell(ending.state, () => this.#runner.loggerFor(index));
    }
    this.#runner.tellEnd(index, ending.state);
    this.#report.outcomes.at(index).end(index, ending.state);
  }

  #succeed(index: number, value: unknown): Ending | undefined {
    return this.#report.outcomes.at(index).succeed(index, value, this.#loaded.plan, this.#runner);
  }

  /** Records a success with a state of its own: the author's message, or a result that was stored before. */
  #succeedAs(index: number, ending: Ending): Ending | undefined {
    const { state } = ending;
    if (state.type !== 'Success' && state.type !== 'Cached') return ending;
    const outcomes = this.#report.outcomes.at(index);
    const unsendable = this.#succeed(index, state.result);
    if (unsendable === undefined && !isUsual(state)) outcomes.describe(index, state);
    return unsendable;
  }

  #retry(index: number, state: State, progress: Progress): void {
    if (!isCancelled(this.#task.control)) this.#array.failures.tellRetry(state, this.#runner.loggerFor(index));
    const note = noteOf(progress, this.#loaded.plan);
    if (note instanceof Ending) return this.#report.outcomes.at(index).end(index, note.state);
    const delayMs = Math.max(0, (state.startTime ?? 0) - Date.now());
    const { runCount, retriesUsed } = progress;
    if (runCount === oftenTried && retriesUsed < runCount - 1 && delayMs === 0) {
      this.#runner.loggerFor(index).warn(`${runCount} tries so far, each at once: ${unlimited}`);
    }
    this.#report.tell({ type: 'delayed', index, delayMs, note });
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
const report = new ChunkReport(nowhere, () => {});
const array = { failures: new FailureLog('') } as KeptArray;
keepSpecimen(new ChunkRun(nowhere, array, report));
keepSpecimen(new TaskRunner(noTask as unknown as LoadedTask, facts));
