// What a worker must know to store the results of a task and to find those that are there, as plain data.

import type { Storing } from '../flow/storing.ts';
import { nameOfValidator, type ValidatorName } from '../results/cache-validators.ts';
import { LocalResult } from '../results/local-result.ts';
import { sourcesOf, type ResultSources } from '../results/result-kinds.ts';
import type { Result, ResultDescription } from '../results/result.ts';

export interface StoragePlan {
  readonly result: ResultDescription;
  readonly sources: ResultSources;
  readonly use: StorageUse;
}

/** What the place is for. */
export type StorageUse =
  /** Null when the target is a function of the user's: then it is that of the task behind the reference. */
  | { readonly type: 'target'; readonly template: string | null; readonly isWritten: boolean }
  | ({ readonly type: 'cache' } & CachePlan)
  | { readonly type: 'checkpoint' };

export interface CachePlan {
  readonly forMs: number;
  readonly key: string | null;
  /** Null when it is a function of the user's, likewise. */
  readonly validator: ValidatorName | null;
  /** Whether the author chose the validator. */
  readonly isChosen: boolean;
}

/** Nothing when there is nothing to store and nothing to look for. `result` is the flow's own. */
export function storagePlanOf(storing: Storing | undefined, result: Result | undefined): StoragePlan | undefined {
  const use = useOf(storing, result);
  if (use === undefined) return undefined;
  const place = storing?.result ?? result ?? new LocalResult();
  return { result: place.describe(), sources: sourcesOf(place), use };
}

function useOf(storing: Storing | undefined, result: Result | undefined): StorageUse | undefined {
  const { target, cache, checkpoint } = storing ?? {};
  if (target !== undefined) {
    const isWritten = checkpoint !== false;
    return { type: 'target', template: typeof target === 'string' ? target : null, isWritten };
  }
  if (cache !== undefined) {
    const { forMs, key = null, validator, isChosen } = cache;
    return { type: 'cache', forMs, key, validator: nameOfValidator(validator) ?? null, isChosen };
  }
  const hasPlace = storing?.result !== undefined || result !== undefined || checkpoint === true;
  return hasPlace && checkpoint !== false ? { type: 'checkpoint' } : undefined;
}
