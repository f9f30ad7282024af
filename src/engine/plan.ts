// The first import brings in our own tasks, so that they are found wherever a plan is read.
import '../flow/control.ts';
import '../flow/resource-manager.ts';
import { attach, attachmentsOf, sharedCopyOf } from '../lib/attachments.ts';
import { once, onceIn } from '../lib/once.ts';
import type { Block, Definition } from '../lib/chunk.ts';
import type { Reading } from '../values/copier.ts';
import { deepFrozen } from '../values/deep-frozen.ts';
import { decodeValue, encodeValue } from '../values/encode.ts';
import { packed, type Check } from '../values/travels.ts';
import type { LogLevel } from '../lib/log-record.ts';
import type { Captured } from '../code/capture/captured.ts';
import type { ModuleVariable } from '../code/drift.ts';
import type { FunctionIdentity } from '../code/function-identity.ts';
import type { Reference } from '../code/registry.ts';
import type { TriggerName } from '../flow/triggers.ts';
import { namedParameters } from './named-parameters.ts';
import { encodeOutcomes } from './outcomes.ts';
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

/** What the plans of a flow run have in common. */
export interface FlowRunPlan {
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
  /** The lowest level that is logged. */
  readonly logLevel: LogLevel;
  /** Names of loggers of other libraries whose lines go to the log, if any. */
  readonly extraLoggers?: readonly string[];
  /** Whether all that runs it is in the flow's own process; absent when it is not. */
  readonly sharesMemory?: true;
  /** The working folder of the flow's process; absent when all that runs it is there. */
  readonly folder?: string;
}

/** What the plans of one task in a flow run have in common. */
export interface TaskPlan {
  readonly reference: Reference;
  /** The task itself, taken apart, when the reference leads nowhere. */
  readonly captured?: Captured;
  /** Which functions the task has where the flow was started, when it is to be found by the reference. */
  readonly functions?: readonly FunctionIdentity[];
  /** Variables of its module that the task mentions, as they are where the flow was started, if any. */
  readonly variables?: readonly ModuleVariable[];
  /** The names of variables of the environment that it reads and that are set where the flow was started, if any. */
  readonly environment?: readonly string[];
  /** Absent when there are none. */
  readonly tags?: readonly string[];
  /** Whether what the task prints goes to the log. */
  readonly logStdout: boolean;
  /** The text that names the runs, if there is one; null when it is a function of the user's. */
  readonly taskRunName?: string | null;
  readonly retries: number;
  /** Null when it is a function of the user's. */
  readonly retryDelayMs: number | null;
  /** The `retryJitter`; absent when it is 0. */
  readonly jitter?: number;
  readonly timeoutMs: number | null;
  /** How many runs may overlap in one thread; absent when the author says nothing of that. */
  readonly concurrency?: number;
  /** Present for a sensor: how long it waits between two calls. */
  readonly everyMs?: number;
  /** What becomes of results that would arrive changed. */
  readonly check: Check;
  readonly valueLimitBytes: number;
  readonly skipOnUpstreamSkip: boolean;
  /** Null when the trigger is a function of the user's: then it is that of the task behind the reference. */
  readonly trigger: TriggerName | null;
}

/** What belongs to one node alone. */
export interface NodePlan {
  readonly name: string;
  /** Present when it need not wait for somebody's approval. */
  readonly isApproved?: true;
  /** Present when its run only makes the arguments of a resource: the log tells when that is opened, not of the run. */
  readonly isResource?: true;
  /** Where types of the user's are registered, if any. */
  readonly types?: readonly Reference[];
  readonly isMapped: boolean;
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
  readonly storage?: StoragePlan;
  /** Present where the task is called often, rather than mapped, for runs that need not wait for one another. */
  readonly alike?: AlikeRuns;
}

/** Runs of the task of this name, so many of them. */
export interface AlikeRuns {
  readonly task: string;
  readonly count: number;
}

/** All that the runs of one array have in common, as plain data: what to call, with what, and under which rules. */
export interface RunPlan extends FlowRunPlan, TaskPlan, NodePlan {}

/** The same in parts. The first two are the same objects for all nodes that have them in common. */
export interface PlanParts {
  readonly flowRun: FlowRunPlan;
  readonly task: TaskPlan;
  readonly node: NodePlan;
}

