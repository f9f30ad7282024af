// Makes what stores the results of an array, from its plan.

import { load } from '../../code/load.ts';
import type { Task } from '../../flow/task.ts';
import type { CodeSource } from '../../lib/chunk.ts';
import { unreachable } from '../../lib/unreachable.ts';
import { resultFrom } from '../../results/result-kinds.ts';
import { CachedResults } from './cached-results.ts';
import type { RunPlan } from '../plan.ts';
import { hideSecret } from '../secrets.ts';
import type { StoragePlan } from '../storage-plan.ts';
import { checkpoints, targets } from './stored-results.ts';
import type { StoredResults } from '../stored-run.ts';

/** Rejects when the kind of result, or its serializer, cannot be found on this thread. */
export async function openStorage(
  storage: StoragePlan,
  { plan, task, code }: { plan: RunPlan; task: Task; code: CodeSource },
): Promise<StoredResults> {
  // Not every run reads the secrets, and what is refused must not depend on which thread has seen them.
  hideSecret(Object.values(plan.secrets));
  const result = await resultFrom(storage.result, storage.sources, (reference) => load(reference, code));
  const { target, cache } = task.settings.storing ?? {};
  const { use } = storage;
  switch (use.type) {
    case 'target':
      return targets({ plan, result, isWritten: use.isWritten }, use.template ?? target!);
    case 'checkpoint':
      return checkpoints({ plan, result, isWritten: true });
    case 'cache':
      return new CachedResults({ plan, result, caching: use, validator: cache?.validator });
    default:
      return unreachable(use);
  }
}
