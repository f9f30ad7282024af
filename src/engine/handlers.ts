// State handlers: functions of the user that see each change of a state, and may put another one in its place.

import { Signal } from '../flow/signals.ts';
import { State } from '../flow/state.ts';
import type { TaskStateHandler } from '../flow/settings.ts';
import { failed } from './endings.ts';
import type { LoadedTask } from './task-runner.ts';

interface Change {
  readonly from: State;
  readonly to: State;
}

/** The state that a task's handlers make of a change, in their order; one that throws makes it `Failed`. */
export async function changeState(
  { task }: Pick<LoadedTask, 'task'>,
  mapIndex: number | undefined,
  change: Change,
): Promise<State> {
  const { stateHandlers, onFailure } = task.settings;
  const failure: TaskStateHandler = async ({ to }) => {
    if (to.isFailed()) await onFailure?.({ task, state: to, ...(mapIndex !== undefined && { mapIndex }) });
  };
  return await throughHandlers([...stateHandlers, failure], change, (handler, { from, to }) =>
    handler({ task, mapIndex, from, to }),
  );
}

/** The same for any kind of handler: each sees what the one before it made. */
export async function throughHandlers<Handler>(
  handlers: readonly Handler[],
  { from, to }: Change,
  call: (handler: Handler, change: Change) => unknown,
): Promise<State> {
  let state = to;
  for (const handler of handlers) {
    try {
      const made = await call(handler, { from, to: state });
      if (made instanceof State) state = made;
    } catch (thrown) {
      if (thrown instanceof Signal) return thrown.state;
      const { error, message } = failed(thrown);
      return new State('Failed', `Unexpected error while calling state handlers: ${message}`, { error });
    }
  }
  return state;
}
