// What stores the results of an array, made from its plan: at targets, which replace the run when they are there
// already; as checkpoints, which are only written; or in a cache, to be used again for a while.

import { load } from '../../code/load.ts';
import { State } from '../../flow/state.ts';
import type { Task } from '../../flow/task.ts';
import type { CodeSource } from '../../lib/chunk.ts';
import { unreachable } from '../../lib/unreachable.ts';
import type { LocationFacts } from '../../results/location-facts.ts';
import { renderLocation, type LocationTemplate } from '../../results/location.ts';
import { resultFrom } from '../../results/result-kinds.ts';
import { CachedResults } from './cached-results.ts';
import type { RunPlan } from '../plan.ts';
import { hideSecret } from '../secrets.ts';
import type { StoragePlan } from '../storage-plan.ts';
import { partOf, storedOr, write, type ResultPlace, type StoredResults, type StoredRun } from './stored-run.ts';

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
      return targets({ plan, result }, { template: use.template ?? target!, isWritten: use.isWritten });
    case 'checkpoint':
      return checkpoints({ plan, result });
    case 'cache': {
      const cached = new CachedResults({ plan, result, caching: use, validator: cache?.validator });
      return (run) => cached.placeOf(run);
    }
    default:
      return unreachable(use);
  }
}

type Storage = Omit<ResultPlace, 'location'>;

interface Target {
  readonly template: LocationTemplate<LocationFacts>;
  readonly isWritten: boolean;
}

function targets(storage: Storage, { template, isWritten }: Target): StoredResults {
  const facts = locationFactsOf(storage.plan);
  return ({ mapIndex, inputs }) => {
    const place = { ...storage, location: renderLocation(template, { ...facts, mapIndex, inputs }) };
    return { find: () => find(place), ...(isWritten && { keep: keepAt(place) }) };
  };
}

function checkpoints(storage: Storage): StoredResults {
  return ({ mapIndex }) => ({ keep: keepAt({ ...storage, location: checkpointOf(storage.plan, mapIndex) }) });
}

/** Where a result is stored for which the task names no place. Its parts are valid in every storage. */
function checkpointOf({ flowRunId, name }: RunPlan, mapIndex: number | undefined): string {
  return ['checkpoints', flowRunId, name, ...(mapIndex === undefined ? [] : [String(mapIndex)])].map(partOf).join('/');
}

function locationFactsOf(plan: RunPlan): Omit<LocationFacts, 'mapIndex' | 'inputs'> {
  const { parameters, name: taskName, flow: flowName, flowRunId, flowRunName, startedAt, scheduledStartTime } = plan;
  const day = (offset: number) => new Date(startedAt + offset * 86_400_000).toISOString().slice(0, 10);
  return {
    parameters,
    taskName,
    flowName,
    flowRunId,
    flowRunName,
    date: new Date(startedAt),
    scheduledStartTime: new Date(scheduledStartTime ?? startedAt),
    today: day(0),
    yesterday: day(-1),
    tomorrow: day(1),
  };
}

async function find({ result, location }: ResultPlace): Promise<State | undefined> {
  if (!(await result.exists(location))) return undefined;
  const found = await result.read(location);
  return new State('Cached', `Result found at '${location}'.`, { result: found, runCount: 0 });
}

/** Each iteration of a loop has a place of its own: that of the last one is empty until the loop has ended. */
function keepAt({ location, ...storage }: ResultPlace): NonNullable<StoredRun['keep']> {
  return async (state, loopCount) => {
    const isWorthIt = state.type === 'Success' || state.type === 'Looped';
    if (!isWorthIt || state.result === undefined || state.result === null) return state;
    const ownLocation = state.isLooped() ? `${location}.loop-${loopCount}` : location;
    return await storedOr(state, () => write({ ...storage, location: ownLocation }, state.result));
  };
}
