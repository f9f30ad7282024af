// The steps of a task run that have to do with storage, as the pipeline needs them: with endings instead of errors,
// with the user's functions called in the context of their run, and with a time limit that does not count waiting for
// storage.

import type { Control } from '../../lib/control.ts';
import { withContext } from '../context.ts';
import { Ending, type Progress } from './endings.ts';
import { State } from '../../flow/state.ts';
import type { RunContext } from './run-context.ts';
import type { StoredRun } from './stored-run.ts';
import { untimed } from './call-limit.ts';
import { failed } from '../failures.ts';

interface StepFacts {
  /** Where the result of the run is stored. Asked for when it begins; may throw, as making its arguments may. */
  readonly makePlace: () => StoredRun;
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
        this.#place ??= this.#facts.makePlace();
        return isFirst ? await this.#place.find?.() : undefined;
      });
      return found && new Ending(found);
    } catch (thrown) {
      const { message, error } = failed(thrown);
      const state = new State('Failed', `Whether there is a result already could not be told. ${message}`, { error });
      return new Ending(state);
    }
  }

  /** The ending as one of the later steps leaves it. */
  async after(step: 'keep' | 'cache', ending: Ending, progress: Progress): Promise<Ending> {
    const change = this.#place![step];
    if (change === undefined) return ending;
    return ending.withState(await this.#within(progress, () => change(ending.state, progress.loopCount)));
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
