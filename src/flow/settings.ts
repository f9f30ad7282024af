import { toMilliseconds, toPositiveMilliseconds, type Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { registry } from '../code/registry.ts';
import { config } from '../config/config.ts';
import { checkOptions, handlerRule, handlersRule, oneOf, rules } from '../lib/options.ts';
import { checkTemplate } from '../lib/template.ts';
import type { Check } from '../values/travels.ts';
import type { Mapped, Node, Unmapped } from './node.ts';
import { nameOfValidator, type CacheValidator } from '../results/cache-validators.ts';
import type { LocationFacts } from '../results/location-facts.ts';
import { placingOf, placingOptionRules, type PlacingOptions, type TaskPlacing } from './placing.ts';
import { Signal } from './signals.ts';
import type { State } from './state.ts';
import { storingOf, storingOptionRules, type Storing, type StoringOptions } from './storing.ts';
import type { Task } from './task.ts';
import { allSuccessful, nameOf, someFailed, someSuccessful, type Trigger } from './triggers.ts';

export interface TaskOptions extends StoringOptions, PlacingOptions {
  /** How often a failed run is tried again; as configured (`[tasks.defaults] retries`, 0) by default. */
  readonly retries?: number;
  /**
   * How long to wait before each retry (milliseconds, or a text like `'10s'`); as configured (`[tasks.defaults]
   * retryDelay`, 0) by default. A function is given the number of the attempt that failed, from 1.
   */
  readonly retryDelay?: Duration | ((attempt: number) => Duration);
  /** The part of the delay, from 0 to 1, by which it is varied at random, up or down; 0 by default. */
  readonly retryJitter?: number;
  /** Which errors are worth a retry: error classes, or a function; all by default. */
  readonly retryOn?: ErrorClass | readonly ErrorClass[] | ((error: Error) => boolean);
  /**
   * How long one call may take, counted from the start of the function; as configured (`[tasks.defaults] timeout`,
   * none) by default. One that takes longer is `TimedOut`, with `TASK_TIMED_OUT`, and retried like any failure.
   */
  readonly timeout?: Duration;
  /** Decides from the upstream states whether the task may start; `triggers.allSuccessful` by default. */
  readonly trigger?: Trigger;
  /** Whether a skipped upstream skips this task too; true by default. */
  readonly skipOnUpstreamSkip?: boolean;
  /** Names this task in a flow, where it must be unique; the task's name, numbered, by default. */
  readonly slug?: string;
  /**
   * Words of the author's own: `flow.tasks({ tags })` finds nodes by them, `context.tags` has them, and `limits` of a
   * flow count by them.
   */
  readonly tags?: readonly string[];
  /** What mapped lists of unequal lengths mean: an error by default, or that the shortest decides. */
  readonly zip?: 'strict' | 'shortest';
  /** What a run is called in the log and in `context.taskRunName`: a text like `'load {inputs.0}'`, or a function. */
  readonly taskRunName?: TaskRunName;
  /** Whether what the task prints goes to the log; as configured (`[logging] logStdout`) by default. */
  readonly logStdout?: boolean;
  /**
   * What becomes of an input or a result that would arrive changed, a class instance as a plain object, say: a warning
   * in the log (`'warn'`), a failure (`'strict'`), or nothing (`'off'`). As configured (`[values] check`) otherwise.
   * What a strict task captures that was made inside a function is looked at on this thread as well.
   */
  readonly check?: Check;
  /** How many megabytes an input or a result may have, as bytes; as configured (`[values] limit`, 1,024) by default. */
  readonly valueLimit?: number;
  /** Called in order at each change of a run's state, where the task runs; each may return another state. */
  readonly stateHandlers?: readonly TaskStateHandler[];
  /** Called when an attempt of a run has failed; `isRetried` says whether it will be tried again. */
  readonly onFailure?: (failure: {
    readonly task: Task;
    readonly state: State;
    readonly mapIndex?: number;
    readonly isRetried: boolean;
  }) => unknown;
}

/**
 * A name for each run of a task: a text, filled from `inputs` (by position: `{inputs.0}`), `parameters`, `taskName`,
 * `mapIndex`, `flowName`, `flowRunName`, `flowRunId` and `date`; or a function of them.
 */
export type TaskRunName = string | ((run: TaskRunNameFacts) => string);

const taskRunNameFacts = [
  'inputs',
  'parameters',
  'taskName',
  'mapIndex',
  'flowName',
  'flowRunName',
  'flowRunId',
  'date',
] as const satisfies readonly (keyof LocationFacts)[];

export type TaskRunNameFacts = Pick<LocationFacts, (typeof taskRunNameFacts)[number]>;

// oxlint-disable-next-line typescript/no-explicit-any -- any error class will do, whatever its constructor takes
export type ErrorClass = abstract new (...args: any[]) => Error;

/**
 * Sees a change of a task run's state, and may return another state in its place. What it throws makes the run
 * `Failed`; a signal makes it that signal's state. `context` is that of the run. Of a mapped task, it sees the changes
 * of each child, and one of the task as a whole: to `Mapped`, when all of them are done, where the flow was started.
 */
export type TaskStateHandler = (change: {
  /** As it was defined: of a copy that `with()` made, it may be the original. `context.taskName` tells them apart. */
  readonly task: Task;
  /** Of the child; absent when the task is not mapped, and for the mapped task as a whole. */
  readonly mapIndex: number | undefined;
  readonly from: State;
  readonly to: State;
  /** Whether the run will be tried again: true of a failure that a retry follows, and of `Retrying`. */
  readonly isRetried: boolean;
}) => State | void | Promise<State | void>;

export interface SensorOptions extends TaskOptions {
  /** How long to wait between two calls of the condition; `'10s'` by default. */
  readonly every?: Duration;
  /**
   * How long after its first call the condition may still come to hold; without limit by default. After that it is
   * `TimedOut`, and not retried.
   */
  readonly timeout?: Duration;
}

export interface TaskCopyOptions extends TaskOptions {
  /** What the copy is called; as the original by default. */
  readonly name?: string;
  /** Of a sensor: how long to wait between two calls of its condition. */
  readonly every?: Duration;
  /**
   * Runs to wait for, besides those whose values are passed. A mapped one is waited for index by index by a mapped
   * task, unless it is wrapped in `unmapped()`; so is one that returns a list, when that is wrapped in `mapped()`.
   */
  readonly upstreamTasks?: readonly (Node | Unmapped | Mapped)[];
}

/** A task's options with their defaults filled in; times in milliseconds. */
export interface TaskSettings {
  readonly retries: number;
  /** As it was given, when it is a function. */
  readonly retryDelay: unknown;
  readonly retryDelayMs: number | undefined;
  readonly jitter: number;
  readonly retryOn: ((error: Error) => boolean) | undefined;
  readonly zip: 'strict' | 'shortest';
  readonly taskRunName: TaskRunName | undefined;
  readonly logStdout: boolean | undefined;
  readonly stateHandlers: readonly TaskStateHandler[];
  readonly onFailure: TaskOptions['onFailure'];
  readonly timeoutMs: number | undefined;
  /** Present in a sensor, whose `timeoutMs` counts from the first of its calls. */
  readonly everyMs: number | undefined;
  readonly check: Check;
  readonly valueLimitBytes: number;
  readonly trigger: Trigger;
  readonly skipOnUpstreamSkip: boolean;
  readonly slug: string | undefined;
  /** Each once, in the order in which they were given. */
  readonly tags: readonly string[];
  readonly placing: TaskPlacing;
  /** Absent when the task says nothing about its results. */
  readonly storing: Storing | undefined;
}

export const taskOptionRules = {
  retries: { ...rules.count, elsewhere: ['retry', 'maxRetries', 'attempts', 'maxAttempts'] },
  retryDelay: { ...rules.anything, elsewhere: ['retryDelaySeconds', 'retryInterval', 'backoff', 'retryBackoff'] },
  timeout: {
    ...rules.anything,
    elsewhere: ['timeoutSeconds', 'timeLimit', 'softTimeLimit', 'executionTimeout', 'startToCloseTimeout'],
  },
  trigger: {
    expected: 'a trigger, such as triggers.allFinished or triggers.someFailed({ atLeast: 1 })',
    holds: (value: unknown) => typeof value === 'function' && value !== someFailed && value !== someSuccessful,
    elsewhere: ['triggerRule'],
  },
  skipOnUpstreamSkip: rules.flag,
  slug: rules.text,
  tags: { ...rules.texts, elsewhere: ['rateLimit', 'limiter', 'limit'] },
  retryJitter: { expected: 'a number from 0 to 1', holds: isFraction, elsewhere: ['jitter', 'retryJitterFactor'] },
  retryOn: {
    expected: 'an error class, an array of them, or a function',
    holds: isRetryOn,
    elsewhere: ['retryIf', 'retryConditionFn', 'retryExceptions', 'autoretryFor'],
  },
  taskRunName: {
    expected: "a text like 'load {inputs.0}', or a function",
    holds: (value: unknown) => typeof value === 'function' || rules.text.holds(value),
  },
  logStdout: { ...rules.flag, elsewhere: ['logPrints'] },
  check: oneOf('strict', 'warn', 'off'),
  valueLimit: rules.positiveCount,
  zip: oneOf('strict', 'shortest'),
  stateHandlers: { ...handlersRule('({ from, to }) => …'), elsewhere: ['onCompletion', 'onSuccess', 'onComplete'] },
  onFailure: handlerRule('({ state }) => …'),
  ...placingOptionRules,
  resources: { ...placingOptionRules.resources, elsewhere: ['numGpus', 'gpus', 'numCpus', 'cpus', 'memory'] },
  labels: { ...placingOptionRules.labels, elsewhere: ['taskQueue', 'queue', 'workPool', 'pool'] },
  ...storingOptionRules,
};
export const sensorOptionRules = {
  ...taskOptionRules,
  every: { ...rules.anything, elsewhere: ['interval', 'pokeInterval'] },
};
export const copyOptionRules = {
  ...taskOptionRules,
  name: rules.text,
  upstreamTasks: { ...rules.list, elsewhere: ['waitFor'] },
};
export const sensorCopyOptionRules = { ...copyOptionRules, ...sensorOptionRules };

/** The settings that options come to. Throws a `UsageError` for what is wrong with them, naming `owner`. */
export function settingsOf(owner: string, options: TaskCopyOptions): TaskSettings {
  checkOptions(owner, options, sensorCopyOptionRules);
  const { tasks, values } = config();
  const { defaults } = tasks;
  const {
    retries = defaults.retries,
    retryDelay = defaults.retryDelay ?? 0,
    retryJitter = 0,
    every,
    // The configured one is for a single call, and says nothing of how long something may be waited for.
    timeout = every === undefined ? defaults.timeout : undefined,
    trigger = allSuccessful,
    slug,
  } = options;
  const { skipOnUpstreamSkip = true, zip = 'strict', stateHandlers = [], onFailure, taskRunName } = options;
  if (typeof taskRunName === 'string') checkTemplate(`option 'taskRunName' of ${owner}`, taskRunName, taskRunNameFacts);
  // A worker may lack the configuration that gives them; the flow says there how often a task is tried again.
  const hasRetries = options.retries !== undefined || retries > 0 || registry.isImporting;
  for (const option of ['retryDelay', 'retryJitter', 'retryOn'] as const) {
    if (options[option] === undefined || hasRetries) continue;
    const remedy = 'Add retries: 1 or more.';
    const message = `${owner} has a ${option} but no retries, so it would never be tried again. ${remedy}`;
    throw new UsageError('INVALID_OPTION', message, { owner, option });
  }
  const isFunction = typeof retryDelay === 'function';
  const delay = `option 'retryDelay' of ${owner}, unless it is a function of the attempt,`;
  const positive = (option: string, time: unknown) => {
    return time === undefined ? undefined : toPositiveMilliseconds(time, { owner, option });
  };
  return Object.freeze({
    retries,
    retryDelay,
    retryDelayMs: isFunction ? undefined : toMilliseconds(retryDelay, delay),
    jitter: retryJitter,
    retryOn: options.retryOn === undefined ? undefined : matcherOf(options.retryOn),
    timeoutMs: positive('timeout', timeout),
    everyMs: positive('every', every),
    check: options.check ?? values.check,
    valueLimitBytes: (options.valueLimit ?? values.limit) * 2 ** 20,
    trigger,
    skipOnUpstreamSkip,
    slug,
    tags: Object.freeze([...new Set(options.tags)]),
    zip,
    taskRunName,
    logStdout: options.logStdout,
    stateHandlers,
    onFailure,
    placing: placingOf(options),
    storing: storingOf(owner, options),
  });
}

/** Whether options are all data, so that a worker that knows the original of a copy needs nothing else to know. */
export function isAllData(options: TaskCopyOptions, original: TaskOptions): boolean {
  return (Object.keys(options) as (keyof TaskOptions)[]).every((name) => {
    const value: unknown = options[name];
    if (value === original[name]) return true;
    if (name === 'trigger') return nameOf(value as Trigger) !== undefined;
    if (name === 'cacheValidator') return nameOfValidator(value as CacheValidator) !== undefined;
    return !['retryOn', 'stateHandlers', 'onFailure'].includes(name) && typeof value !== 'function';
  });
}

function matcherOf(retryOn: NonNullable<TaskOptions['retryOn']>): (error: Error) => boolean {
  if (Array.isArray(retryOn)) return (error) => retryOn.some((each: ErrorClass) => error instanceof each);
  if (isErrorClass(retryOn)) return (error) => error instanceof retryOn;
  return retryOn as (error: Error) => boolean;
}

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && (value === Error || value.prototype instanceof Error);
}

function isFraction(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isRetryOn(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((each) => isErrorClass(each) && !isSignal(each));
  return typeof value === 'function' && !isSignal(value);
}

/** Signals decide for themselves whether there is a retry. */
function isSignal(value: unknown): boolean {
  return typeof value === 'function' && value.prototype instanceof Signal;
}
