// Where and when the runs of a task are run, as its author says it.

import { placingRules, traitsOf, type Placing } from '../lib/placing.ts';
import { oneOf, rules } from '../lib/options.ts';

export interface PlacingOptions {
  /** Of what could run, the higher comes first, whatever its flow; that of the flow by default, else 0. */
  readonly priority?: number;
  /** How much of a worker's resources one run takes while it runs, by name, like `{ gpu: 1 }`; nothing by default. */
  readonly resources?: Readonly<Record<string, number>>;
  /** What must be among the labels of a worker that runs it; nothing by default. */
  readonly labels?: readonly string[];
  /**
   * How many runs may overlap in one thread, 1,000 at most: for async functions that mostly wait. As the cluster says
   * by default, else 1.
   */
  readonly concurrency?: number;
  /**
   * What becomes of a run whose thread or worker is lost: it is run again (`'rerun'`, by default), or it is `Crashed`,
   * because it must not run twice.
   */
  readonly onWorkerLost?: 'rerun' | 'crash';
  /**
   * How many deaths of a thread or worker one run may cause before it is given up as `Crashed`; as the cluster says by
   * default, else 3.
   */
  readonly allowedFailures?: number;
}

export const placingOptionRules = {
  priority: { expected: 'a number', holds: (value: unknown) => Number.isFinite(value) },
  ...placingRules,
  onWorkerLost: oneOf('rerun', 'crash'),
  allowedFailures: rules.count,
};

/** What a task says of its placing; its flow says the rest. */
export type TaskPlacing = Omit<Placing, 'priority' | 'limits'> & { readonly priority: number | undefined };

export function placingOf({ priority, concurrency, allowedFailures, onWorkerLost, ...options }: PlacingOptions) {
  const needs = traitsOf(options);
  const placing: TaskPlacing = {
    priority,
    ...(concurrency !== undefined && { concurrency }),
    ...(needs.resources.length + needs.labels.length > 0 && { needs }),
    ...(allowedFailures !== undefined && { allowedFailures }),
    ...(onWorkerLost === 'crash' && { crashesWhenLost: true }),
  };
  return Object.freeze(placing);
}
