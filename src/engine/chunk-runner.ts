// Runs one chunk: finds the function, gives each index of the range to the task runner, one after the other, and
// reports as it goes. It runs the same in a worker's thread and on the thread of the flow itself.

import { attachmentsOf } from '../lib/attachments.ts';
import type { Block, ChunkInput, ChunkMessage, ChunkTask } from '../lib/chunk.ts';
import { controlWords } from '../lib/chunk.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { load } from '../code/load.ts';
import type { ResourceDefinition } from '../flow/resource.ts';
import { builtInModule, type Reference } from '../code/registry.ts';
import type { UnknownTypes } from '../values/copier.ts';
import type { State } from '../flow/state.ts';
import { triggerOf } from '../flow/triggers.ts';
import type { Task } from '../flow/task.ts';
import { decodeValue, encodeValue } from '../values/encode.ts';
import { encodeThrown } from '../values/thrown.ts';
import { sendable } from '../values/travels.ts';
import { useTypes, type Registered } from '../values/types.ts';
import { deepFrozen } from '../lib/deep-frozen.ts';
import { isCancelled } from './abort-watch.ts';
import { reviveTask } from './captured-task.ts';
import { outsideOfRuns } from './context.ts';
import { createLogger } from './logger.ts';
import { hookLoadedLoggers } from './loggers/named.ts';
import { OutcomeBuffer } from './outcome-buffer.ts';
import { decodeOutcomes, type Outcomes } from './outcomes.ts';
import { captureOutput } from './output-capture.ts';
import { decodePlan, openPlan, type PlannedResource, type RunPlan } from './plan.ts';
import type { UsedResource } from './resources.ts';
import { openStorage } from './storage.ts';
import { Ending, failed } from './endings.ts';
import { loadTypes } from './types.ts';
import { TaskRunner } from './task-runner.ts';
import type { LoadedTask, Progress } from './loaded-task.ts';

/**
 * Outcomes leave at least this often while a chunk runs, so that little is lost with a thread and nobody waits long.
 */
const flushIntervalMs = 10;
/** A log line waits no longer than this for company. */
const logIntervalMs = 20;
/**
 * So many lines of each interval do not wait at all: that a run starts, what a handler says of that, and the first word
 * of the function. One that never yields, and then dies, would take them with it.
 */
const promptLines = 3;
/** Full stack traces of failures that one task writes into the log from one thread; the states keep them all. */
const loggedFailures = 5;
/** How many arrays' functions and whole inputs a thread keeps ready. */
const keptArrays = 16;

interface KeptArray {
  readonly loaded: Promise<LoadedTask | Ending>;
  failuresLogged: number;
}

const noTypes: readonly Registered[] = [];
const firstTry: Progress = { runCount: 1, retriesUsed: 0, loopCount: 1, loopResult: undefined };
/** Of a sensor. */
const firstCall = (): Progress => ({ ...firstTry, firstCalledAt: Date.now() });

/** The chunks that run on this thread; one listener serves them all. */
const flushAtExit = new Set<() => void>();
process.on('exit', () => flushAtExit.forEach((flush) => flush()));

const kept = new Map<number, KeptArray>();

/** Lets go of the functions and inputs that are kept ready on this thread. */
export function forgetArrays(): void {
  kept.clear();
}

/**
 * Runs `task` and reports through `emit`, in order, except for its last words: with those it resolves, so that they go
 * with the news that it is through. Never rejects for what the user's function does.
 */
export async function runChunk(
  task: ChunkTask,
  emit: (message: ChunkMessage) => void,
): Promise<readonly ChunkMessage[]> {
  const array = keep(task);
  const loaded = await array.loaded;
  return await new ChunkRun(task, array, emit).run(loaded);
}

class ChunkRun {
  readonly #task: ChunkTask;
  readonly #array: KeptArray;
  readonly #emit: (message: ChunkMessage) => void;
  readonly #outcomes: OutcomeBuffer;
  #logs: LogRecord[] = [];
  #burstAt = 0;
  /** Lines since then. */
  #burst = 0;
  #flushedAt = performance.now();

  constructor(task: ChunkTask, array: KeptArray, emit: (message: ChunkMessage) => void) {
    this.#task = task;
    this.#array = array;
    this.#emit = emit;
    this.#outcomes = new OutcomeBuffer(task.start);
  }

