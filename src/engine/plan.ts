// The first import brings in our own tasks, so that they are found wherever a plan is read.
import '../flow/control.ts';
import '../flow/resource-manager.ts';
import { attach } from '../lib/attachments.ts';
import type { Reading } from '../values/copier.ts';
import { decodeValue, encodeValue } from '../values/encode.ts';
import { packed, type Check } from '../values/travels.ts';
import type { LogLevel } from '../lib/log-record.ts';
import type { Captured } from '../code/capture/captured.ts';
import type { ModuleVariable } from '../code/drift.ts';
import type { FunctionIdentity } from '../code/function-identity.ts';
import type { Reference } from '../code/registry.ts';
import type { TriggerName } from '../flow/triggers.ts';
import { namedParameters } from './named-parameters.ts';
import type { StoragePlan } from './storage-plan.ts';

/**
 * Where an argument of a task run comes from, as its worker sees it. `input` counts the upstream arrays of its kind.
 */
export type ArgumentPlan =
  | { readonly type: 'constant'; readonly constant: number }
  /** The value at the run's own index of an elementwise upstream. */
  | { readonly type: 'element'; readonly input: number; readonly isBoxed?: true }
  /** The value of an upstream task run that is not mapped, or the list of the values of one that is. */
  | ({ readonly type: 'whole'; readonly isBoxed?: true } & WholeSource)
  /** What one of the plan's resources is open as, on the thread of the run. */
  | { readonly type: 'resource'; readonly resource: number }
  /** A constant with gaps in it, for the values of upstream runs. */
  | {
      readonly type: 'filled';
      readonly constant: number;
      readonly gaps: readonly ({ readonly path: readonly (string | number)[] } & WholeSource)[];
      readonly isFlattened: boolean;
    };

interface WholeSource {
  readonly input: number;
  readonly isFlattened: boolean;
}

/** All that the runs of one array have in common, as plain data: what to call, with what, and under which rules. */
export interface RunPlan {
  readonly flow: string;
  readonly flowRunId: string;
  readonly flowRunName: string;
  /** When the flow run started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** When it was to start, likewise; absent when no schedule said so. */
  readonly scheduledStartTime?: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Secrets that were given to the run, by name. */
  readonly secrets: Readonly<Record<string, unknown>>;
  /** The least level that is logged. */
  readonly logLevel: LogLevel;
  /** Whether what the task prints goes to the log. */
  readonly logStdout: boolean;
  /** Names of loggers of other libraries whose lines go to the log, if any. */
  readonly extraLoggers?: readonly string[];
  readonly name: string;
  /** Absent when there are none. */
  readonly tags?: readonly string[];
  /** Present when it need not wait for somebody's approval. */
  readonly isApproved?: true;
  readonly reference: Reference;
  /** The task itself, taken apart, when the reference leads nowhere. */
  readonly captured?: Captured;
  /** Which functions the task has where the flow was started, when it is to be found by the reference. */
  readonly functions?: readonly FunctionIdentity[];
  /** Variables of its module that the task mentions, as they are where the flow was started, if any. */
  readonly variables?: readonly ModuleVariable[];
  /** Where types of the user's are registered, if any. */
  readonly types?: readonly Reference[];
  readonly isMapped: boolean;
  /** The text that names the runs, if there is one; null when it is a function of the user's. */
  readonly taskRunName?: string | null;
  readonly retries: number;
  /** Null when it is a function of the user's. */
  readonly retryDelayMs: number | null;
  readonly timeoutMs: number | null;
  /** Present for a sensor: how long it waits between two calls. */
  readonly everyMs?: number;
  /** What becomes of results that would arrive changed. */
  readonly check: Check;
  /** Whether all that runs it is in the flow's own process; absent when it is not. */
  readonly sharesMemory?: true;
  /** The working folder of the flow's process; absent when all that runs it is there. */
  readonly folder?: string;
  /** How many bytes a result may have. */
  readonly valueLimitBytes: number;
  readonly skipOnUpstreamSkip: boolean;
  /** Null when the trigger is a function of the user's: then it is that of the task behind the reference. */
  readonly trigger: TriggerName | null;
  readonly args: readonly ArgumentPlan[];
  readonly constants: readonly unknown[];
  /** The resources that the runs need, if any. */
  readonly resources?: readonly PlannedResource[];
  /** For each upstream that is needed whole, whether it is mapped, so that its value is a list. */
  readonly wholeIsList: readonly boolean[];
  /** The elementwise inputs that are lists of the user's: no trigger asks how they ended. */
  readonly literals: readonly number[];
  /** The elementwise inputs that are gates of branches, if any: no trigger sees them; closed, they end a run. */
  readonly gates?: readonly number[];
  /** The elementwise inputs, if any, whose runs are among the upstream runs by way of another input. */
  readonly repeats?: readonly number[];
  /** Where results are stored and looked for, if they are. */
  readonly storage?: StoragePlan;
}

