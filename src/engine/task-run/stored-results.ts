// The results of task runs that have places of their own: targets, which replace the run when they exist already, and
// checkpoints, which are only written. Results that are used again for a while are in `cached-results.ts`.

import { State } from '../../flow/state.ts';
import type { LocationFacts } from '../../results/location-facts.ts';
import { renderLocation, type LocationTemplate } from '../../results/location.ts';
import type { Result } from '../../results/result.ts';
import type { RunPlan } from '../plan.ts';
import { partOf, storedOr, write, type StoredResults } from '../stored-run.ts';

interface Storage {
  readonly plan: RunPlan;
  readonly result: Result;
  readonly isWritten: boolean;
}

export function targets(storage: Storage, template: LocationTemplate<LocationFacts>): StoredResults {
  const facts = locationFactsOf(storage.plan);
  return {
    placeOf({ mapIndex, inputs }) {
      const location = renderLocation(template, { ...facts, mapIndex, inputs });
      const place = { ...storage, location };
      return { find: () => find(place), keep: (state, loopCount) => keep(place, state, loopCount) };
    },
  };
}

export function checkpoints(storage: Storage): StoredResults {
  return {
    placeOf({ mapIndex }) {
      const place = { ...storage, location: checkpointOf(storage.plan, mapIndex) };
      return { keep: (state, loopCount) => keep(place, state, loopCount) };
    },
  };
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

interface Place extends Storage {
  readonly location: string;
}

async function find({ result, location }: Place): Promise<State | undefined> {
  if (!(await result.exists(location))) return undefined;
  const found = await result.read(location);
  return new State('Cached', `Result found at '${location}'.`, { result: found, runCount: 0 });
}

/** Each iteration of a loop has a place of its own: that of the last one is empty until the loop has ended. */
async function keep({ plan, result, location, isWritten }: Place, state: State, loopCount: number): Promise<State> {
  const isWorthIt = state.type === 'Success' || state.type === 'Looped';
  if (!isWritten || !isWorthIt || state.result === undefined || state.result === null) return state;
  const ownLocation = state.isLooped() ? `${location}.loop-${loopCount}` : location;
  return await storedOr(state, () => write({ plan, result, location: ownLocation }, state.result));
}
