// Tasks that keep something in a variable of their module, or of a function around them. This seems to work until the
// task runs on several threads, so there is a warning before it runs, on every executor.

import { lookAt, lookOf, type KeptVariable } from '../../code/kept-variables.ts';
import { config } from '../../config/config.ts';
import type { Graph } from '../../flow/graph.ts';
import { codeOf, type Task } from '../../flow/task.ts';
import { UsageError } from '../../lib/heddle-error.ts';
import type { Logger } from '../logger.ts';

export const whyNotKept =
  'each thread and each remote worker has its own copy of that, so other runs may not see the change, nor does the ' +
  'process that started the flow';
export const insteadOfKeeping = [
  'return the value, and put together what all runs return in a task that takes it',
  'or hand it on to the next iteration with signals.LOOP',
  'or, if it only saves work (a client, a table), open it with a resourceManager, or once for each thread with ??=',
];

/** Warns of such tasks in a flow that is about to run, or refuses to run it, as configured. */
export async function warnOfState(graph: Graph, logger: Logger): Promise<void> {
  const { variableWrites } = config().tasks;
  if (variableWrites === 'ignore') return;
  const tasks = distinctTasks(graph);
  await lookAt([...tasks.keys()].flatMap(codeOf));
  for (const [task, slug] of tasks) {
    for (const { unread } of codeOf(task).flatMap((code) => lookOf(code) ?? [])) {
      if (unread !== undefined) logger.debug(`task '${slug}' was not searched for writes to variables: ${unread}`);
    }
    const kept = known(task);
    if (kept.length === 0) continue;
    const message =
      `task '${slug}' ${changesOf(kept)} outside of itself: ${whyNotKept}. Instead, ${insteadOfKeeping.join('; ')}. ` +
      `(Whether this is told, and whether it is an error, is configured by [tasks] variableWrites.)`;
    if (variableWrites === 'error') {
      throw new UsageError('TASK_WRITES_VARIABLE', message, { task: slug, variables: kept });
    }
    logger.warn(message);
  }
}

/** The variables that a task changes and that are not its own. */
export async function keptBy(task: Task): Promise<readonly KeptVariable[]> {
  await lookAt(codeOf(task));
  return known(task);
}

/** Such as `changes 'count' (tally.ts:12:3)`. */
export function changesOf(kept: readonly KeptVariable[]): string {
  return `changes ${kept.map(({ target, at }) => `'${target}' (${at})`).join(', ')}`;
}

/** The tasks of a flow with their names for messages. Of copies that share their code, only the first. */
export function distinctTasks({ nodes }: Graph): Map<Task, string> {
  const tasks = new Map<Task, string>();
  const seen = new Set<unknown>();
  for (const { task, slug } of nodes) {
    if (task === undefined) continue;
    const [first] = codeOf(task);
    if (seen.has(first)) continue;
    seen.add(first);
    tasks.set(task, slug);
  }
  return tasks;
}

function known(task: Task): KeptVariable[] {
  return codeOf(task).flatMap((code) => lookOf(code)?.kept ?? []);
}