export interface PlannedResource {
  /** Unique among all resources of all flow runs. */
  readonly key: string;
  readonly name: string;
  readonly reference: Reference;
  /** Which functions it has where the flow was started. */
  readonly functions: readonly FunctionIdentity[];
  /** As of a task; absent when there are none. */
  readonly environment?: readonly string[];
  /** The upstream, needed whole, that brings the arguments of the setup. */
  readonly input: number;
}

/**
 * A plan of which `values`, if it has any, are not read yet: types of theirs may be registered by the task's module.
 * `isSent` says that the task is among them.
 */
export type SealedPlan = Omit<RunPlan, keyof PlanValues> & {
  readonly values?: Uint8Array;
  readonly isSent?: true;
};

type PlanValues = Pick<RunPlan, 'parameters' | 'secrets' | 'args' | 'constants' | 'trigger' | 'captured' | 'storage'>;

/** Without the parameters where they are apart. */
type SentValues = Omit<PlanValues, 'parameters'> & Partial<Pick<PlanValues, 'parameters'>>;

/** A longer text of the author's goes with the values, and so do all arguments, if there are so many: */
const longText = 1_024;
/** parts are read and written as a whole, and go along with each chunk. */
const mostCharacters = 16 * 1024;

/**
 * The parts as JSON, and the bytes of the values, unless those stand in the parts too. A copier would take several
 * times as long, and a flow of one small task would feel it.
 */
export function encodePlan({ flowRun, task, node }: PlanParts): Definition {
  const [ofFlowRun, ofTask] = [sharedText(flowRun), sharedText(task)];
  const ofNode = textOf(node);
  if (ofFlowRun !== undefined && ofTask !== undefined && ofNode !== undefined) {
    return { parts: [ofFlowRun, ofTask, ofNode] };
  }
  const { parameters, secrets, ...restOfFlowRun } = flowRun;
  const { trigger, captured, ...restOfTask } = task;
  const { args, constants, storage, ...restOfNode } = node;
  const values: SentValues = {
    ...(!areParametersApart(flowRun) && { parameters }),
    secrets,
    args,
    constants,
    trigger,
    ...(captured && { captured }),
    ...(storage && { storage }),
  };
  const attaching = flowRun.sharesMemory === true ? new Map() : undefined;
  const bytes = encodeValue(packed(values), [], { attaching, copyOf: attaching && copiesFor(flowRun) });
  if (attaching !== undefined) attach(bytes, attaching);
  const rest = [restOfFlowRun, { ...restOfTask, ...(captured && { isSent: true }) }, restOfNode];
  return { parts: rest.map((part) => JSON.stringify(part)), values: bytes };
}

/** Copies a large view once for those plans of a flow run that there are at a time. */
type CopyOf = (view: object, bytes: Uint8Array) => SharedArrayBuffer;

const copiers = new WeakMap<FlowRunPlan, CopyOf>();

function copiesFor(flowRun: FlowRunPlan): CopyOf {
  return onceIn(copiers, flowRun, () => {
    const copies = new WeakMap<object, WeakRef<SharedArrayBuffer>>();
    return (view, bytes) => {
      const copy = copies.get(view)?.deref() ?? sharedCopyOf(bytes);
      copies.set(view, new WeakRef(copy));
      return copy;
    };
  });
}

/** Whether the parameters are in no plan, but sent once: what plans have in common is long, or no text keeps it. */
export function areParametersApart(flowRun: FlowRunPlan): boolean {
  return sharedText(flowRun) === undefined;
}

/** Such parameters, as what an array came to that all tasks need whole, behind what else they need whole. */
export function encodeParameters({ parameters, sharesMemory }: FlowRunPlan): Block {
  const attaching = sharesMemory === true ? new Map() : undefined;
  const bytes = encodeOutcomes([packed(parameters)], new Map(), { attaching });
  if (attaching !== undefined) attach(bytes, attaching);
  return { start: 0, count: 1, bytes };
}

export function decodePlan({ parts, values }: Definition): SealedPlan {
  const [flowRun, task, node] = parts as [string, string, string];
  const plan = { ...read(flowRun, task), ...(JSON.parse(node) as NodePlan) };
  return values === undefined ? plan : { ...plan, values };
}

