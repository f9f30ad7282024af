// The checks of a task run's upstream runs before its function is called. Each step may end the run with a state.

import { Signal } from '../../flow/signals.ts';
import { State } from '../../flow/state.ts';
import { describe } from '../../lib/options.ts';
import { atOnce } from '../../lib/thenable.ts';
import { nameAndMessageIn } from '../../lib/thrown-text.ts';
import { behindGate } from '../gate.ts';
import type { Outcomes } from '../outcomes.ts';
import { endingOf } from './endings.ts';
import type { LoadedTask } from './loaded-task.ts';

/** A task run, and the final states of the runs that it waited for. */
export interface UpstreamFacts {
  readonly loaded: LoadedTask;
  readonly upstream: readonly State[];
}

/** The state in which the upstream runs end this run, if they do. */
export function endedByUpstream(facts: UpstreamFacts): State | undefined {
  return inputsArrived(facts) ?? upstreamFinished(facts) ?? upstreamSkipped(facts) ?? triggerSatisfied(facts);
}

/** The state in which a closed gate ends the run of a mapped task in its branch; nothing if all gates are open. */
export function endedByGates({ plan }: LoadedTask, elementwise: readonly Outcomes[], position: number) {
  for (const input of plan.gates ?? []) {
    const end = behindGate(elementwise[input]?.states?.[position]);
    if (end !== undefined) return end;
  }
  return undefined;
}

/** Codes of the errors about values that could not be sent. */
const unsendable: ReadonlySet<unknown> = new Set(['VALUE_NOT_SERIALIZABLE', 'VALUE_WOULD_CHANGE', 'VALUE_TOO_LARGE']);

/** An input that could not be sent at all is this run's own failure, not that of an upstream run. */
function inputsArrived({ loaded, upstream }: UpstreamFacts): State | undefined {
  return upstream.find(({ error }) => {
    const { code, role, task } = (error ?? {}) as { code?: unknown; role?: unknown; task?: unknown };
    return unsendable.has(code) && role === 'input' && task === loaded.plan.name;
  });
}

function upstreamFinished({ upstream }: UpstreamFacts): State | undefined {
  if (upstream.every((state) => state.isFinished())) return undefined;
  return new State('Pending', 'Waits for upstream tasks that are not finished.');
}

function upstreamSkipped({ loaded, upstream }: UpstreamFacts): State | undefined {
  if (!loaded.plan.skipOnUpstreamSkip || !upstream.some((state) => state.isSkipped())) return undefined;
  const message =
    `An upstream task was skipped; to run all the same, set skipOnUpstreamSkip: false on task ` +
    `'${loaded.plan.name}'.`;
  return new State('Skipped', message);
}

function triggerSatisfied({ loaded, upstream }: UpstreamFacts): State | undefined {
  try {
    const answer: unknown = atOnce(loaded.trigger(upstream));
    if (answer) return undefined;
    return new State('TriggerFailed', `Trigger failed: it returned ${describe(answer)}.`);
  } catch (thrown) {
    const cause = upstream.find(({ error }) => error !== undefined)?.error;
    const state = thrown instanceof Signal ? endingOf(thrown, loaded.plan).state : undefined;
    if (state !== undefined && !state.isLooped()) {
      if (state.isPaused() && loaded.plan.isApproved) return undefined;
      const { type, message } = state;
      return state.isFailed() ? new State(type, message, { error: new Error(message, { cause }) }) : state;
    }
    const remedy = state === undefined ? '' : '. A trigger that is to be asked again throws signals.RETRY with a delay';
    const message = `Unexpected error while checking task trigger: ${nameAndMessageIn(thrown)}${remedy}`;
    return new State('TriggerFailed', message, { error: new Error(message, { cause: thrown }) });
  }
}
