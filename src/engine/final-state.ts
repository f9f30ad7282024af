// What a flow run comes to, from the states of its nodes.

import { HeddleError } from '../lib/heddle-error.ts';
import type { Flow } from './flow.ts';
import type { FlowRunner } from './flow-runner.ts';
import { FlowState, type FlowOutcome } from './flow-state.ts';
import type { NodeRun } from './node-run.ts';

/** The terminal nodes decide: any failed, and the run failed. A mapped one is judged by its children. */
export function finalState<Plan>(
  flow: Flow<Plan>,
  { runs }: FlowRunner,
  facts: Pick<FlowOutcome<Plan>, 'flowRunId' | 'log' | 'statistics'>,
): FlowState<Plan> {
  const outcome = { graph: flow.graph, plan: flow.plan, runs, ...facts };
  const all = [...runs.values()];
  const cancelled = all.find((run) => run.wasCancelled);
  if (cancelled !== undefined) return new FlowState('Cancelled', cancelled.state.message, { outcome });
  const references = flow.referenceTasks.map((node) => runs.get(node)!);
  const unfinished = all.filter((run) => run.unfinishedCount > 0);
  if (unfinished.length > 0 && references.some((run) => run.unfinishedCount > 0)) {
    return new FlowState('Paused', describePause(unfinished), { outcome });
  }
  const failed = references.filter((run) => run.hasFailed);
  if (failed.length === 0) return new FlowState('Success', 'All reference tasks succeeded.', { outcome });
  const what = `Some reference tasks failed: ${failed.map(describeFailure).join('; ')}`;
  const cause = originOf(all);
  const isTold = cause === undefined || what.includes(cause.message);
  const message = isTold ? what : `${what} It began with ${cause.name}: ${cause.message}`;
  return new FlowState('Failed', message, {
    outcome,
    error: new HeddleError('FLOW_RUN_FAILED', message, { flow: flow.name, cause }),
  });
}

/** What somebody has to approve, and what waits for that. */
function describePause(unfinished: readonly NodeRun[]): string {
  const isPaused = (run: NodeRun) => run.children.some((child) => child.isPaused());
  const slugsOf = (runs: readonly NodeRun[]) => runs.map(({ node }) => node.slug);
  const paused = slugsOf(unfinished.filter(isPaused));
  const approve = paused.map((slug) => `'${slug}'`).join(', ');
  const remedy = paused.length === 0 ? '' : ` To let it go on, run the flow again with approve: [${approve}].`;
  return `Not finished: ${slugsOf(unfinished).join(', ')}.${remedy}`;
}

function describeFailure(run: NodeRun): string {
  const { slug } = run.node;
  const first = run.children.findIndex((child) => child.isFailed());
  const state = run.children[first] ?? run.state;
  // The state of a mapped task as a whole is that of a handler, when none of its children failed.
  if (!run.isList || first === -1) return `${slug}: ${state.message}`;
  return `${slug}: ${run.failedCount} of ${run.length}, first index ${first}: ${state.message}`;
}

/** The error of the first failure that is not the consequence of another. */
function originOf(runs: readonly NodeRun[]): Error | undefined {
  return runs
    .filter((run) => run.hasFailed)
    .flatMap((run) => run.children.find((child) => child.isFailed() && child.type !== 'TriggerFailed') ?? [])[0]?.error;
}
