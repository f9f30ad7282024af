// The final state of a flow run, from the states of its nodes.

import { firstNames } from '../../lib/first-names.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import type { Graph } from '../../flow/graph.ts';
import type { Finding } from '../../values/diagnosis.ts';
import type { NotSerializableError } from '../../values/travels.ts';
import type { Flow } from './flow.ts';
import { nodesIn } from './flow-plan.ts';
import type { Node } from '../../flow/node.ts';
import { FlowState, type FlowOutcome } from './flow-state.ts';
import type { NodeRun } from './node-run.ts';
import { bounded, causeIn, messageOf } from '../failures.ts';

/** How many failed tasks are named, and with how many characters each, when there are several. */
const mostTold = 10;
const longestTold = 150;
/** How much of a message is shown when it is the only one, or that of the first failure. */
const longestAlone = { first: 800, last: 200 };

/**
 * What ended the whole run comes first, then what is not finished, whatever it is. Else the reference nodes decide, and
 * nodes of the output that cannot be read: if any failed, the run failed. A mapped node is judged by its children,
 * unless a handler has judged it as a whole.
 */
export function finalState<Plan>(
  flow: Flow<Plan>,
  { runs, approved }: { readonly runs: ReadonlyMap<Node, NodeRun>; readonly approved: readonly string[] },
  facts: Pick<FlowOutcome<Plan>, 'flowRunId' | 'log' | 'statistics'>,
): FlowState<Plan> {
  const outcome = { graph: flow.graph, plan: flow.plan, runs, ...facts };
  const all = [...runs.values()];
  const cancelled = all.find(({ cancelledBy }) => cancelledBy !== undefined)?.cancelledBy;
  if (cancelled !== undefined) return new FlowState('Cancelled', cancelled.message, { outcome });
  const references = flow.referenceTasks.map((node) => runs.get(node)!);
  // What ended the whole run at once is not the failure of single tasks.
  const ofOutput = nodesIn(flow.plan).flatMap((node) => runs.get(node) ?? []);
  const lost = [...references, ...ofOutput].find(({ lostBy }) => lostBy !== undefined)?.lostBy;
  const unfinished = all.filter(({ isUnfinished }) => isUnfinished);
  if (lost === undefined && unfinished.length > 0) {
    return new FlowState('Paused', describePause(unfinished, { graph: flow.graph, approved }), { outcome });
  }
  const unreadable = ofOutput.filter((run) => run.failUnreadable());
  const failed = [...new Set([...references, ...unreadable])].filter((run) => run.hasFailed);
  if (failed.length === 0) return new FlowState('Success', 'All reference tasks succeeded.', { outcome });
  const origin = lost === undefined ? originOf(all) : undefined;
  const message = lost?.message ?? describeFailures(failed, origin);
  return new FlowState('Failed', message, {
    outcome,
    error: new HeddleError('FLOW_RUN_FAILED', message, { flow: flow.name, cause: lost?.error ?? origin?.error }),
  });
}

/** Says which tasks have to be approved, or were in vain, and what waits for them. */
function describePause(
  unfinished: readonly NodeRun[],
  { graph, approved }: { readonly graph: Graph; readonly approved: readonly string[] },
): string {
  const isPaused = (run: NodeRun) => run.children.some((child) => child.isPaused());
  const slugsOf = (runs: readonly NodeRun[]) => runs.map(({ node }) => node.slug);
  const paused = slugsOf(unfinished.filter(isPaused));
  const quoted = (slugs: readonly string[]) => slugs.map((slug) => `'${slug}'`).join(', ');
  const [toApprove, inVain] = [false, true].map((is) =>
    quoted(paused.filter((slug) => approved.includes(slug) === is)),
  );
  const remedy = toApprove === '' ? '' : ` To let it go on, run the flow again with approve: [${toApprove}].`;
  const again =
    inVain === ''
      ? ''
      : ` ${inVain} was approved and paused all the same: throw signals.PAUSE, or let a state handler give Paused, ` +
        `only if !context.isApproved.`;
  const waitedFor = new Set(unfinished.map(({ node }) => node));
  const isWaiting = ({ node }: NodeRun) => [...graph.upstreamOf(node)].some((upstream) => waitedFor.has(upstream));
  const left = unfinished.find((run) => !isPaused(run) && !isWaiting(run));
  const why = left === undefined ? '' : describeLeft(left);
  return `Not finished: ${firstNames(slugsOf(unfinished))}.${remedy}${again}${why}`;
}

