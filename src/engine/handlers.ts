// State handlers: functions of the user that see each change of a state, and may put another one in its place.

import { HeddleError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { isThenable } from '../lib/thenable.ts';
import { Signal } from '../flow/signals.ts';
import { State } from '../flow/state.ts';
import type { TaskStateHandler } from '../flow/settings.ts';
import type { Task } from '../flow/task.ts';
import { withContext, type Run } from './context.ts';
import { failed } from './failures.ts';

export interface Change {
  readonly from: State;
  readonly to: State;
}

/** Whether anybody sees the changes of a task's states. */
export function isWatched({ settings: { stateHandlers, onFailure } }: Task): boolean {
  return stateHandlers.length > 0 || onFailure !== undefined;
}

export interface TaskChange extends Change {
  /** Whether a run in this state will be tried again. By default it is not. */
  readonly isRetried?: (state: State) => boolean;
}

/** The state that a task's handlers make of a change, in their order; one that throws makes it `Failed`. */
export async function changeState(
  task: Task,
  { isRetried = () => false, ...change }: TaskChange,
  run: Run,
): Promise<State> {
  const { stateHandlers, onFailure } = task.settings;
  const { mapIndex } = run;
  const failure: TaskStateHandler = async ({ to: state, isRetried: isAgain }) => {
    if (!state.isFailed()) return;
    await onFailure!({ task, state, isRetried: isAgain, ...(mapIndex !== undefined && { mapIndex }) });
  };
  return await throughHandlers(onFailure === undefined ? stateHandlers : [...stateHandlers, failure], change, {
    owner: `task '${task.name}'`,
    nameOf: (handler) => (handler === failure ? 'the onFailure' : 'a state handler'),
    call: (handler, { from, to }) =>
      withContext(run, () => handler({ task, mapIndex, from, to, isRetried: isRetried(to) })),
  });
}

interface Caller<Handler> {
  /** Whose handlers they are, for messages. */
  readonly owner: string;
  readonly nameOf: (handler: Handler) => string;
  readonly call: (handler: Handler, change: Change) => unknown;
  /** Hears that a handler failed. */
  readonly onFailed?: (failure: State) => void;
}

/** The same for any kind of handler: each sees what the one before it made. */
export async function throughHandlers<Handler>(
  handlers: readonly Handler[],
  { from, to }: Change,
  { owner, nameOf, call, onFailed }: Caller<Handler>,
): Promise<State> {
  let state = to;
  const failedWith = (code: string, what: string, cause?: Error) => {
    const otherwise = state.isFinished() ? ` Without that it would be ${state.toString()}` : '';
    const errors = state.error === undefined ? {} : { errors: [state.error] };
    const failure = failed(new HeddleError(code, `${what}${otherwise}`, { owner, cause, ...errors }));
    onFailed?.(failure);
    return failure;
  };
  for (const handler of handlers) {
    try {
      const returned = call(handler, { from, to: state });
      // Most handlers are synchronous, and an await for each of many runs would cost much.
      const made = isThenable(returned) ? await returned : returned;
      if (made instanceof State) state = made;
      else if (made !== undefined && made !== null) return failedWith('NOT_A_STATE', notAState(owner, made));
    } catch (thrown) {
      if (thrown instanceof Signal) return thrown.state;
      const { error, message } = failed(thrown);
      const what = `${nameOf(handler)} of ${owner} failed: ${message.replace(/\.$/, '')}`;
      return failedWith('STATE_HANDLER_FAILED', `${what}. Catch there what is not to fail the run.`, error);
    }
  }
  return state;
}

function notAState(owner: string, made: unknown): string {
  return (
    `a state handler of ${owner} returned ${describe(made)}. A handler returns a State, which takes the place of the ` +
    `one that it was shown, or nothing: write ({ to }) => { … } if it has nothing to return.`
  );
}
