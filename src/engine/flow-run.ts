// One flow run from its parameters to its final state.

import { nanoid } from 'nanoid';
import { formatDuration } from '../lib/duration.ts';
import { fillTemplate } from '../lib/template.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { State } from '../flow/state.ts';
import type { Executor, FlowRunFacts, Session, SessionListener } from './executor.ts';
import type { Flow, FlowRunName } from './flow.ts';
import { FlowRunner } from './flow-runner.ts';
import { FlowState, type FlowStatistics } from './flow-state.ts';
import { throughHandlers } from './handlers.ts';
import { listenForInterrupts } from './interrupt.ts';
import { createLogger, type Logger } from './logger.ts';
import type { NodeRun } from './node-run.ts';
import { config } from '../config/config.ts';
import { resolveParameters } from './parameters.ts';
import { hideSecret } from './secrets.ts';
import { Terminal } from './terminal.ts';

export interface FlowRunRequest {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly executor: Executor;
  readonly cancelGraceMs: number;
  readonly flowRunName?: FlowRunName;
  readonly signal?: AbortSignal;
  readonly secrets?: Readonly<Record<string, unknown>>;
  readonly onLog?: (record: LogRecord) => void;
}

/** Rejects when the run could not start; resolves with its final state otherwise, however its tasks ended. */
export async function carryOut<Plan>(flow: Flow<Plan>, request: FlowRunRequest): Promise<FlowState<Plan>> {
  const startedAt = performance.now();
  const startedAtMs = Date.now();
  request.signal?.throwIfAborted();
  const parameters = await resolveParameters(flow, request.parameters);
  using terminal = new Terminal();
  const flowRunId = nanoid();
  const flowRunName = nameRun(request.flowRunName ?? flow.settings.flowRunName, { flow, flowRunId, parameters });
  const lost = Promise.withResolvers<Error>();
  let listenerFailure: Error | undefined;
  const failListener = (error: Error) => {
    listenerFailure ??= error;
    lost.resolve(error);
  };
  const write = request.onLog === undefined ? terminal.write : guarded(request.onLog, failListener);
  const { secrets = {} } = request;
  hideSecret(Object.values(secrets));
  const logger = createLogger({ flow: flow.name, flowRun: flowRunName }, write, config().logging.level);
  const facts: FlowRunFacts = { flowName: flow.name, flowRunId, flowRunName, parameters, logger };

  const fleet = { workers: 0, threads: 0 };
  const listener: SessionListener = {
    // What the scheduler says of a task run of ours does not know which flow run that is.
    log: (records) => records.forEach((record) => write({ flow: flow.name, flowRun: flowRunName, ...record })),
    workers: ({ workers, threads, lost: news }) => {
      if (threads > fleet.threads) Object.assign(fleet, { workers, threads });
      if (news !== undefined) logger.warn(news);
    },
    lost: lost.resolve,
  };
  await using session = await request.executor.start(facts, listener);
  const runner = new FlowRunner(flow.graph, { ...facts, secrets }, session);
  runner.check();
  if (request.onLog === undefined) terminal.follow([...runner.runs.values()]);

  const running = runner.run();
  await untilOver(running, { runner, session, request, logger, lost: lost.promise });
  const durationMs = performance.now() - startedAt;
  const taskRuns = [...runner.runs].reduce((sum, [node, run]) => sum + (node.task ? run.settledCount : 0), 0);
  const statistics = { startedAt: startedAtMs, durationMs, taskRuns, ...fleet };
  const computed = finalState(flow, runner, { flowRunId, flowRunName, statistics });
  const state = await throughFlowHandlers(flow, new State('Running', 'Running flow.'), computed);
  const report = `${state.toString()} (${formatDuration(durationMs)})`;
  if (state.isFailed()) logger.error(report);
  else logger.info(report);
  if (listenerFailure !== undefined) throw listenerFailure;
  return state;
}

/** Whoever listens to the log is called between our own steps, where what it throws must not get. */
function guarded(listener: (record: LogRecord) => void, failed: (error: Error) => void): (record: LogRecord) => void {
  return (record) => {
    try {
      listener(record);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      failed(new HeddleError('LOG_LISTENER_FAILED', `the run's onLog threw: ${why}`, { cause }));
    }
  };
}

/** The name that was given, filled from the run; two words and a number are for people to forget. */
function nameRun(
  name: FlowRunName | undefined,
  { flow, flowRunId, parameters }: { flow: Flow; flowRunId: string; parameters: Record<string, unknown> },
): string {
  const values = { parameters, flowName: flow.name, flowRunId, date: new Date() };
  if (name === undefined) return `run-${flowRunId.slice(0, 6)}`;
  return typeof name === 'function' ? name(values) : fillTemplate(name, values);
}

