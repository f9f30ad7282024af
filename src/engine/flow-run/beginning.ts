// How a flow run begins: with its parameters and its name. A run that is resumed keeps those of its first attempt.

import { forFunction } from '../../code/known-names.ts';
import { UsageError } from '../../lib/heddle-error.ts';
import { describe } from '../../lib/options.ts';
import { nameFrom } from '../../lib/template.ts';
import { hashInputs } from '../../results/hash-inputs.ts';
import { decodeValue, encodeValue } from '../../values/encode.ts';
import { packed } from '../../values/travels.ts';
import type { FlowRunName } from './flow-options.ts';
import type { Flow } from './flow.ts';
import type { RunBeginning } from './journal.ts';
import { resolveParameters } from './parameters.ts';

interface Wanted {
  readonly flowRunId: string;
  /** Whether the user chose the id, and will look for it in the log. */
  readonly isNamed: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly flowRunName?: FlowRunName;
  readonly scheduledStartTime?: Date;
}

/** Rejects as `resolveParameters` does. */
export async function beginningOf(flow: Flow, wanted: Wanted): Promise<RunBeginning> {
  const parameters = await resolveParameters(flow, wanted.parameters);
  const startedAt = Date.now();
  const { flowRunId, scheduledStartTime } = wanted;
  const own = wanted.isNamed ? flowRunId : `run-${flowRunId.replace(/[-_]/g, '').slice(0, 6)}`;
  const name = wanted.flowRunName ?? flow.settings.flowRunName ?? (() => own);
  const facts = { parameters, flowName: flow.name, flowRunId, date: new Date(startedAt) };
  return {
    flow: flow.name,
    flowRunName: nameFrom(`the flowRunName of flow '${flow.name}'`, name, forFunction(facts)),
    startedAt,
    ...(scheduledStartTime && { scheduledStartTime: scheduledStartTime.getTime() }),
    parameters,
  };
}

/**
 * The beginning of a run that is resumed: as before, with defaults for parameters that the flow has got since. Rejects
 * with `RUN_BEGAN_DIFFERENTLY` when another flow or other parameters are wanted than it was begun with.
 */
export async function beginningAgain(
  flow: Flow,
  begun: RunBeginning,
  wanted: Omit<Wanted, 'isNamed'>,
): Promise<RunBeginning> {
  if (begun.flow !== flow.name) throw otherFlow(flow.name, begun.flow, wanted.flowRunId);
  const known = Object.entries(begun.parameters).filter(([name]) => flow.parameters.has(name));
  const parameters = await resolveParameters(flow, wanted.parameters, Object.fromEntries(known));
  for (const [name, before] of known) {
    if (!Object.hasOwn(wanted.parameters, name) || isSame(parameters[name], before)) continue;
    throw otherParameter({ name, before, now: parameters[name] }, wanted.flowRunId);
  }
  return { ...begun, parameters };
}

/** Compares what is in them: an instance of a class was noted as that, and V8 writes equal lists in several ways. */
function isSame(now: unknown, before: unknown): boolean {
  return hashInputs(asNoted(now)) === hashInputs(before);
}

function asNoted(value: unknown): unknown {
  return decodeValue(encodeValue(packed(value)));
}

function otherFlow(flow: string, begun: string, flowRunId: string): UsageError {
  const message = `the flow run '${flowRunId}' is one of flow '${begun}', not of '${flow}'. Choose another flowRunId.`;
  return new UsageError('RUN_BEGAN_DIFFERENTLY', message, { flow, flowRunId });
}

interface Change {
  readonly name: string;
  readonly before: unknown;
  readonly now: unknown;
}

function otherParameter({ name, before, now }: Change, flowRunId: string): UsageError {
  const message =
    `the flow run '${flowRunId}' was begun with parameter '${name}' as ${describe(before)}, and would be resumed ` +
    `with ${describe(now)}. Leave the parameters out to resume it, or choose another flowRunId for a new run.`;
  return new UsageError('RUN_BEGAN_DIFFERENTLY', message, { flowRunId, parameter: name, before, now });
}
