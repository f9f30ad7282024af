import { config } from '../../config/config.ts';
import type { Node } from '../../flow/node.ts';
import { Resource } from '../../flow/resource.ts';
import type { Task } from '../../flow/task.ts';
import { nameOf } from '../../flow/triggers.ts';
import type { Result } from '../../results/result.ts';
import type { FlowRunScope } from './flow-context.ts';
import type { AlikeRuns, FlowRunPlan, NodePlan, PlanParts, TaskPlan } from '../plan.ts';
import type { PreparedTask } from './prepared-tasks.ts';
import { storagePlanOf } from '../storage-plan.ts';
import { typeReferences } from '../types.ts';
import type { Wiring } from './wiring.ts';

interface Circumstances {
  readonly run: PlannedRun;
  /** Without our own tasks. */
  readonly prepared: ReadonlyMap<Task, PreparedTask>;
  readonly alike: ReadonlyMap<Node, AlikeRuns>;
  /** Whether all task runs are in this process. */
  readonly sharesMemory: boolean;
}

/** A flow run, as far as its plans tell of it. */
export interface PlannedRun extends FlowRunScope {
  /** Slugs of tasks that need not wait for somebody's approval. */
  readonly approved: readonly string[];
  /** Where results are stored of tasks that name no place of their own. */
  readonly result: Result | undefined;
}

/** Makes all that the runs of a node need to know, as plain data. What nodes have in common is made once. */
export function plansFor(circumstances: Circumstances) {
  const { run, prepared } = circumstances;
  const tasks = new Map<Task, TaskPlan>();
  let flowRun: FlowRunPlan | undefined;
  return (wiring: Wiring): PlanParts => {
    const task = wiring.node.task!;
    // A task may give the flow run another name.
    if (flowRun?.flowRunName !== run.log.flowRunName) flowRun = flowRunPlanOf(circumstances);
    let ofTask = tasks.get(task);
    if (ofTask === undefined) tasks.set(task, (ofTask = taskPlanOf(task, prepared.get(task))));
    return { flowRun, task: ofTask, node: nodePlanOf(wiring, circumstances) };
  };
}

function flowRunPlanOf({ run, sharesMemory }: Circumstances): FlowRunPlan {
  const { flowName, flowRunId, parameters, scheduledStartTime, startedAt, secrets, log } = run;
  const { level, extraLoggers } = config().logging;
  return {
    flow: flowName,
    flowRunId,
    flowRunName: log.flowRunName,
    parameters,
    startedAt,
    ...(scheduledStartTime && { scheduledStartTime: scheduledStartTime.getTime() }),
    secrets,
    logLevel: level,
    ...(extraLoggers.length > 0 && { extraLoggers }),
    ...(sharesMemory ? { sharesMemory } : { folder: process.cwd() }),
  };
}

function taskPlanOf({ settings, reference }: Task, prepared: PreparedTask | undefined): TaskPlan {
  const { retries, retryDelayMs, timeoutMs, everyMs, skipOnUpstreamSkip, trigger, tags, taskRunName } = settings;
  const { check, jitter, valueLimitBytes, placing } = settings;
  return {
    reference,
    ...prepared,
    ...(tags.length > 0 && { tags }),
    logStdout: settings.logStdout ?? config().logging.logStdout,
    ...(taskRunName !== undefined && { taskRunName: typeof taskRunName === 'string' ? taskRunName : null }),
    retries,
    retryDelayMs: retryDelayMs ?? null,
    ...(jitter > 0 && { jitter }),
    timeoutMs: timeoutMs ?? null,
    ...(placing.concurrency !== undefined && { concurrency: placing.concurrency }),
    ...(everyMs !== undefined && { everyMs }),
    check,
    valueLimitBytes,
    skipOnUpstreamSkip,
    trigger: nameOf(trigger) ?? null,
  };
}

function nodePlanOf(wiring: Wiring, { run, alike }: Circumstances): NodePlan {
  const { node, args, constants, whole, literals, gates, resources } = wiring;
  const { slug: name, isMapped } = node;
  const storage = storagePlanOf(node.task!.settings.storing, run.result);
  const types = typeReferences();
  const repeats = wiring.repeats();
  const alikeRuns = alike.get(node);
  return {
    name,
    ...(run.approved.includes(name) && { isApproved: true }),
    ...(node instanceof Resource && { isResource: true }),
    ...(types.length > 0 && { types }),
    isMapped,
    args,
    constants,
    wholeIsList: whole.map(({ isList }) => isList),
    literals,
    ...(gates.length > 0 && { gates }),
    ...(resources.length > 0 && { resources }),
    ...(repeats.length > 0 && { repeats }),
    ...(storage && { storage }),
    ...(alikeRuns && { alike: alikeRuns }),
  };
}