/** How long it is, what is attached included; a letter of a text counts as a byte. */
export function sizeOf({ parts, values }: Definition): number {
  const attached = values === undefined ? [] : [values, ...(attachmentsOf(values)?.attachments.values() ?? [])];
  const bytes = attached.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return parts.reduce((sum, { length }) => sum + length, bytes);
}

interface PlanReading {
  readonly unknownTypes?: Reading['unknownTypes'];
  /** Reads the parameters, if they are not in the plan. */
  readonly readParameters?: (() => RunPlan['parameters']) | undefined;
}

/**
 * Its parameters are frozen; those that are apart are read when they are asked for. Throws `TYPE_NOT_REGISTERED` for a
 * value of a type that is not known here.
 */
export function openPlan(sealed: SealedPlan, { unknownTypes, readParameters }: PlanReading = {}): RunPlan {
  if (sealed.values === undefined) return sealed as RunPlan;
  const { values, ...plan } = sealed;
  const reading = { unknownTypes, attached: attachmentsOf(values) };
  const { parameters: sent = {}, ...rest } = decodeValue(values, reading) as SentValues;
  const parameters = once(() => deepFrozen(namedParameters(plan.flow, readParameters?.() ?? sent)));
  return {
    ...plan,
    ...rest,
    get parameters() {
      return parameters();
    },
  };
}

/** The plan with some of it changed. Its parameters are still read when they are asked for. */
export function changedPlan(plan: RunPlan, changes: Partial<RunPlan>): RunPlan {
  const descriptors = [plan, changes].map((part) => Object.getOwnPropertyDescriptors(part));
  return Object.defineProperties({}, Object.assign({}, ...descriptors) as PropertyDescriptorMap) as RunPlan;
}

/** The `textOf` parts that many plans share. */
const sharedTexts = new WeakMap<object, string | undefined>();

function sharedText(part: FlowRunPlan | TaskPlan): string | undefined {
  if (!sharedTexts.has(part)) sharedTexts.set(part, textOf(part));
  return sharedTexts.get(part);
}

/** Nothing for a part that JSON does not keep exactly, or that is long. */
function textOf(part: FlowRunPlan | TaskPlan | NodePlan): string | undefined {
  const text = isText(part) ? JSON.stringify(part) : undefined;
  return text === undefined || text.length > mostCharacters ? undefined : text;
}

type Common = Omit<SealedPlan, keyof NodePlan>;

/** The shared parts of plans, if they are short: a thread reads the same ones again and again. */
const commonRead: { readonly flowRun: string; readonly task: string; readonly common: Common }[] = [];
const mostRead = 32;

/** To be called when no more of these plans come, since there are secrets in them. */
export function forgetPlans(): void {
  commonRead.length = 0;
}

/** All in it is deeply frozen, since several plans share it. To copy an object that is frozen itself takes V8 3 µs. */
function read(flowRun: string, task: string): Common {
  const known = commonRead.find((each) => each.task === task && each.flowRun === flowRun);
  if (known !== undefined) return known.common;
  const common = { ...(JSON.parse(flowRun) as FlowRunPlan), ...(JSON.parse(task) as TaskPlan) };
  // They may come with the values, or apart.
  if ('parameters' in common) namedParameters(common.flow, common.parameters);
  Object.values(common).forEach(deepFrozen);
  if (flowRun.length + task.length > mostCharacters) return common;
  if (commonRead.length >= mostRead) commonRead.shift();
  commonRead.push({ flowRun, task, common });
  return common;
}

/** Whether JSON keeps a part exactly; what is not named here, it always does. */
function isText({ parameters, secrets, constants, trigger, captured, storage }: Partial<PlanValues>): boolean {
  if (captured !== undefined || storage !== undefined) return false;
  return [parameters, secrets, constants, trigger?.bounds].every((values) => values === undefined || isJson(values));
}

/** Whether JSON keeps all members exactly: short texts, flags, null, and such numbers as it knows. */
function isJson(values: object): boolean {
  return Object.entries(values).every(([key, value]) => {
    const isNumber = typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0);
    const isShortText = typeof value === 'string' && value.length <= longText;
    return (isNumber || isShortText || typeof value === 'boolean' || value === null) && key !== '__proto__';
  });
}