  async run(loaded: LoadedTask | Ending): Promise<readonly ChunkMessage[]> {
    const task = this.#task;
    // A function that ends its thread takes nothing with it of those that ran before.
    const flush = () => this.#flush();
    flushAtExit.add(flush);
    try {
      await (loaded instanceof Ending ? this.#failAll(loaded.state) : this.#runAll(loaded));
    } finally {
      Atomics.store(task.control, controlWords.running, -1);
      flushAtExit.delete(flush);
    }
    return [...this.#takeLogs(), ...this.#takeOutcomes()];
  }

  async #runAll(loaded: LoadedTask): Promise<void> {
    const { start, end, control } = this.#task;
    const elementwise = this.#read(loaded);
    if (elementwise instanceof Ending) return this.#failAll(elementwise.state);
    const runner = new TaskRunner(loaded, {
      task: this.#task,
      elementwise,
      write: (record) => this.#log(record),
      writeLast: (record) => this.#logLast(record),
      opening: (resource) => this.#opening(resource),
    });
    const begin = loaded.plan.everyMs === undefined ? () => firstTry : firstCall;
    const notes = new Map(this.#task.notes.map(({ index, bytes }) => [index, decodeValue(bytes) as Progress]));
    for (let index = start; index < end; index += 1) {
      if (isCancelled(control)) return;
      Atomics.store(control, controlWords.running, index);
      Atomics.add(control, controlWords.starts, 1);
      const note = notes.get(index);
      const returned = runner.run(index, note === undefined ? begin() : { ...note, runCount: note.runCount + 1 });
      const ended = returned instanceof Promise ? await returned : returned;
      this.#take({ loaded, runner, index }, ended);
      if (performance.now() - this.#flushedAt >= flushIntervalMs) this.#flush();
    }
  }

  /** From here until it is open the thread runs no index, so that no timeout counts the time. */
  #opening({ key, name, definition }: UsedResource): void {
    // What ends the thread now is charged to the first index that is not reported.
    this.#flush();
    this.#emit({ type: 'opened', resource: key, name, closingMs: definition.cleanupTimeoutMs });
    Atomics.store(this.#task.control, controlWords.running, -1);
  }

  /** The inputs of the chunk; or how all of it ends, when they cannot be read here. */
  #read({ plan, types }: LoadedTask): readonly Outcomes[] | Ending {
    const { start, end, elementwise } = this.#task;
    const unknownTypes = unknownTypesFor(plan.reference);
    useTypes(types);
    try {
      return elementwise.map((input) => outcomesOf(input, { start, end, isList: true, unknownTypes }));
    } catch (error) {
      return new Ending(failed(error), { isRetriable: false });
    }
  }

  /** The function could not be found or imported: that is the outcome of every index. */
  #failAll(state: State): void {
    this.#array.failuresLogged += 1;
    const source = { task: this.#task.name };
    if (this.#array.failuresLogged === 1) createLogger(source, (record) => this.#log(record)).error(state.message);
    for (let index = this.#task.start; index < this.#task.end; index += 1) this.#outcomes.end(index, state);
  }

  #take(run: FinishedRun, ended: unknown): void {
    const { index } = run;
    const ending = ended instanceof Ending ? this.#succeedAs(run, ended) : this.#succeed(run, ended);
    if (ending === undefined) return run.runner.tellEnd(index, ended instanceof Ending ? ended.state : undefined);
    if (ending.progress !== undefined) return this.#retry(run, ending.state, ending.progress);
    if (ending.state.isFailed()) this.#logFailure(run, ending.state);
    run.runner.tellEnd(index, ending.state);
    this.#outcomes.end(index, ending.state);
  }

  #succeed({ loaded, runner, index }: FinishedRun, value: unknown): Ending | undefined {
    return this.#outcomes.succeed(index, value, loaded.plan, runner);
  }

  /** A success whose message is the author's own, or whose result came from elsewhere than the function. */
  #succeedAs(run: FinishedRun, ending: Ending): Ending | undefined {
    const { state } = ending;
    if (state.type !== 'Success' && state.type !== 'Cached') return ending;
    const unsendable = this.#succeed(run, state.result);
    if (unsendable === undefined) this.#outcomes.describe(run.index, state);
    return unsendable;
  }

  #retry({ loaded, runner, index }: FinishedRun, state: State, progress: Progress): void {
    const logger = runner.loggerFor(index);
    // A RETRY that was thrown is the author's plan; a failure is news.
    if (state.error === undefined) logger.debug(state.message);
    else logger.warn(state.message);
    const note = noteOf(progress, loaded.plan);
    if (note instanceof Ending) return this.#outcomes.end(index, note.state);
    this.#flush();
    const delayMs = Math.max(0, (state.startTime ?? 0) - Date.now());
    this.#emit({ type: 'delayed', index, delayMs, note });
    this.#outcomes.restart(index + 1);
  }

