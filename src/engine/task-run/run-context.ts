import { signalListener, type Signal } from '../../flow/signals.ts';
import type { Control } from '../../lib/control.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { keepSpecimen } from '../../lib/specimens.ts';
import { isCancelled, onCancel } from './abort-watch.ts';
import { currentRun, withContext, type Context, type Run } from '../context.ts';
import { createLogger, renaming, type Logger, type LogSource } from '../logger.ts';
import type { RunPlan } from '../plan.ts';
import { secretsOf } from '../secrets.ts';
import type { Progress } from './endings.ts';

interface RunFacts {
  readonly plan: RunPlan;
  readonly progress: Progress;
  readonly mapIndex: number | undefined;
  /** Absent when the task does not name its runs. */
  readonly taskRunName: string | undefined;
  readonly control: Control;
  readonly write: (record: LogRecord) => void;
}

const nothingExtra: readonly string[] = Object.freeze([]);

/** The context of one task run. What costs something is made when it is first asked for. */
export class RunContext implements Context, Run {
  readonly #facts: RunFacts;
  /** The latest signal that was made in this run. */
  signalMade: Signal | undefined;
  isOver = false;
  #logger: Logger | undefined;
  #otherLoggers: Map<string, Logger> | undefined;
  #atEnd: (() => void)[] | undefined;
  #controller: AbortController | undefined;
  #unsubscribe: (() => void) | undefined;
  #flowRunName: string | undefined;

  constructor(facts: RunFacts) {
    this.#facts = facts;
  }

  get mapIndex(): number | undefined {
    return this.#facts.mapIndex;
  }

  get taskRunCount(): number {
    return this.#facts.progress.runCount;
  }

  get taskLoopCount(): number {
    return this.#facts.progress.loopCount;
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the task itself gave to LOOP
  get taskLoopResult(): any {
    return this.#facts.progress.loopResult;
  }

  get parameters(): Readonly<Record<string, unknown>> {
    return this.#facts.plan.parameters;
  }

  get logger(): Logger {
    return (this.#logger ??= this.#newLogger());
  }

  loggerOf(name: string): Logger {
    this.#otherLoggers ??= new Map();
    let logger = this.#otherLoggers.get(name);
    if (logger === undefined) this.#otherLoggers.set(name, (logger = this.#newLogger(name)));
    return logger;
  }

  get extraLoggers(): readonly string[] {
    return this.#facts.plan.extraLoggers ?? nothingExtra;
  }

  get taskName(): string {
    return this.#facts.plan.name;
  }

  get isApproved(): boolean {
    return this.#facts.plan.isApproved === true;
  }

  get tags(): readonly string[] {
    return this.#facts.plan.tags ?? [];
  }

  get taskRunName(): string {
    const { taskRunName, plan, mapIndex } = this.#facts;
    return taskRunName ?? (mapIndex === undefined ? plan.name : `${plan.name}[${mapIndex}]`);
  }

  get flowName(): string {
    return this.#facts.plan.flow;
  }

  get flowRunId(): string {
    return this.#facts.plan.flowRunId;
  }

  get flowRunName(): string {
    return this.#flowRunName ?? this.#facts.plan.flowRunName;
  }

  renameFlowRun(name: string): void {
    const record = renaming(name, sourceOf(this.#facts));
    this.#flowRunName = record.renamedTo;
    this.#facts.write(record);
  }

  get secrets(): Readonly<Record<string, unknown>> {
    return secretsOf(this.#facts.plan.secrets);
  }

  get isLoggingStdout(): boolean {
    return this.#facts.plan.logStdout;
  }

  get date(): Date {
    return new Date(this.#facts.plan.startedAt);
  }

  get scheduledStartTime(): Date {
    const { scheduledStartTime, startedAt } = this.#facts.plan;
    return new Date(scheduledStartTime ?? startedAt);
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) {
      // A loop that never yields cannot be told of a cancel, but it can ask.
      if (isCancelled(this.#facts.control)) this.abort(cancelReason());
      return this.#controller.signal;
    }
    this.#controller = new AbortController();
    // Whoever reads the signal for the first time is about to listen, and must still hear of an earlier cancel.
    const told = () => queueMicrotask(() => this.abort(cancelReason()));
    this.#unsubscribe = onCancel(this.#facts.control, told);
    return this.#controller.signal;
  }

  abort(reason: DOMException): void {
    const controller = (this.#controller ??= new AbortController());
    // The listeners belong to the function of this run, and may read its context.
    withContext(this, () => controller.abort(reason));
  }

  /** For its own lines, or for those of another logger. */
  #newLogger(name?: string): Logger {
    const { plan, write } = this.#facts;
    const source = sourceOf(this.#facts);
    return createLogger(name === undefined ? source : { ...source, logger: name }, write, plan.logLevel);
  }

  onceOver(callback: () => void): void {
    (this.#atEnd ??= []).push(callback);
  }

  close(): void {
    this.#unsubscribe?.();
    this.#atEnd?.forEach((callback) => callback());
    this.isOver = true;
  }
}

keepSpecimen(new RunContext({} as RunFacts));

/** The source of a task run's log lines. The flow run is added where it was started, where its name is known. */
export function sourceOf({ plan, mapIndex, taskRunName }: Omit<RunFacts, 'progress' | 'control' | 'write'>): LogSource {
  return {
    task: plan.name,
    ...(mapIndex !== undefined && { mapIndex }),
    ...(taskRunName !== undefined && { taskRun: taskRunName }),
  };
}

// Of functions that overlap, the context tells which one made the signal.
signalListener.made = (signal) => {
  const run = currentRun();
  if (run instanceof RunContext) run.signalMade = signal;
};

function cancelReason(): DOMException {
  return new DOMException('the flow run was cancelled', 'AbortError');
}
