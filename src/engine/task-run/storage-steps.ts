// The steps of a task run that have to do with storage, as the pipeline needs them: with endings instead of errors,
// with the user's functions called in the context of their run, and with a time limit that does not count waiting for
// storage.

import type { Control } from '../../lib/control.ts';
import { withContext } from '../context.ts';
import { Ending, failed } from '../endings.ts';
import { State } from '../../flow/state.ts';
import type { RunContext } from '../run-context.ts';
import type { Progress } from '../loaded-task.ts';
import type { RunToStore, StoredResults, StoredRun } from '../stored-run.ts';
import { untimed } from './untimed.ts';

interface StepFacts {
  readonly storage: StoredResults;
  /** The facts of the run. Asked for when it begins; may throw, as making its arguments may. */
  readonly run: () => RunToStore;
  readonly contextOf: (progress: Progress) => RunContext;
  /** Of the chunk, when there is a time limit. */
  readonly timed: Control | undefined;
}

export class StorageSteps {
  readonly #facts: StepFacts;
  #place: StoredRun | undefined;

  constructor(facts: StepFacts) {
    this.#facts = facts;
  }

  /**
   * The ending of a run whose result is stored already, or cannot be looked up; neither is tried again. Only before the
   * function is called for the first time: a retry always calls it, whatever an earlier call has stored.
   */
  async find(progress: Progress): Promise<Ending | undefined> {
    try {
      const isFirst = progress.runCount === 1 && progress.loopCount === 1;
      const found = await this.#within(progress, async () => {
        // Computed before the function can change its inputs.
        this.#place ??= this.#facts.storage.placeOf(this.#facts.run());
        return isFirst ? await this.#place.find?.() : undefined;
      });
      return found && new Ending(found);
    } catch (thrown) {
      const { message, error } = failed(thrown);
      const state = new State('Failed', `Whether there is a result already could not be told. ${message}`, { error });
      return new Ending(state);
    }
  }

  async keep(ending: Ending, progress: Progress): Promise<Ending> {
    const place = this.#place!;
    if (place.keep === undefined) return ending;
    return ending.withState(await this.#within(progress, () => place.keep!(ending.state, progress.loopCount)));
  }

  async cache(ending: Ending, progress: Progress): Promise<Ending> {
    const place = this.#place!;
    if (place.cache === undefined) return ending;
    return ending.withState(await this.#within(progress, () => place.cache!(ending.state)));
  }

  async #within<T>(progress: Progress, work: () => Promise<T>): Promise<T> {
    const { contextOf, timed } = this.#facts;
    const context = contextOf(progress);
    try {
      return await untimed(timed, () => withContext(context, work));
    } finally {
      context.close();
    }
  }
}
