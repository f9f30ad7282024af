// The options of a flow and of its runs, and the rules that they are checked by.

import type { Duration } from '../../lib/duration.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { handlerRule, handlersRule, isRecord, oneOf, rules, type OptionRule } from '../../lib/options.ts';
import { resultRule } from '../../flow/storing.ts';
import type { LocationFacts } from '../../results/location-facts.ts';
import type { Schedule } from '../../schedules/schedule.ts';
import type { Executor } from './executor.ts';
import { flowPlacingRules, type FlowPlacing, type FlowPlacingOptions } from './flow-placing.ts';
import { FlowState } from './flow-state.ts';

/**
 * A name for a flow run: a text, filled from `parameters`, `flowName`, `flowRunId` and `date`; or a function of them.
 */
export type FlowRunName =
  | string
  | ((run: Pick<LocationFacts, 'parameters' | 'flowName' | 'flowRunId' | 'date'>) => string);

export interface FlowRunOptions extends FlowPlacingOptions {
  /** Values for the flow's parameters, by name. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Instead of the flow's own. */
  readonly executor?: Executor;
  /** The run's name in the log, instead of the flow's own. */
  readonly flowRunName?: FlowRunName;
  /**
   * An id of your own, up to 100 characters. What is done is then noted on this machine, in `results.directory`: the
   * same run started again, also after its process was killed, does only what is missing.
   */
  readonly flowRunId?: string;
  /** Slugs of tasks that would be left `Paused`, by `triggers.manualOnly` or by `signals.PAUSE`, and may go on now. */
  readonly approve?: readonly string[];
  /** Cancels the run when it is aborted. */
  readonly signal?: AbortSignal;
  /** Secrets for this run, by name; they come before those of the environment and the configuration. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** How long running functions, and handlers of the flow, may take to end after a cancel; `'5s'` by default. */
  readonly cancelGrace?: Duration;
  /**
   * Whether Ctrl-C and SIGTERM cancel the run, and set the exit status of the process; `true` by default. A server that
   * finishes what it has begun says `false`, listens for them itself, and ends when it is through.
   */
  readonly handleSignals?: boolean;
  /** Gets each line of the run's log, instead of standard error. If it throws, the run ends: `LOG_LISTENER_FAILED`. */
  readonly onLog?: (record: LogRecord) => void;
}

/** The options of a run, with what they come to. */
export interface FlowRunRequest extends Omit<FlowRunOptions, 'cancelGrace' | keyof FlowPlacingOptions> {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly executor: Executor;
  readonly cancelGraceMs: number;
  readonly placing: FlowPlacing;
  readonly scheduledStartTime?: Date;
}

export interface ServeOptions<Plan = unknown> extends Omit<FlowRunOptions, 'flowRunId'> {
  /**
   * Gives each run an id of your own, such as one with the date, by which a run whose process died can be resumed. Two
   * runs must not have the same one, unless the later is to do only what the earlier has not. No ids by default.
   */
  readonly flowRunId?: (run: Pick<ScheduledRun, 'scheduledStartTime' | 'parameters'>) => string;
  /** Instead of the flow's own. */
  readonly schedule?: Schedule;
  /** Values for the flow's parameters; those of the schedule's clocks come first. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Cancels the run that is under way, when it is aborted, and ends the loop. */
  readonly signal?: AbortSignal;
  /** Ends the loop after so many runs; without limit by default. */
  readonly maxRuns?: number;
  /** Called and waited for after each run. What it throws ends the loop. */
  readonly onRun?: (run: ScheduledRun<Plan>) => unknown;
}

/** How a loop over a schedule ended, and what it did. */
export interface Served {
  /** The schedule has no more events; `maxRuns` were made; or somebody ended it, by its signal or Ctrl-C. */
  readonly end: 'exhausted' | 'max-runs' | 'cancelled';
  /** Runs that were begun, those that could not start included. */
  readonly runs: number;
  /** How many of them failed or could not start. */
  readonly failures: number;
}

