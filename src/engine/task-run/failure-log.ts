// How the log of a task tells of failures, and of retries for them. Of each kind it has the first few: there may be
// millions, all alike.

import type { State } from '../../flow/state.ts';
import type { Logger } from '../logger.ts';
import { bounded, causeIn, stackOf } from '../failures.ts';

/** How many failures of one kind a task logs with their stacks, on one thread, and how many retries for them. */
const loggedOfKind = 5;
/** How many names of errors count as kinds of their own, since user code may give each error a new name. */
const mostKinds = 20;

export class FailureLog {
  readonly #task: string;
  /** How many there were of each kind. */
  readonly #failures = new Map<string, number>();
  readonly #retries = new Map<string, number>();

  constructor(task: string) {
    this.#task = task;
  }

  tell(state: State, loggerFor: () => Logger): void {
    // An upstream failure is in the log already, where it happened.
    if (state.type === 'TriggerFailed') return;
    const { kind, count } = countOfKind(this.#failures, state);
    if (count > loggedOfKind) return;
    const logger = loggerFor();
    logger.error(stackOf(state));
    if (count < loggedOfKind) return;
    const what = `failures of '${this.#task}' of this kind (${kind})`;
    logger.warn(`more ${what} on this thread stay out of the log; state.of('${this.#task}').children has them`);
  }

  /** Tells of what all runs fail with, unless it is told. */
  tellOnce(state: State, logger: Logger): void {
    if (countOfKind(this.#failures, state).count === 1) logger.error(stackOf(state));
  }

  tellRetry(state: State, logger: Logger): void {
    const message = `${bounded(state.message)}${causeIn(state)}`;
    // A RETRY that was thrown is intended; a failure is news.
    if (state.error === undefined) return logger.debug(message);
    const { kind, count } = countOfKind(this.#retries, state);
    if (count > loggedOfKind) return logger.debug(message);
    logger.warn(message);
    if (count < loggedOfKind) return;
    const what = `retries of '${this.#task}' for this kind of failure (${kind})`;
    logger.warn(`more ${what} on this thread are told at level debug; the last line of the log counts all retries`);
  }
}

/** Counts one more of the kind of its failure, and gives how many there are now. */
function countOfKind(counts: Map<string, number>, state: State): { readonly kind: string; readonly count: number } {
  const named = kindOf(state);
  const kind = counts.has(named) || counts.size < mostKinds ? named : state.type;
  const count = (counts.get(kind) ?? 0) + 1;
  counts.set(kind, count);
  return { kind, count };
}

/** The name of the error, if it can be read: it may be anything, even a getter that throws. */
function kindOf({ error, type }: State): string {
  try {
    const name: unknown = error?.name;
    if (typeof name === 'string' && /^[\w$]{1,100}$/.test(name)) return name;
  } catch {
    // Without a name it counts as a failure like any other.
  }
  return type;
}