  #logFailure({ loaded, runner, index }: FinishedRun, state: State): void {
    // An upstream failure is in the log already, where it happened.
    if (state.type === 'TriggerFailed') return;
    // Who is told to stop and stops has not failed.
    if (isCancelled(this.#task.control)) return;
    this.#array.failuresLogged += 1;
    if (this.#array.failuresLogged > loggedFailures) return;
    const logger = runner.loggerFor(index);
    logger.error(stackOf(state));
    if (this.#array.failuresLogged < loggedFailures) return;
    logger.warn(`more failures of '${loaded.plan.name}' on this thread stay out of the log; their states hold them`);
  }

  #log(record: LogRecord): void {
    this.#logs.push(record);
    const now = performance.now();
    if (now - this.#burstAt >= logIntervalMs) {
      this.#burstAt = now;
      this.#burst = 0;
    }
    this.#burst += 1;
    if (this.#burst <= promptLines) this.#flushLogs();
    else this.#flushLogsSoon();
  }

  /** For the last line of a run: most often its outcome follows at once, and takes it along. */
  #logLast(record: LogRecord): void {
    this.#logs.push(record);
    this.#flushLogsSoon();
  }

  #flushLogsSoon(): void {
    if (this.#logs.length === 1) setImmediate(() => this.#flushLogs());
  }

  #flushLogs(): void {
    // It was a task that wrote, but whoever reads the log is not that task: on this thread, he may print.
    for (const message of this.#takeLogs()) outsideOfRuns(() => this.#emit(message));
  }

  /** Sends the outcomes collected so far; the log lines before them go first, on the same road. */
  #flush(): void {
    this.#flushLogs();
    for (const message of this.#takeOutcomes()) this.#emit(message);
  }

  /** The lines that were not sent yet, as one message, if there are any. */
  #takeLogs(): readonly ChunkMessage[] {
    if (this.#logs.length === 0) return nothing;
    const records = this.#logs;
    this.#logs = [];
    return [{ type: 'logs', records }];
  }

  /** Likewise for outcomes. */
  #takeOutcomes(): readonly ChunkMessage[] {
    const now = performance.now();
    const busyMs = now - this.#flushedAt;
    this.#flushedAt = now;
    const { start } = this.#outcomes;
    const bytes = this.#outcomes.take();
    return bytes === undefined
      ? nothing
      : [{ type: 'settled', start, count: this.#outcomes.start - start, busyMs, bytes }];
  }
}

const nothing: readonly ChunkMessage[] = [];

/** What an iteration of a loop handed on may be anything, and travels when the next one is tried again elsewhere. */
function noteOf(progress: Progress, { name }: RunPlan): Uint8Array | Ending {
  try {
    return encodeValue(sendable(progress, { role: 'result', task: name }).value);
  } catch (error) {
    return new Ending(failed(error), { isRetriable: false });
  }
}

interface FinishedRun {
  readonly loaded: LoadedTask;
  readonly runner: TaskRunner;
  readonly index: number;
}

function keep(task: ChunkTask): KeptArray {
  let array = kept.get(task.array);
  if (array === undefined) {
    array = { loaded: loadTask(task), failuresLogged: 0 };
    if (kept.size >= keptArrays) kept.delete(kept.keys().next().value!);
  }
  kept.delete(task.array);
  // A single run may have changed its inputs: when it is tried again, it gets them fresh. Otherwise to the end of the
  // line: the array that was not used for longest goes first.
  if (task.length > 1) kept.set(task.array, array);
  return array;
}

async function loadTask(task: ChunkTask): Promise<LoadedTask | Ending> {
  try {
    const sealed = decodePlan(task.definition);
    // Frozen, so that a run that keeps something in its task is told at once, wherever it runs.
    const known = sealed.isSent ? undefined : ((await load(sealed.reference, task.code)) as Task).freeze();
    const types = sealed.types === undefined ? noTypes : await loadTypes(sealed.types, task.code);
    useTypes(types);
    const unknownTypes = unknownTypesFor(sealed.reference);
    const plan = openPlan(sealed, { unknownTypes, attached: attachmentsOf(task.definition) });
    const found = known ?? (await reviveTask(plan)).freeze();
    // What many runs share, none may change for the others; a single one may do with its inputs what it likes.
    deepFrozen(plan.parameters);
    if (plan.isMapped) deepFrozen(plan.constants);
    const whole = task.whole.map((input, position) => {
      const isList = plan.wholeIsList[position] === true;
      const outcomes = outcomesOf(input, { start: 0, end: Number.POSITIVE_INFINITY, isList, unknownTypes });
      const value = isList ? outcomes.values : outcomes.values[0];
      return { outcomes, value: plan.isMapped ? deepFrozen(value) : value };
    });
    if (plan.logStdout) captureOutput();
    if (plan.extraLoggers !== undefined) hookLoadedLoggers(found.reference.module);
    const trigger = plan.trigger === null ? found.settings.trigger : triggerOf(plan.trigger);
    const storage = plan.storage && (await openStorage(plan.storage, { plan, task: found, code: task.code }));
    const resources = plan.resources && (await Promise.all(plan.resources.map((each) => findResource(each, task))));
    return { plan, task: found, trigger, whole, storage, resources, types };
  } catch (error) {
    const cause =
      error instanceof HeddleError ? error : new HeddleError('TASK_NOT_LOADED', String(error), { cause: error });
    return new Ending(failed(cause), { isRetriable: false });
  }
}

async function findResource({ key, name, reference, input }: PlannedResource, task: ChunkTask): Promise<UsedResource> {
  const definition = (await load(reference, task.code)) as ResourceDefinition;
  const makeArguments = () => {
    // Each setup may do with its arguments what it likes.
    const unknownTypes = unknownTypesFor(reference);
    const { values } = outcomesOf(task.whole[input]!, { start: 0, end: 1, isList: false, unknownTypes });
    return values[0] as readonly unknown[] | undefined;
  };
  return { key, name, definition, makeArguments };
}

/** A range of an upstream array, and whether that is the children of a mapped task. */
interface Section {
  readonly start: number;
  readonly end: number;
  readonly isList: boolean;
  readonly unknownTypes: UnknownTypes;
}

/** Our own tasks hand values on, and know none of the user's types. */
function unknownTypesFor({ module }: Reference): UnknownTypes {
  return module === builtInModule ? 'pass on' : 'refuse';
}

/** The outcomes of a range, put together from the blocks that touch it. */
function outcomesOf({ blocks }: ChunkInput, { start, end, ...reading }: Section): Outcomes {
  const parts = blocks.map((block) =>
    cut(block, { ...reading, start: Math.max(start, block.start), end: Math.min(end, block.start + block.count) }),
  );
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const values = parts.flatMap((part) => part.values);
  if (parts.every(({ states }) => states === undefined)) return { values, states: undefined };
  const states = parts.flatMap((part) => part.states ?? part.values.map(() => undefined));
  return { values, states };
}

function cut(block: Block, { start, end, isList, unknownTypes }: Section): Outcomes {
  const outcomes = decodeOutcomes(block.bytes, { mapIndex: isList ? block.start : undefined, unknownTypes });
  if (start === block.start && end === block.start + block.count) return outcomes;
  const { values, states } = outcomes;
  const from = start - block.start;
  const to = end - block.start;
  return { values: values.slice(from, to), states: states?.slice(from, to) };
}

/** The stack, whatever kind of error it is: one that throws when it is asked is told like any other. */
function stackOf({ error, message }: State): string {
  if (error === undefined) return message;
  const record = encodeThrown(error);
  return record.kind === 'error' ? record.stack : record.text;
}
