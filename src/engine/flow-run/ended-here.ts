// What happens to tasks where the flow was started: a mapped task is done as a whole when its last child is, and some
// tasks end without being sent anywhere. Both are logged here and shown to the task's handlers, as workers do for
// others.

import { formatDuration } from '../../lib/duration.ts';
import { plural } from '../../lib/plural.ts';
import { pending, type State } from '../../flow/state.ts';
import { contextOf, type FlowRunScope } from './flow-context.ts';
import { changeState, isWatched } from '../handlers.ts';
import type { NodeRun } from './node-run.ts';
import { doneSoFar, howTheyEnded } from './progress.ts';
import { stackOf } from '../failures.ts';

/** Resolves when a run is done. How a mapped task ended as a whole is logged then, or how far it was. */
export async function concluded(run: NodeRun, scope: FlowRunScope): Promise<void> {
  await run.done;
  const { task, slug } = run.node;
  // A resumed flow run does not tell again of what an earlier attempt has done.
  if (task === undefined || !run.isList || run.isUnchanged) return;
  const { state, startedAt } = run;
  const logger = scope.log.loggerFor(slug);
  const time = startedAt === undefined ? undefined : formatDuration(performance.now() - startedAt);
  if (!state.isMapped()) {
    if (time !== undefined) logger.info(`stopped after ${time}: ${doneSoFar(run)}`);
    return;
  }
  logger[run.failedCount > 0 ? 'warn' : 'info'](summaryOf(run, time));
  if (!isWatched(task)) return;
  const changed = await changeState(task, { from: pending, to: state }, contextOf(scope, slug));
  if (changed === state) return;
  run.endAs(changed);
  if (changed.isFailed()) logger.error(stackOf(changed));
}

/** The state of a task that ends without being sent anywhere, after its handlers have seen it. */
export async function endedHere({ node }: NodeRun, end: State, scope: FlowRunScope): Promise<State> {
  const { task, slug } = node;
  const logger = scope.log.loggerFor(slug);
  const isToTell = task !== undefined && isWatched(task);
  const state = isToTell ? await changeState(task, { from: pending, to: end }, contextOf(scope, slug)) : end;
  if (state.isFailed()) logger.error(stackOf(state));
  else logger.info(`finished: ${state.toString()}`);
  return state;
}

function summaryOf(run: NodeRun, time: string | undefined): string {
  const how = time === undefined ? '' : ` in ${time}`;
  return `finished: ${plural(run.length, 'run')}${how}${howTheyEnded(run)}`;
}
