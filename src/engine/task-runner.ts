// The life of one task run, as a pipeline that reads from top to bottom. Each step may end the run with a state; when
// none does, the function is called. It knows nothing of chunks, threads or wires.

import type { ChunkTask } from '../lib/chunk.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { timerMs } from '../lib/timer.ts';
import { unreachable } from '../lib/unreachable.ts';
import { formatDuration } from '../lib/duration.ts';
import { Signal } from '../flow/signals.ts';
import { State } from '../flow/state.ts';
import { allSuccessful, type Trigger } from '../flow/triggers.ts';
import { decodeThrown, encodeThrown } from '../values/thrown.ts';
import { onCancel, isCancelled } from './abort-watch.ts';
import { withContext, type Context } from './context.ts';
import { flattenList } from './flatten.ts';
import { createLogger, type Logger } from './logger.ts';
import type { RunPlan } from './plan.ts';
import { stateAt, type Outcomes } from './outcomes.ts';

/** How a task run ended when it did not simply return a value. */
export class Ending {
  readonly state: State;
  /** Whether to try again, while the task has retries left. */
  readonly isRetriable: boolean;

  constructor(state: State, { isRetriable }: { isRetriable: boolean }) {
    this.state = state;
    this.isRetriable = isRetriable;
  }
}

/** What all the runs of one array share, once its plan is read and its function is found. */
export interface LoadedTask {
  readonly plan: RunPlan;
  readonly call: (...args: unknown[]) => unknown;
  readonly trigger: Trigger;
  /** For each upstream that is needed whole: its outcomes, and the value or list that an argument of it gets. */
  readonly whole: readonly { readonly outcomes: Outcomes; readonly value: unknown }[];
}

/** The upstream values of one chunk: for each elementwise upstream, outcomes that begin at the chunk's first index. */
export interface ChunkFacts {
  readonly task: ChunkTask;
  readonly elementwise: readonly Outcomes[];
  readonly write: (record: LogRecord) => void;
}

interface TaskRun {
  readonly loaded: LoadedTask;
  readonly upstream: readonly State[];
}

const upstreamSteps = [inputsArrived, upstreamFinished, upstreamSkipped, triggerSatisfied];

/** Runs the indices of one chunk of a loaded task, one at a time. */
export class TaskRunner {
  readonly #loaded: LoadedTask;
  readonly #facts: ChunkFacts;
  /** Nothing upstream is out of the ordinary and the trigger is the usual one: no step can end a run. */
  readonly #isPlain: boolean;
  /** Of the upstreams that are needed whole: they are the same for every index. */
  #sharedStates: readonly State[] | undefined;

  constructor(loaded: LoadedTask, facts: ChunkFacts) {
    this.#loaded = loaded;
    this.#facts = facts;
    const upstream = [...facts.elementwise, ...loaded.whole.map(({ outcomes }) => outcomes)];
    this.#isPlain = loaded.trigger === allSuccessful && upstream.every(({ states }) => states === undefined);
  }

