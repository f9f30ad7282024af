import type { State, StateType } from '../../flow/state.ts';
import type { TimelineRun, TimelineTask } from '../../views/timeline-run.ts';
import type { NodeRun } from './node-run.ts';

interface FinishedRun {
  readonly flow: string;
  readonly flowRunName: string;
  readonly statistics: Pick<TimelineRun, 'startedAt' | 'durationMs' | 'taskRuns' | 'workers' | 'threads'>;
  readonly runs: readonly NodeRun[];
}

/** A finished flow run as plain data for its timeline. */
export function timelineOf(
  { type, message }: State,
  { flow, flowRunName, statistics, runs }: FinishedRun,
): TimelineRun {
  const zero = performance.now() - (Date.now() - statistics.startedAt);
  const tasks = runs.filter(({ node }) => node.task !== undefined);
  return {
    ...statistics,
    flow,
    flowRun: flowRunName,
    state: type,
    message,
    tasks: tasks.map(taskOf),
    spans: tasks.flatMap(({ node, spans }) =>
      spans.map(({ start, count, worker, busyMs, endedAt, failed }) => {
        const startMs = Math.max(0, endedAt - busyMs - zero);
        return { task: node.slug, start, count, worker, startMs, durationMs: busyMs, failed };
      }),
    ),
    failures: tasks.flatMap(failuresOf),
  };
}

function taskOf(run: NodeRun): TimelineTask {
  const counts: Partial<Record<StateType, number>> = {};
  for (const { type } of run.children.length > 0 ? run.children : [run.state]) counts[type] = (counts[type] ?? 0) + 1;
  const base = { name: run.node.slug, isMapped: run.node.isMapped, counts };
  if (run.spans.length === 0) return base;
  const totalMs = run.spans.reduce((sum, { busyMs }) => sum + busyMs, 0);
  const ranCount = run.spans.reduce((sum, { count }) => sum + count, 0);
  // Only the time of a whole chunk is known, so its runs count as equally long.
  const maxMs = run.spans.reduce((most, { busyMs, count }) => Math.max(most, busyMs / count), 0);
  return { ...base, durations: { totalMs, meanMs: totalMs / ranCount, maxMs } };
}

function failuresOf(run: NodeRun): TimelineRun['failures'] {
  return run.children.flatMap((state, index) => {
    if (!state.isFailed()) return [];
    const failure = { task: run.node.slug, state: state.type, message: state.message };
    return [run.isList ? { ...failure, mapIndex: index } : failure];
  });
}
