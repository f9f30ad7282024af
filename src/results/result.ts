import type { Serializer } from './serializer.ts';

/**
 * A place where the results of tasks are stored, each at a location: a text with `/` between its parts. To write one
 * for another kind of storage, keep these promises, and `registerResultKind` it:
 *
 * - What `write` has resolved for is what `read` gives, also from another process, until it is written again.
 * - A reader never sees half of a value, and of two writers at one location one wins whole.
 * - `read` rejects with `RESULT_NOT_FOUND` where nothing was written, and with `RESULT_UNREADABLE`, the original error
 *   as its cause, where there is something that cannot be read or understood.
 * - An instance holds no connection that its description does not bring back: it is made anew in every worker.
 */
export interface Result {
  readonly serializer: Serializer;
  read(location: string): Promise<unknown>;
  write(value: unknown, location: string): Promise<void>;
  /** Whether `read` would find something. */
  exists(location: string): Promise<boolean>;
  /** What `resultOf` needs to make this again elsewhere. */
  describe(): ResultDescription;
}

/** Plain data that can travel to a worker. It holds no secrets: those are read where the result is made. */
export interface ResultDescription {
  readonly kind: string;
  readonly [option: string]: unknown;
}