  /** The value that the function returned, or an `Ending`; a promise of it when the function is asynchronous. */
  run(index: number, runCount: number): unknown {
    if (!this.#isPlain) {
      const run: TaskRun = { loaded: this.#loaded, upstream: this.#upstreamStates(index) };
      for (const step of upstreamSteps) {
        const state = step(run);
        if (state !== undefined) return new Ending(state, { isRetriable: false });
      }
    }
    if (this.#facts.task.timedOut.includes(index)) return this.#timedOut();
    return this.#call(index, runCount);
  }

  loggerFor(mapIndex: number | undefined): Logger {
    const { plan } = this.#loaded;
    const source = { task: plan.name, flow: plan.flow, flowRun: plan.flowRunName };
    return createLogger(mapIndex === undefined ? source : { ...source, mapIndex }, this.#facts.write);
  }

  #call(index: number, runCount: number): unknown {
    const { plan } = this.#loaded;
    const run = new RunContext(this, plan, {
      mapIndex: plan.isMapped ? index : undefined,
      runCount,
      control: this.#facts.task.control,
    });
    const startedAt = plan.timeoutMs === null ? 0 : performance.now();
    try {
      const result = withContext(run, () => this.#loaded.call(...this.#arguments(index)));
      if (isThenable(result)) return this.#settle(result, run);
      run.close();
      const isLate = plan.timeoutMs !== null && performance.now() - startedAt > plan.timeoutMs;
      return isLate ? this.#timedOut() : result;
    } catch (thrown) {
      return endingOf(thrown, plan.name);
    }
  }

  async #settle(result: PromiseLike<unknown>, run: RunContext): Promise<unknown> {
    const { name, timeoutMs } = this.#loaded.plan;
    try {
      if (timeoutMs === null) return await result;
      return await this.#within(timeoutMs, result, run);
    } catch (thrown) {
      return endingOf(thrown, name);
    } finally {
      run.close();
    }
  }

  async #within(timeoutMs: number, result: PromiseLike<unknown>, run: RunContext): Promise<unknown> {
    const { promise: timeUp, resolve } = Promise.withResolvers<Ending>();
    const timer = setTimeout(() => {
      resolve(this.#timedOut());
      run.abort(new DOMException(`the time limit of ${formatDuration(timeoutMs)} is up`, 'TimeoutError'));
    }, timerMs(timeoutMs));
    try {
      return await Promise.race([result, timeUp]);
    } finally {
      clearTimeout(timer);
    }
  }

  #arguments(index: number): unknown[] {
    const { plan, whole } = this.#loaded;
    const position = index - this.#facts.task.start;
    return plan.args.map((argument): unknown => {
      switch (argument.type) {
        case 'constant':
          return plan.constants[argument.constant];
        case 'element':
          return this.#facts.elementwise[argument.input]?.values[position];
        case 'whole':
          return argument.isFlattened ? flattened(plan.name, whole[argument.input]!) : whole[argument.input]?.value;
        default:
          return unreachable(argument);
      }
    });
  }

  #upstreamStates(index: number): State[] {
    const position = index - this.#facts.task.start;
    const { literals } = this.#loaded.plan;
    const own = this.#facts.elementwise.flatMap((outcomes, input) => {
      const state = stateAt(outcomes, position);
      // An element that could not be sent is told all the same.
      return literals.includes(input) && state.isSuccessful() ? [] : [state];
    });
    this.#sharedStates ??= this.#loaded.whole.flatMap(({ outcomes }) =>
      outcomes.values.map((_, wholePosition) => stateAt(outcomes, wholePosition)),
    );
    return [...own, ...this.#sharedStates];
  }

  #timedOut(): Ending {
    const { name, timeoutMs } = this.#loaded.plan;
    const message = `task '${name}' ran longer than its timeout of ${formatDuration(timeoutMs ?? 0)}.`;
    const error = new DOMException(message, 'TimeoutError');
    return new Ending(new State('TimedOut', message, { error }), { isRetriable: true });
  }
}

