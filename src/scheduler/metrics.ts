// The status as the text that Prometheus reads.

import { phases, type ClusterStatus } from './status.ts';

/** With its value; or with the lines of its values, if it has several. */
type Metric = readonly [name: string, help: string, value: number | readonly string[]];

export function metricsOf({ workers, flowRuns, settled, lost, heldBytes, spilledBytes }: ClusterStatus): string {
  const arrays = flowRuns.flatMap((run) => run.arrays);
  const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);
  const indices = phases.map((phase) => `heddle_indices{phase="${phase}"} ${sum(arrays, (array) => array[phase])}`);
  const metrics: readonly Metric[] = [
    ['workers', 'Workers that are joined.', workers.length],
    ['threads', 'Threads of all workers.', sum(workers, ({ threads }) => threads)],
    ['threads_busy', 'Threads that have something to run.', sum(workers, ({ busy }) => busy)],
    ['worker_memory_bytes', 'Memory of all worker processes.', sum(workers, (worker) => worker.memoryBytes ?? 0)],
    ['workers_paused', 'Workers that get no work for now.', sum(workers, ({ isPaused }) => Number(isPaused))],
    ['flow_runs', 'Flow runs that are connected.', flowRuns.length],
    ['flow_runs_paused', 'Those of which nothing is started.', sum(flowRuns, ({ isPaused }) => Number(isPaused))],
    ['arrays', 'Arrays of task runs that are held.', arrays.length],
    ['indices', 'Task runs of these arrays, by phase.', indices],
    ['settled_total', 'Task runs that settled, of all time.', settled],
    ['lost_total', 'Times that a task run was lost with its thread or worker.', lost],
    ['held_bytes', 'Bytes of results that are held.', heldBytes],
    ['spilled_bytes', 'Bytes of results that are held on disk.', spilledBytes],
  ];
  return `${metrics.flatMap(linesOf).join('\n')}\n`;
}

function linesOf([name, help, value]: Metric): string[] {
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  const values = typeof value === 'number' ? [`heddle_${name} ${value}`] : value;
  return [`# HELP heddle_${name} ${help}`, `# TYPE heddle_${name} ${type}`, ...values];
}
