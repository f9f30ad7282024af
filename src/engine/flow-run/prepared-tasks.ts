// What is sent along with the tasks of a flow to where they run; found out once the run has a session.

import type { Captured } from '../../code/capture/captured.ts';
import { certain } from '../../code/certain.ts';
import { environmentReadBy } from '../../code/environment.ts';
import { identitiesOf } from '../../code/function-identity.ts';
import { isBuiltIn } from '../../code/registry.ts';
import type { Graph } from '../../flow/graph.ts';
import { codeOf, type Task } from '../../flow/task.ts';
import { captureTask, type CaptureUse } from '../captured-task.ts';
import type { Session } from './executor.ts';
import { noteVariables } from '../noted-variables.ts';
import type { TaskPlan } from '../plan.ts';

/** What of a task travels beside its settings: itself, in parts, or what tells whether it is the one that was found. */
export type PreparedTask = Pick<TaskPlan, 'captured' | 'functions' | 'variables' | 'environment'>;

/** Rejects when the session cannot run a task at all: with its objection, or as `captureTask` does. */
export async function prepareTasks(
  { nodes }: Graph,
  session: Session,
  use: Omit<CaptureUse, 'slug' | 'made'>,
): Promise<ReadonlyMap<Task, PreparedTask>> {
  const prepared = new Map<Task, PreparedTask>();
  const { importsModules, takesCaptures } = session;
  const own = nodes.filter(({ task }) => task !== undefined && !isBuiltIn(task.reference));
  // Only to have them known: the inspector is told of all scripts once for all tasks, rather than once for each.
  if (importsModules)
    identitiesOf(
      own.flatMap(({ task }) => codeOf(task!)),
      { isForBundles: !takesCaptures },
    );
  for (const { task, slug } of own) {
    if (task === undefined || prepared.has(task)) continue;
    // On this thread nothing has to be found, but a strict task is checked here as it is on others.
    const isChecked = importsModules || task.settings.check === 'strict';
    const reference = isChecked ? await certain(task.reference) : task.reference;
    const objection = session.objection(reference);
    if (objection !== undefined && !takesCaptures && reference.mayBeThere !== true) throw objection;
    const isMadeHere = isChecked && takesCaptures && reference.module === undefined;
    const captured = isMadeHere ? await captureTask(task, { slug, made: reference.made, ...use }) : undefined;
    prepared.set(task, importsModules ? await partsOf(task, captured, { isForBundles: !takesCaptures }) : {});
  }
  return prepared;
}

async function partsOf(
  task: Task,
  captured: Captured | undefined,
  use: { readonly isForBundles: boolean },
): Promise<PreparedTask> {
  const codes = codeOf(task);
  // The identities also tell where the functions stand.
  const variables = noteVariables(task);
  const environment = await environmentReadBy(codes);
  const functions = captured === undefined ? identitiesOf(codes, use) : [];
  return {
    ...(captured && { captured }),
    ...(functions.length > 0 && { functions }),
    ...(variables.length > 0 && { variables }),
    ...(environment.length > 0 && { environment }),
  };
}
