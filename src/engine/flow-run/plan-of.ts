import { config } from '../../config/config.ts';
import type { Node } from '../../flow/node.ts';
import { nameOf } from '../../flow/triggers.ts';
import type { FlowRunScope } from './flow-context.ts';
import type { RunPlan } from '../plan.ts';
import type { PreparedTask } from './prepared-tasks.ts';
import type { StoragePlan } from '../storage-plan.ts';
import { typeReferences } from '../types.ts';
import type { Wiring } from './wiring.ts';

interface Circumstances {
  readonly wiring: Wiring;
  readonly storage: StoragePlan | undefined;
  readonly scope: FlowRunScope;
  /** Absent for our own tasks. */
  readonly prepared: PreparedTask | undefined;
  /** Slugs of tasks that need not wait for somebody's approval. */
  readonly approved: readonly string[];
  /** Whether all that runs it is in this process. */
  readonly sharesMemory: boolean;
}

/** All that the runs of a node need to know, as plain data. */
export function planOf(node: Node, { wiring, storage, scope, ...rest }: Circumstances): RunPlan {
  const { args, constants, whole, literals, gates, resources } = wiring;
  const task = node.task!;
  const { retries, retryDelayMs, timeoutMs, everyMs, skipOnUpstreamSkip, trigger, tags, taskRunName } = task.settings;
  const { check, valueLimitBytes } = task.settings;
  const { flowName, flowRunId, parameters, scheduledStartTime, startedAt, secrets, log } = scope;
  const { logging } = config();
  const { captured, functions = [], variables = [] } = rest.prepared ?? {};
  const types = typeReferences();
  const repeats = wiring.repeats();
  return {
    flow: flowName,
    flowRunId,
    flowRunName: log.flowRunName,
    parameters,
    startedAt,
    ...(scheduledStartTime && { scheduledStartTime: scheduledStartTime.getTime() }),
    secrets,
    logLevel: logging.level,
    logStdout: task.settings.logStdout ?? logging.logStdout,
    ...(logging.extraLoggers.length > 0 && { extraLoggers: logging.extraLoggers }),
    name: node.slug,
    ...(tags.length > 0 && { tags }),
    ...(rest.approved.includes(node.slug) && { isApproved: true }),
    reference: task.reference,
    ...(captured && { captured }),
    ...(functions.length > 0 && { functions }),
    ...(variables.length > 0 && { variables }),
    ...(types.length > 0 && { types }),
    isMapped: node.isMapped,
    ...(taskRunName !== undefined && { taskRunName: typeof taskRunName === 'string' ? taskRunName : null }),
    retries,
    retryDelayMs: retryDelayMs ?? null,
    timeoutMs: timeoutMs ?? null,
    ...(everyMs !== undefined && { everyMs }),
    check,
    ...(rest.sharesMemory ? { sharesMemory: true } : { folder: process.cwd() }),
    valueLimitBytes,
    skipOnUpstreamSkip,
    trigger: nameOf(trigger) ?? null,
    args,
    constants,
    wholeIsList: whole.map(({ isList }) => isList),
    literals,
    ...(gates.length > 0 && { gates }),
    ...(resources.length > 0 && { resources }),
    ...(repeats.length > 0 && { repeats }),
    ...(storage && { storage }),
  };
}
