// A sensor waits for something in the world: a task whose function is called again and again until it has an answer.
// Between two calls nothing runs and nothing is held; see `engine/task-run/sensing.ts`.

import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, describe } from '../lib/options.ts';
import type { Travelling } from '../values/type-check.ts';
import { sensorOptionRules, type SensorOptions } from './settings.ts';
import { FunctionTask, type Task, type Written } from './task.ts';

/** What a condition returns when it holds. `undefined`, `null` and `false` mean that it does not hold yet. */
type Answer<Result> = Exclude<Awaited<Result>, undefined | null | false | void>;

/** As often as most things are worth asking, and seldom enough to be asked for days. */
const defaultEvery = '10s';

/**
 * Makes a task that calls `condition` until it holds, which is when it returns anything but `undefined`, `null` and
 * `false`; that is the task's result. It waits `every` between two calls, in which it holds no thread, and ends
 * `TimedOut` when the condition does not hold within `timeout` of its first call. What the condition throws fails the
 * task, which is retried like any other. Throws a `UsageError` as `task` does.
 */
export function sensor<Args extends readonly unknown[], Result, Condition = Written<Args, Result>>(
  name: string,
  condition: Condition & Travelling<Condition, Written<Args, Result>>,
): Task<Args, Answer<Result>>;
export function sensor<Args extends readonly unknown[], Result, Condition = Written<Args, Result>>(
  name: string,
  options: SensorOptions,
  condition: Condition & Travelling<Condition, Written<Args, Result>>,
): Task<Args, Answer<Result>>;
export function sensor<Args extends readonly unknown[], Result>(
  name: string,
  ...rest: [(...args: Args) => Result] | [SensorOptions, (...args: Args) => Result]
): Task<Args, Answer<Result>> {
  const [options, condition] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (typeof condition !== 'function') {
    const message =
      `sensor '${name}' needs a function that returns what is waited for, or undefined while it is not there: ` +
      `sensor('${name}', () => …); got ${describe(condition)}`;
    throw new UsageError('INVALID_TASK', message, { task: name });
  }
  checkOptions(`sensor '${name}'`, options, sensorOptionRules);
  const { every = defaultEvery } = options;
  return new FunctionTask(name, { ...options, every }, condition as unknown as (...args: Args) => Answer<Result>);
}