interface Watch {
  readonly runner: FlowRunner;
  readonly session: Session;
  readonly request: FlowRunRequest;
  readonly logger: Logger;
  readonly lost: Promise<Error>;
}

/** Waits for the run to end, for somebody to cancel it, or for the scheduler to be lost, whichever comes first. */
async function untilOver(running: Promise<void>, { runner, session, request, logger, lost }: Watch): Promise<void> {
  const cancelled = Promise.withResolvers<string>();
  using _ = listenForInterrupts(cancelled.resolve);
  const abort = () => cancelled.resolve('its signal was aborted');
  request.signal?.addEventListener('abort', abort, { once: true });
  // It may have been while the executor started, when nobody listened.
  if (request.signal?.aborted) abort();
  const end = await Promise.race([
    running.then(() => undefined),
    lost.then((error) => new State('Failed', error.message, { error })),
    cancelled.promise.then((why) => new State('Cancelled', `The flow run was cancelled: ${why}.`)),
  ]);
  request.signal?.removeEventListener('abort', abort);
  if (end === undefined) return;
  runner.abandon(end);
  if (!end.isCancelled()) return;
  logger.warn(`${end.message} Running tasks have ${formatDuration(request.cancelGraceMs)} to end by themselves.`);
  await Promise.race([session.cancel(request.cancelGraceMs), lost]);
}

/** The flow's own handlers see the end of a run, and may put another state in its place; its outputs stay. */
async function throughFlowHandlers<Plan>(
  flow: Flow<Plan>,
  from: State,
  computed: FlowState<Plan>,
): Promise<FlowState<Plan>> {
  const { stateHandlers, terminalStateHandler, onFailure } = flow.settings;
  const references = flow.referenceTasks.map((node) => computed.of(node));
  const ended =
    terminalStateHandler === undefined
      ? computed
      : await throughHandlers([terminalStateHandler], { from, to: computed }, (handler, { to }) =>
          handler({ flow, state: to, referenceStates: references }),
        );
  const state = await throughHandlers(stateHandlers, { from, to: ended }, (handler, change) =>
    handler({ flow, ...change }),
  );
  if (state.isFailed()) await onFailure?.({ flow, state });
  return state === computed ? computed : computed.as(state);
}

/** The terminal nodes decide: any failed, and the run failed. A mapped one is judged by its children. */
function finalState<Plan>(
  flow: Flow<Plan>,
  { runs }: FlowRunner,
  facts: { flowRunId: string; flowRunName: string; statistics: FlowStatistics },
): FlowState<Plan> {
  const outcome = { graph: flow.graph, plan: flow.plan, runs, ...facts };
  const all = [...runs.values()];
  const cancelled = all.find((run) => run.wasCancelled);
  if (cancelled !== undefined) return new FlowState('Cancelled', cancelled.state.message, { outcome });
  const references = flow.referenceTasks.map((node) => runs.get(node)!);
  const unfinished = all.filter((run) => run.unfinishedCount > 0);
  if (unfinished.length > 0 && references.some((run) => run.unfinishedCount > 0)) {
    const paused = unfinished.map((run) => run.node.slug).join(', ');
    return new FlowState('Paused', `Not finished: ${paused}.`, { outcome });
  }
  const failed = references.filter((run) => run.hasFailed);
  if (failed.length === 0) return new FlowState('Success', 'All reference tasks succeeded.', { outcome });
  const message = `Some reference tasks failed: ${failed.map(describeFailure).join('; ')}`;
  return new FlowState('Failed', message, { outcome, error: failureOf(flow.name, message, all) });
}

function describeFailure(run: NodeRun): string {
  const { slug } = run.node;
  const first = run.children.findIndex((child) => child.isFailed());
  const state = run.children[first] ?? run.state;
  if (!run.isList) return `${slug}: ${state.message}`;
  return `${slug}: ${run.failedCount} of ${run.length}, first index ${first}: ${state.message}`;
}

/** The cause is the first failure that is not the consequence of another. */
function failureOf(flow: string, message: string, runs: readonly NodeRun[]): HeddleError {
  const origin = runs
    .filter((run) => run.hasFailed)
    .flatMap((run) => run.children.find((child) => child.isFailed() && child.type !== 'TriggerFailed') ?? [])[0];
  return new HeddleError('FLOW_RUN_FAILED', message, { flow, cause: origin?.error });
}
