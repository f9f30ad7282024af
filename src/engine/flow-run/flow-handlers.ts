// What the handlers of a flow make of the changes of a run's state. They are called where the flow was started.

import { State } from '../../flow/state.ts';
import { withContext, type Run } from '../context.ts';
import type { Flow, FlowStateHandler } from './flow.ts';
import type { FlowState } from './flow-state.ts';
import { throughHandlers, type Change } from '../handlers.ts';

export const pending = new State('Pending', 'The flow run has not started.');
export const running = new State('Running', 'The flow run is running.');

/** The state that the handlers put in the place of the one that they are shown, or that one. */
export async function changeFlowState(flow: Flow, change: Change, run: Run): Promise<State> {
  const { stateHandlers, onFailure } = flow.settings;
  const failure: FlowStateHandler = async ({ to }) => {
    if (to.isFailed()) await onFailure?.({ flow, state: to });
  };
  return await throughHandlers([...stateHandlers, failure], change, {
    owner: `flow '${flow.name}'`,
    call: (handler, { from, to }) => withContext(run, () => handler({ flow, from, to })),
  });
}

/** The same for the end of a run, which its `terminalStateHandler` sees first; whatever they say, its outputs stay. */
export async function endFlow<Plan>(flow: Flow<Plan>, computed: FlowState<Plan>, run: Run): Promise<FlowState<Plan>> {
  const { terminalStateHandler } = flow.settings;
  const referenceStates = flow.referenceTasks.map((node) => computed.of(node));
  const ended = await throughHandlers(
    terminalStateHandler === undefined ? [] : [terminalStateHandler],
    { from: running, to: computed },
    {
      owner: `flow '${flow.name}'`,
      call: (handler, { to }) => withContext(run, () => handler({ flow, state: to, referenceStates })),
    },
  );
  const state = await changeFlowState(flow, { from: running, to: ended }, run);
  return state === computed ? computed : computed.as(state);
}