/** The context of one task run. What costs something is made when it is first asked for. */
class RunContext implements Context {
  readonly taskRunCount: number;
  readonly mapIndex: number | undefined;
  readonly #runner: TaskRunner;
  readonly #plan: RunPlan;
  readonly #control: ChunkTask['control'];
  #logger: Logger | undefined;
  #controller: AbortController | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(
    runner: TaskRunner,
    plan: RunPlan,
    run: { mapIndex: number | undefined; runCount: number; control: ChunkTask['control'] },
  ) {
    this.#runner = runner;
    this.#plan = plan;
    this.#control = run.control;
    this.mapIndex = run.mapIndex;
    this.taskRunCount = run.runCount;
  }

  get parameters(): Readonly<Record<string, unknown>> {
    return this.#plan.parameters;
  }

  get logger(): Logger {
    return (this.#logger ??= this.#runner.loggerFor(this.mapIndex));
  }

  get taskName(): string {
    return this.#plan.name;
  }

  get flowName(): string {
    return this.#plan.flow;
  }

  get flowRunId(): string {
    return this.#plan.flowRunId;
  }

  get flowRunName(): string {
    return this.#plan.flowRunName;
  }

  get date(): Date {
    return new Date(this.#plan.startedAt);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      this.#unsubscribe = onCancel(this.#control, () => this.abort(cancelReason()));
    }
    // A loop that never yields cannot be told, but it can look.
    if (isCancelled(this.#control)) this.abort(cancelReason());
    return this.#controller.signal;
  }

  abort(reason: DOMException): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  close(): void {
    this.#unsubscribe?.();
  }
}

// Steps, in the order in which they are asked

/** An input that could not be sent at all is this run's own failure, not that of an upstream run. */
function inputsArrived({ loaded, upstream }: TaskRun): State | undefined {
  return upstream.find(({ error }) => {
    const { role, task } = (error ?? {}) as { role?: unknown; task?: unknown };
    return role === 'input' && task === loaded.plan.name;
  });
}

function upstreamFinished({ upstream }: TaskRun): State | undefined {
  if (upstream.every((state) => state.isFinished())) return undefined;
  return new State('Pending', 'Waits for upstream tasks that are not finished.');
}

function upstreamSkipped({ loaded, upstream }: TaskRun): State | undefined {
  if (!loaded.plan.skipOnUpstreamSkip || !upstream.some((state) => state.isSkipped())) return undefined;
  const message = `An upstream task was skipped; to run all the same, set skipOnUpstreamSkip: false on task '${loaded.plan.name}'.`;
  return new State('Skipped', message);
}

function triggerSatisfied({ loaded, upstream }: TaskRun): State | undefined {
  try {
    if (loaded.trigger(upstream)) return undefined;
    return new State('TriggerFailed', 'Trigger failed.');
  } catch (thrown) {
    const cause = upstream.find(({ error }) => error !== undefined)?.error;
    if (thrown instanceof Signal) {
      const { type, message } = thrown.state;
      if (type === 'Skipped' || type === 'Paused') return thrown.state;
      return new State(type, message, { error: new Error(message, { cause }) });
    }
    const message = `Unexpected error while checking task trigger: ${String(thrown)}`;
    return new State('TriggerFailed', message, { error: new Error(message, { cause: thrown }) });
  }
}

// Endings

function endingOf(thrown: unknown, task: string): Ending {
  const error = errorOf(thrown);
  if (error instanceof Signal) return new Ending(error.state, { isRetriable: true });
  return new Ending(failed(explained(error, task)), { isRetriable: true });
}

/** The state of a run whose function threw, whatever it threw. */
export function failed(thrown: unknown): State {
  const error = errorOf(thrown);
  return new State('Failed', textOf(error), { error });
}

/** What was thrown as an error that can be asked; it may be anything at all, even a Proxy that throws when it is. */
function errorOf(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // Then it is told like any other value.
  }
  return decodeThrown(encodeThrown(thrown));
}

/** The beginning of the source of every task: see `Callable`. */
const readOnlyOfTask = /Cannot assign to read only property '(.*)' of function '\(\.\.\.args/;

/** A task is a frozen function while it runs, and what V8 says of that helps nobody. */
function explained(error: Error, task: string): Error {
  if (!(error instanceof TypeError)) return error;
  const [, property] = readOnlyOfTask.exec(textOf(error)) ?? [];
  if (property === undefined) return error;
  const message =
    `task '${task}' tried to change its own '${property}'. A task keeps nothing between its runs, because they happen ` +
    `in other threads and on other machines. Return what is to be kept, or make it an input.`;
  const told = new UsageError('TASK_IS_FROZEN', message, { task, property, cause: error });
  told.stack = `TypeError: ${message}\n${error.stack?.slice(error.stack.indexOf('\n    at ') + 1) ?? ''}`;
  return told;
}

function textOf(error: Error): string {
  try {
    return `${error.name}: ${error.message}`;
  } catch {
    return 'an error whose message cannot be read';
  }
}

function cancelReason(): DOMException {
  return new DOMException('the flow run was cancelled', 'AbortError');
}

/** The list of a mapped upstream has gaps where a child gave no list; they are for the trigger to judge. */
function flattened(task: string, { value, outcomes }: LoadedTask['whole'][number]): unknown[] {
  const hasGaps = outcomes.values === value;
  return flattenList(task, hasGaps ? outcomes.values.map((inner) => (inner === undefined ? [] : inner)) : value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
