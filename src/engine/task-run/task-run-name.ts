import { forFunction } from '../../code/known-names.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { nameFrom } from '../../lib/template.ts';
import { messageIn } from '../../lib/thrown-text.ts';
import type { TaskRunNameFacts } from '../../flow/settings.ts';
import type { LoadedTask } from './loaded-task.ts';

/** What a run is called whose task has a `taskRunName`. Throws `TASK_RUN_NAME_FAILED`, whatever is wrong with that. */
export function nameTaskRun(
  { plan, task }: LoadedTask,
  { inputs, mapIndex }: Pick<TaskRunNameFacts, 'inputs' | 'mapIndex'>,
): string {
  const { name: taskName, flow: flowName, flowRunName, flowRunId, parameters } = plan;
  const date = new Date(plan.startedAt);
  const facts = { inputs, parameters, taskName, mapIndex, flowName, flowRunName, flowRunId, date };
  try {
    // Only a text travels in the plan; a function is found where the task's own is.
    return nameFrom('it', plan.taskRunName ?? task.settings.taskRunName!, forFunction(facts));
  } catch (cause) {
    const message = `the taskRunName of task '${taskName}' failed, so the run was not started: ${messageIn(cause)}`;
    throw new HeddleError('TASK_RUN_NAME_FAILED', message, { task: taskName, mapIndex, cause });
  }
}