/** One run of a schedule, after its end. */
export interface ScheduledRun<Plan = unknown> {
  readonly scheduledStartTime: Date;
  /** Those that were given, and those of the schedule's event, which take precedence. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Absent when the run could not start, or was lost; then there is an `error`. */
  readonly state?: FlowState<Plan>;
  readonly error?: Error;
}

const runName = {
  expected: "a text like 'load-{parameters.day}', or a function",
  holds: (value: unknown) => typeof value === 'function' || rules.text.holds(value),
};
const executorRule = {
  expected: 'an executor, like new LocalExecutor() or new DistributedExecutor(() => cluster)',
  holds: isExecutor,
  elsewhere: ['taskRunner', 'cluster', 'pool', 'scheduler', 'workers', 'threads'],
};
export const scheduleRule = {
  expected: "a Schedule, such as new Schedule({ clocks: [new CronClock('0 9 * * *')] })",
  holds: (value: unknown) => typeof (value as Partial<Schedule> | null)?.next === 'function',
  elsewhere: ['cron', 'interval', 'every', 'repeat'],
};
export const flowRules = {
  executor: executorRule,
  schedule: scheduleRule,
  result: resultRule,
  flowRunName: runName,
  stateHandlers: handlersRule('({ from, to }) => …'),
  terminalStateHandler: handlerRule('({ state, referenceStates }) => …'),
  onFailure: handlerRule('({ state }) => …'),
  ...flowPlacingRules,
};

export interface TaskQuery {
  /** The name of a task, which several nodes may have; any by default. */
  readonly name?: string;
  /** Tags of which a task must have all; none by default. */
  readonly tags?: readonly string[];
}

export const queryRules = { name: rules.text, tags: rules.texts };

export interface VisualizeOptions {
  /** `'svg'` by default. */
  readonly format?: 'svg' | 'dot' | 'mermaid';
  /** Of a finished run of this flow: colours each task by how it ended. Without, the flow itself is drawn. */
  readonly state?: FlowState;
  /** From left to right, rather than from top to bottom; false by default. */
  readonly horizontal?: boolean;
}

export const visualizeRules = {
  format: oneOf('svg', 'dot', 'mermaid'),
  state: {
    expected: 'the state of a run of this flow',
    holds: (value: unknown) => value instanceof FlowState,
    elsewhere: ['flowState'],
  },
  horizontal: rules.flag,
};

/** It names a file, where some characters count for several, and stands in lines of the log. */
export const flowRunIdRule: OptionRule = {
  expected: 'a text of 1 to 100 characters, not blank, and without line breaks',
  holds: (value) => {
    if (typeof value !== 'string' || value.trim() === '' || /\p{Cc}/u.test(value)) return false;
    return value.isWellFormed() && encodeURIComponent(value).length <= 200;
  },
};

export const runRules = {
  executor: executorRule,
  parameters: {
    expected: 'an object of values by parameter name',
    holds: isRecord,
    elsewhere: ['params', 'inputs', 'args', 'context'],
  },
  flowRunName: runName,
  flowRunId: { ...flowRunIdRule, elsewhere: ['runId', 'jobId', 'workflowId', 'idempotencyKey', 'taskStates'] },
  approve: { ...rules.texts, expected: "an array of slugs, like ['refund']" },
  signal: {
    expected: 'an AbortSignal',
    holds: (value: unknown) => value instanceof AbortSignal,
    elsewhere: ['abortSignal', 'timeout'],
  },
  secrets: { expected: 'an object of secrets by name', holds: isRecord },
  cancelGrace: rules.anything,
  handleSignals: { ...rules.flag, elsewhere: ['installSignalHandlers', 'handleSIGTERM', 'handleSIGINT'] },
  onLog: rules.function,
  ...flowPlacingRules,
};
const { flowRunId: _, ...everyRunRules } = runRules;
export const serveRules = {
  ...everyRunRules,
  flowRunId: rules.function,
  schedule: scheduleRule,
  maxRuns: rules.positiveCount,
  onRun: rules.function,
};

/** A cluster can be started too, but it is for the factory of an executor. */
function isExecutor(value: unknown): boolean {
  const { start, connect } = (value ?? {}) as { start?: unknown; connect?: unknown };
  return typeof start === 'function' && connect === undefined;
}