export interface PlannedResource {
  /** Unlike that of any other, in any flow run. */
  readonly key: string;
  readonly name: string;
  readonly reference: Reference;
  /** Which functions it has where the flow was started. */
  readonly functions: readonly FunctionIdentity[];
  /** The upstream, needed whole, that brings the arguments of the setup. */
  readonly input: number;
}

/**
 * A plan of which the values are not read yet: types of theirs may be registered by the task's module. `isSent` says
 * that the task is among them.
 */
export type SealedPlan = Omit<RunPlan, keyof PlanValues> & {
  readonly values: PlanValues | Uint8Array;
  readonly isSent?: true;
};

type PlanValues = Pick<RunPlan, 'parameters' | 'secrets' | 'constants' | 'trigger' | 'captured' | 'storage'>;

const lengthBytes = 4;

/**
 * The length of a text in bytes, the text, which is JSON, and the bytes of the values, unless those stand in the text
 * too. A copier would take several times as long, and a flow of one small task would feel it.
 */
export function encodePlan(plan: RunPlan): Uint8Array {
  const { parameters, secrets, constants, trigger, captured, storage, ...rest } = plan;
  const plain = { parameters, secrets, constants, trigger };
  const values: PlanValues = { ...plain, ...(captured && { captured }), ...(storage && { storage }) };
  const mayBeText = [parameters, secrets, constants, trigger?.bounds ?? []];
  if (!captured && !storage && mayBeText.every(isJson)) return join({ ...rest, values });
  const attaching = rest.sharesMemory === true ? new Map() : undefined;
  const bytesOfValues = encodeValue(packed(values), [], { attaching });
  const bytes = join({ ...rest, ...(captured && { isSent: true }) }, bytesOfValues);
  if (attaching !== undefined) attach(bytes, attaching);
  return bytes;
}

export function decodePlan(bytes: Uint8Array): SealedPlan {
  const start = lengthBytes + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + lengthBytes, start - lengthBytes).toString();
  const plan = JSON.parse(text) as Omit<RunPlan, keyof PlanValues>;
  return start === bytes.length ? (plan as SealedPlan) : { ...plan, values: bytes.subarray(start) };
}

/** Throws `TYPE_NOT_REGISTERED` for a value of a type that is not known here. */
export function openPlan({ values, ...rest }: SealedPlan, reading?: Reading): RunPlan {
  const read = values instanceof Uint8Array ? (decodeValue(values, reading) as PlanValues) : values;
  return { ...rest, ...read, parameters: namedParameters(rest.flow, read.parameters) };
}

function join(plan: object, values: Uint8Array = nothing): Uint8Array {
  const text = Buffer.from(JSON.stringify(plan));
  const bytes = new Uint8Array(lengthBytes + text.length + values.length);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, lengthBytes);
  bytes.set(values, lengthBytes + text.length);
  return bytes;
}

const nothing = new Uint8Array(0);

/** Whether JSON keeps all members exactly: texts, flags, null, and such numbers as it knows. */
function isJson(values: object): boolean {
  return Object.entries(values).every(([key, value]) => {
    const isNumber = typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0);
    const isKept = isNumber || typeof value === 'string' || typeof value === 'boolean' || value === null;
    return isKept && key !== '__proto__';
  });
}
