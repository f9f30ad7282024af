// The status as the text that Prometheus reads.

import { phases, type ClusterStatus } from './status.ts';

export function metricsOf({ workers, flowRuns, settled, lost, heldBytes, spilledBytes }: ClusterStatus): string {
  const arrays = flowRuns.flatMap((run) => run.arrays);
  const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);
  const indices = phases.map((phase) => `heddle_indices{phase="${phase}"} ${sum(arrays, (array) => array[phase])}`);
  const metrics = [
    metric('workers', 'Workers that are joined.', workers.length),
    metric(
      'threads',
      'Threads of all workers.',
      sum(workers, ({ threads }) => threads),
    ),
    metric(
      'threads_busy',
      'Threads that have something to run.',
      sum(workers, ({ busy }) => busy),
    ),
    metric(
      'worker_memory_bytes',
      'Memory of all worker processes.',
      sum(workers, (worker) => worker.memoryBytes ?? 0),
    ),
    metric(
      'workers_paused',
      'Workers that get no work for now.',
      sum(workers, ({ isPaused }) => Number(isPaused)),
    ),
    metric('flow_runs', 'Flow runs that are connected.', flowRuns.length),
    metric(
      'flow_runs_paused',
      'Those of which nothing is started.',
      sum(flowRuns, ({ isPaused }) => Number(isPaused)),
    ),
    metric('arrays', 'Arrays of task runs that are held.', arrays.length),
    ['# HELP heddle_indices Task runs of these arrays, by phase.', '# TYPE heddle_indices gauge', ...indices],
    metric('settled_total', 'Task runs that settled, of all time.', settled),
    metric('lost_total', 'Times that a task run was lost with its thread or worker.', lost),
    metric('held_bytes', 'Bytes of results that are held.', heldBytes),
    metric('spilled_bytes', 'Bytes of results that are held on disk.', spilledBytes),
  ];
  return `${metrics.flat().join('\n')}\n`;
}

function metric(name: string, help: string, value: number): string[] {
  const type = name.endsWith('_total') ? 'counter' : 'gauge';
  return [`# HELP heddle_${name} ${help}`, `# TYPE heddle_${name} ${type}`, `heddle_${name} ${value}`];
}
