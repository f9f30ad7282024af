// What the pipeline of a task run asks of storage, and what every kind of storing needs.

import { State } from '../../flow/state.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { hashInputs } from '../../results/hash-inputs.ts';
import type { Result } from '../../results/result.ts';
import type { Logger } from '../logger.ts';
import type { RunPlan } from '../plan.ts';
import { secretIn } from '../secrets.ts';
import { failed } from '../failures.ts';

/** What storage needs to know of a task run. */
export interface RunToStore {
  readonly mapIndex: number | undefined;
  /** What its function is called with. */
  readonly inputs: readonly unknown[];
  /** Lines with the same `once` are logged once in a flow run. */
  readonly logger: (once?: string) => Logger;
}

/** Where the results of an array are stored; asked for each run before its function, which may change its inputs. */
export type StoredResults = (run: RunToStore) => StoredRun;

/** The steps of one task run that have to do with storage. Each may throw what the storage throws. */
export interface StoredRun {
  /** The state of a run whose result is there already, if such are looked for. */
  readonly find?: () => Promise<State | undefined>;
  /** What becomes of a state that the function ended in, if anything; the state handlers see it then. */
  readonly keep?: (state: State, loopCount: number) => Promise<State>;
  /** What becomes of a state that the state handlers let pass, if anything. */
  readonly cache?: (state: State) => Promise<State>;
}

const longestPart = 150;

/** A name as one part of a location, on any file system. No two names make the same part. */
export function partOf(name: string): string {
  const safe = encodeURIComponent(name.toWellFormed()).replaceAll(/[!'()*~]|^\.|\.$/g, asPercent);
  return safe.length <= longestPart ? safe : `${safe.slice(0, longestPart)}~${hashInputs(name)}`;
}

function asPercent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The state that `store` makes of a success, or a failure when it could not. */
export async function storedOr(state: State, store: () => Promise<State | void>): Promise<State> {
  try {
    return (await store()) ?? state;
  } catch (thrown) {
    const { message, error } = failed(thrown);
    return new State('Failed', `The result could not be stored. ${message}`, { error });
  }
}

export interface ResultPlace {
  readonly plan: RunPlan;
  readonly result: Result;
  readonly location: string;
}

/** Stores a value, unless it shows a secret. `shown` is the part of it that the task returned. */
export async function write({ plan, result, location }: ResultPlace, value: unknown, shown = value): Promise<void> {
  const path = secretIn('location', location) ?? secretIn('result', shown);
  if (path !== undefined) throw secretStored(plan, path);
  await result.write(value, location);
}

function secretStored({ name: task, storage }: RunPlan, path: string): HeddleError {
  const where = path === 'location' ? 'the location of its result' : path;
  const otherwise = storage?.use.type === 'cache' ? 'do without cacheFor' : 'set checkpoint: false on the task';
  const message =
    `task '${task}' was not stored, since a secret shows in ${where}, and secrets are never stored. Leave it out of ` +
    `there, or ${otherwise}.`;
  return new HeddleError('SECRET_IN_RESULT', message, { task, path });
}
