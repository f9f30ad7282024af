// What the handlers of a flow make of the changes of a run's state. They are called where the flow was started, and the
// run waits for them; but not in silence, and not for ever once it was cancelled.

import { formatDuration } from '../../lib/duration.ts';
import { isThenable } from '../../lib/thenable.ts';
import { timerMs } from '../../lib/timer.ts';
import { Signal } from '../../flow/signals.ts';
import { State } from '../../flow/state.ts';
import { withContext } from '../context.ts';
import type { Flow } from './flow.ts';
import { contextOf, type FlowRunScope } from './flow-context.ts';
import type { FlowState } from './flow-state.ts';
import { throughHandlers, type Change } from '../handlers.ts';
import { tellOfLongWait } from '../long-wait.ts';
import { failed, stackOf } from '../failures.ts';

export const pending = new State('Pending', 'The flow run has not started.');
export const running = new State('Running', 'The flow run is running.');

/** How much longer the end of a run that was cancelled may take than is allowed for what it runs. */
export const endPatienceMs = 5_000;

interface HandlerFacts {
  readonly scope: FlowRunScope;
  /** Aborted when somebody cancels the run, with a sentence that says so as its reason. */
  readonly cancelled: AbortSignal;
  readonly cancelGraceMs: number;
}

interface Handler {
  /** For the log: `the onFailure`. */
  readonly what: string;
  readonly call: (change: Change) => unknown;
}

export class FlowHandlers<Plan> {
  readonly #flow: Flow<Plan>;
  readonly #facts: HandlerFacts;

  constructor(flow: Flow<Plan>, facts: HandlerFacts) {
    this.#flow = flow;
    this.#facts = facts;
  }

  /** The state that the handlers put in the place of the one that they are shown, or that one. */
  async change(change: Change): Promise<State> {
    const flow = this.#flow;
    const { stateHandlers, onFailure } = flow.settings;
    const which = (at: number) => (stateHandlers.length === 1 ? 'the state handler' : `state handler ${at + 1}`);
    const handlers: Handler[] = stateHandlers.map((handler, at) => {
      return { what: which(at), call: ({ from, to }) => handler({ flow, from, to }) };
    });
    if (onFailure !== undefined) {
      // What it returns is not looked at.
      const tell = async (state: State) => void (await onFailure({ flow, state }));
      handlers.push({ what: 'the onFailure', call: ({ to }) => (to.isFailed() ? tell(to) : undefined) });
    }
    return await this.#through(handlers, change);
  }

  /** The same for the end of a run, which its `terminalStateHandler` sees first. */
  async end(computed: FlowState<Plan>): Promise<State> {
    const flow = this.#flow;
    const { terminalStateHandler } = flow.settings;
    const terminal: Handler[] = [];
    if (terminalStateHandler !== undefined) {
      const referenceStates = flow.referenceTasks.map((node) => computed.of(node));
      const call = ({ to }: Change) => terminalStateHandler({ flow, state: to, referenceStates });
      terminal.push({ what: 'the terminalStateHandler', call });
    }
    const ended = await this.#through(terminal, { from: running, to: computed });
    return await this.change({ from: running, to: ended });
  }

  async #through(handlers: readonly Handler[], change: Change): Promise<State> {
    return await throughHandlers(handlers, change, {
      owner: `flow '${this.#flow.name}'`,
      nameOf: ({ what }) => what,
      call: (handler, shown) => this.#call(handler, shown),
      onFailed: (failure) => this.#facts.scope.log.logger.error(stackOf(failure)),
    });
  }

  /** What a handler returns; nothing when a cancel ends the wait for it. */
  async #call({ what, call }: Handler, change: Change): Promise<unknown> {
    const { scope, cancelled, cancelGraceMs } = this.#facts;
    const { logger } = scope.log;
    const wasCancelled = cancelled.aborted;
    // Not that of the run: that it is over may be what the handler is to tell somebody.
    const own = new AbortController();
    const abort = () => own.abort(new DOMException(cancelled.reason, 'AbortError'));
    if (!wasCancelled) cancelled.addEventListener('abort', abort, { once: true });
    const returned = withContext(contextOf({ ...scope, signal: own.signal }), () => call(change));
    if (!isThenable(returned)) return returned;
    const whose = `${what} of flow '${this.#flow.name}'`;
    using _told = tellOfLongWait((elapsed) => logger.info(`waiting for ${whose}, for ${elapsed} so far`));
    const { promise: givenUp, resolve } = Promise.withResolvers<void>();
    let limit: NodeJS.Timeout | undefined;
    const allow = (limitMs: number) => {
      limit = setTimeout(() => {
        const allowed = formatDuration(limitMs);
        logger.warn(`${whose} has not ended within ${allowed}: it is no longer waited for, and changes nothing`);
        resolve();
        abort();
      }, timerMs(limitMs));
    };
    const hear = () => {
      const grace = formatDuration(cancelGraceMs);
      logger.warn(`${cancelled.reason} It waits for ${whose}, which has ${grace} to end.`);
      allow(cancelGraceMs);
    };
    if (wasCancelled) allow(cancelGraceMs + endPatienceMs);
    else if (cancelled.aborted) hear();
    else cancelled.addEventListener('abort', hear);
    try {
      return await Promise.race([returned, givenUp]);
    } catch (thrown) {
      if (wasCancelled || !cancelled.aborted || thrown instanceof Signal) throw thrown;
      logger.warn(`${whose} ended at the cancel: ${failed(thrown).message}; it changes nothing`);
      return undefined;
    } finally {
      clearTimeout(limit);
      cancelled.removeEventListener('abort', hear);
    }
  }
}
