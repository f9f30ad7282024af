// What is sent along with the tasks of a flow to where they run; found out once the run has a session.

import type { Captured } from '../../code/capture/captured.ts';
import { certain } from '../../code/certain.ts';
import type { ModuleVariable } from '../../code/drift.ts';
import { environmentReadBy } from '../../code/environment.ts';
import { identitiesOf, type FunctionIdentity } from '../../code/function-identity.ts';
import { isBuiltIn } from '../../code/registry.ts';
import type { Graph } from '../../flow/graph.ts';
import { codeOf, type Task } from '../../flow/task.ts';
import { captureTask, type CaptureUse } from '../captured-task.ts';
import type { Session } from './executor.ts';
import { noteVariables } from '../noted-variables.ts';

export interface PreparedTask {
  /** The task, taken apart, when it cannot be found there. */
  readonly captured: Captured | undefined;
  /** Identifies its functions, when it is to be found there. */
  readonly functions: readonly FunctionIdentity[];
  /** Variables of its module that it mentions, as they are here. */
  readonly variables: readonly ModuleVariable[];
  /** The names of variables of the environment that it reads and that are set here. */
  readonly environment: readonly string[];
}

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
    await identitiesOf(
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
    const isFound = importsModules && captured === undefined;
    // The identities also tell where the functions stand.
    const variables = importsModules ? await noteVariables(task) : [];
    const environment = importsModules ? await environmentReadBy(codeOf(task)) : [];
    prepared.set(task, {
      captured: importsModules ? captured : undefined,
      functions: isFound ? await identitiesOf(codeOf(task), { isForBundles: !takesCaptures }) : [],
      variables,
      environment,
    });
  }
  return prepared;
}