/** Nothing else leaves a run so that was neither paused nor kept waiting. */
function describeLeft({ node, children, state }: NodeRun): string {
  const { type } = children.find((child) => !child.isFinished()) ?? state;
  const why = `what it returns takes the place of the state 'to' that it is shown.`;
  return ` A state handler left '${node.slug}' ${type}: ${why}`;
}

function describeFailures(failed: readonly NodeRun[], origin: Origin | undefined): string {
  const told = failed.slice(0, mostTold).map(describeFailure);
  const what = `Some reference tasks failed:${listed(told, failed.length)}`;
  const why = hindranceIn(origin?.error) ?? firstLineOf(origin === undefined ? '' : messageOf(origin.error));
  if (origin === undefined || told.some((text) => text.includes(why.slice(0, longestTold)))) return what;
  const end = told.length > 1 ? '\n' : what.endsWith('.') ? ' ' : '. ';
  const { error, where } = origin;
  return `${what}${end}It began with ${where}: ${error.name}: ${why}${causeIn({ error, message: why })}`;
}

function describeFailure(run: NodeRun): string {
  const { slug } = run.node;
  // Of a mapped task that a handler made fail as a whole, its own state says why.
  const [first] = run.isList && !run.state.isMapped() ? [] : run.failures();
  const state = first?.state ?? run.state;
  const hindrance = hindranceIn(state.error);
  const what = hindrance === undefined ? firstLineOf(state.message) : `NotSerializableError: ${hindrance}`;
  const why = `${what}${state.type === 'Failed' ? causeIn(state) : ''}`;
  if (!run.isList || first === undefined) return `${slug}: ${why}`;
  return `${slug}: ${run.failedCount} of ${run.length}, first index ${first.index}: ${why}`;
}

/** A single one follows the colon; several have a line each. */
function listed(told: readonly string[], count: number): string {
  if (told.length === 1) return ` ${told[0]}`;
  const rest = count > told.length ? [`and ${count - told.length} more`] : [];
  const brief = told.map((text) => (text.length > longestTold ? `${text.slice(0, longestTold - 1)}…` : text));
  return [...brief, ...rest].map((text) => `\n  ${text}`).join('');
}

/** Of a value that cannot be sent, the first line of the message does not say where in it is what. */
function hindranceIn(error: Error | undefined): string | undefined {
  // It is made again from what has travelled, and so of the class only where it was thrown.
  const { name, path, findings } = (error ?? {}) as Partial<NotSerializableError>;
  const [finding] = name === 'NotSerializableError' && Array.isArray(findings) ? (findings as readonly Finding[]) : [];
  return finding && `${path} ${finding.what}, which cannot be sent`;
}

/** The task run has the whole message. */
function firstLineOf(message: string): string {
  return bounded(message.split('\n', 1)[0]!, longestAlone);
}

interface Origin {
  readonly error: Error;
  /** The task, with the map index of a mapped one. */
  readonly where: string;
}

/** The first failure that is not the consequence of another. */
function originOf(runs: readonly NodeRun[]): Origin | undefined {
  for (const run of runs.filter(({ failedCount }) => failedCount > 0)) {
    const [{ state, index } = {}] = run.ownFailures();
    const error = state?.error;
    if (error !== undefined) return { error, where: run.isList ? `${run.node.slug}[${index}]` : run.node.slug };
  }
  return undefined;
}
