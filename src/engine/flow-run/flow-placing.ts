// The options of a flow, and of a run of it, for where and when their tasks run.

import { UsageError } from '../../lib/heddle-error.ts';
import { didYouMean } from '../../lib/nearest.ts';
import { membersRule, rules } from '../../lib/options.ts';
import type { Placing, TagLimit } from '../../lib/placing.ts';
import { placingOptionRules } from '../../flow/placing.ts';
import type { Task } from '../../flow/task.ts';

export interface FlowPlacingOptions {
  /** The priority of its tasks that have none of their own; 0 by default. */
  readonly priority?: number;
  /**
   * How many task runs with a tag may run at once in one flow run, over all workers, by tag: `{ db: 4 }`. Without limit
   * by default. If both the flow and the run have a limit for a tag, that of the run counts.
   */
  readonly limits?: Readonly<Record<string, number>>;
}

export const flowPlacingRules = {
  priority: placingOptionRules.priority,
  limits: {
    ...membersRule('an object of whole numbers by tag, like { db: 4 }, each 1 or more', rules.positiveCount.holds),
    elsewhere: ['concurrency', 'maxConcurrency', 'rateLimit', 'limiter'],
  },
};

/** The options that count for a run. Throws `INVALID_OPTION` for a limit of a tag that no task has. */
export function flowPlacingOf(
  [flow, run]: readonly [string, string],
  tasks: readonly Task[],
  [ofFlow, ofRun]: readonly [FlowPlacingOptions, FlowPlacingOptions],
): FlowPlacing {
  const limits = new Map(Object.entries({ ...ofFlow.limits, ...ofRun.limits }));
  const tags = new Set(tasks.flatMap(({ settings }) => settings.tags));
  for (const tag of limits.keys()) {
    if (tags.has(tag)) continue;
    const known = tags.size === 0 ? 'Give it to one: task(name, { tags }, …)' : `The tags are ${[...tags].join(', ')}`;
    const hint = `${didYouMean(tag, [...tags])} ${known}.`;
    const owner = Object.hasOwn(ofRun.limits ?? {}, tag) ? run : flow;
    const message = `option 'limits' of ${owner} names tag '${tag}', which no task of the flow has.${hint}`;
    throw new UsageError('INVALID_OPTION', message, { owner, option: 'limits', tag });
  }
  return { priority: ofRun.priority ?? ofFlow.priority ?? 0, limits };
}

export interface FlowPlacing {
  readonly priority: number;
  readonly limits: ReadonlyMap<string, number>;
}

export function placingIn({ priority, limits }: FlowPlacing, { settings }: Task): Placing {
  const limited: TagLimit[] = settings.tags.flatMap((tag) => {
    const most = limits.get(tag);
    return most === undefined ? [] : [{ tag, most }];
  });
  return {
    ...settings.placing,
    priority: settings.placing.priority ?? priority,
    ...(limited.length > 0 && { limits: limited }),
  };
}
