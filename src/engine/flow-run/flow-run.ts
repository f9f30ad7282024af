// One flow run from its parameters to its final state.

import { setImmediate } from 'node:timers';
import { nanoid } from 'nanoid';
import { formatDuration } from '../../lib/duration.ts';
import { guardedListener } from '../../lib/guarded-listener.ts';
import type { LogRecord } from '../../lib/log-record.ts';
import { HeddleError } from '../../lib/heddle-error.ts';
import { inTime } from '../../lib/in-time.ts';
import { keptAlive } from '../kept-alive.ts';
import { whyAborted } from '../../lib/why-aborted.ts';
import { config } from '../../config/config.ts';
import type { Graph } from '../../flow/graph.ts';
import { Resource } from '../../flow/resource.ts';
import { State } from '../../flow/state.ts';
import { warnOfAsyncForEach } from './async-for-each.ts';
import { beginningAgain, beginningOf } from './beginning.ts';
import { tellOfEarlyExit } from './early-exit.ts';
import type { Session, SessionListener } from './executor.ts';
import { finalState } from './final-state.ts';
import type { FlowRunRequest } from './flow-options.ts';
import type { Flow } from './flow.ts';
import { endPatienceMs, FlowHandlers, pending, running } from './flow-handlers.ts';
import { warnOfNoTasks } from './flow-plan.ts';
import { FlowRunLog } from './flow-run-log.ts';
import { FlowRunner } from './flow-runner.ts';
import type { FlowState } from './flow-state.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { Journal } from './journal.ts';
import type { Logger } from '../logger.ts';
import { UnheardLoggers } from '../loggers/unheard.ts';
import { logProgress } from './progress-log.ts';
import { hideSecret } from '../secrets.ts';
import { warnOfState } from './stateful-tasks.ts';
import { Terminal } from './terminal.ts';
import { sendable } from '../../values/travels.ts';
import { failed } from '../failures.ts';

/** As long as there are no more workers than this, each one that joins is logged. */
const mostToldOf = 10;

function cancelledBySignals(over: Over, { handleSignals = true }: FlowRunRequest): Disposable | undefined {
  return handleSignals ? listenForInterrupts((why) => over.cancel(`the process got ${why}`)) : undefined;
}

/** Rejects when the run could not start; resolves with its final state otherwise, however its tasks ended. */
export async function carryOut<Plan>(flow: Flow<Plan>, request: FlowRunRequest): Promise<FlowState<Plan>> {
  const calledAt = Date.now();
  const beganAtMs = performance.now();
  using over = new Over(request.signal);
  using _interrupts = cancelledBySignals(over, request);
  using _alive = keptAlive();
  // A loop of runs that are cancelled at once would otherwise keep all else from its turn.
  if (over.signal.aborted) await new Promise((resolve) => setImmediate(resolve));
  const flowRunId = request.flowRunId ?? nanoid();
  const secrets = secretsFor(flow, request);
  using journal = journalFor(flowRunId, request, (text) => log.logger.warn(text));
  const begun = journal?.beginning;
  const beginning =
    begun === undefined
      ? await beginningOf(flow, { ...request, flowRunId, isNamed: request.flowRunId !== undefined })
      : await beginningAgain(flow, begun, { ...request, flowRunId });
  const { parameters, startedAt, scheduledStartTime } = beginning;
  using terminal = new Terminal();
  const write = listenerOf(request, over) ?? terminal.write;
  const { logging } = config();
  const { flowRunName } = beginning;
  const log = new FlowRunLog({ flow: flow.name, flowRunName, least: logging.level, write });
  const { logger } = log;
  const facts = {
    flowName: flow.name,
    flowRunId,
    parameters,
    signal: over.signal,
    ...(scheduledStartTime !== undefined && { scheduledStartTime: new Date(scheduledStartTime) }),
  };
  const scope = { ...facts, startedAt, secrets, log };
  const { cancelGraceMs } = request;
  const handlers = new FlowHandlers(flow, { scope, cancelled: over.cancelled, cancelGraceMs });

  const first = await handlers.change({ from: pending, to: running });
  const how = begun === undefined ? 'started' : `resumes what was begun ${new Date(startedAt).toISOString()}`;
  if (first.isRunning()) logger.info(`flow run '${log.flowRunName}' ${how}`);
  else over.endAs(first);
  if (journal?.damage !== undefined) logger.warn(journal.damage);
  // A resumed run may have new parameters, which the flow has got since.
  if (first.isRunning() || begun === undefined) journal?.begin({ ...beginning, flowRunName: log.flowRunName });

  const unheard = new UnheardLoggers(logging.extraLoggers);
  const mostHands = { workers: 0, threads: 0 };
  const listener = listenerFor({ log, over, unheard, mostHands });
  const { graph, plan, settings } = flow;
  const { placing, approve: approved = [] } = request;
  const runner = new FlowRunner(graph, { ...scope, journal, approved, plan, placing, result: settings.result });
  const orTold = toldOfFailure(handlers);
  await orTold(warnOf(graph, logger));
  const start = () => request.executor.start({ ...facts, flowRunName: log.flowRunName, logger }, listener);
  await using session = await orTold(startedUnless(over, start));
  if (request.onLog === undefined) terminal.follow([...runner.runs.values()]);
  using _exit = tellOfEarlyExit(flowRunId, logger);
  await orTold(carryThrough(runner, session, { over, request, log }));

  const taken = () => ({ durationMs: Math.round(performance.now() - beganAtMs) });
  const statistics = { startedAt: calledAt, ...taken(), ...countTaskRuns(runner), ...mostHands };
  const computed = finalState(flow, { runs: runner.runs, approved }, { flowRunId, log, statistics });
  const end = first.isRunning() ? await handlers.end(computed) : first;
  const state = computed.as(end, taken());
  if (unheard.advice !== undefined) logger.info(unheard.advice);
  report(state, logger);
  if (journal !== undefined && session !== undefined && !state.isSuccessful()) {
    logger.info(`to do only what is missing, run the flow again with flowRunId '${flowRunId}' (heddle run --run-id)`);
  }
  if (over.listenerFailure !== undefined) throw over.listenerFailure;
  return state;
}

/** Of what is most likely not meant so; or rejects, where that is to keep the run from starting. */
async function warnOf(graph: Graph, logger: Logger): Promise<void> {
  warnOfNoTasks(graph, logger);
  await warnOfAsyncForEach(graph, logger);
  await warnOfState(graph, logger);
}

interface Hearing {
  readonly log: FlowRunLog;
  readonly over: Over;
  readonly unheard: UnheardLoggers;
  /** The most workers and threads that were there at one time; kept up to date. */
  readonly mostHands: { readonly workers: number; readonly threads: number };
}

function listenerFor({ log, over, unheard, mostHands }: Hearing): SessionListener {
  return {
    log: (records) =>
      records.forEach((record) => {
        unheard.note(record);
        log.take(record);
      }),
    workers: ({ workers, threads, joined, lost: news }) => {
      if (threads > mostHands.threads) Object.assign(mostHands, { workers, threads });
      if (news !== undefined) log.logger.warn(news);
      else if (joined !== undefined && workers <= mostToldOf) log.logger.info(joined);
      log.logger.debug(`workers there: ${workers}, threads: ${threads}`);
    },
    lost: (error) => over.fail(error),
  };
}

function report(state: FlowState, logger: Logger): void {
  const { durationMs, taskRuns, keptTaskRuns, retriedTaskRuns } = state.statistics;
  const kept = keptTaskRuns === 0 ? '' : `; ${keptTaskRuns} of ${taskRuns} task runs were done before`;
  const retried = retriedTaskRuns === 0 ? '' : `, ${retriedTaskRuns} retried`;
  const text = `${state.toString()} (${formatDuration(durationMs)}${retried}${kept})`;
  if (state.isFailed()) logger.error(text);
  else logger.info(text);
}

/** A run that fails before any task could run has no final state, but the handlers are told of it. */
function toldOfFailure(handlers: FlowHandlers<unknown>): <T>(step: Promise<T>) => Promise<T> {
  return async (step) => {
    try {
      return await step;
    } catch (error) {
      await handlers.change({ from: running, to: failed(error) });
      throw error;
    }
  };
}

/** The end of a run that does not end by itself: it was cancelled, or the means to run it are gone. */
class Over implements Disposable {
  readonly #stopListening: () => void;
  readonly #end = Promise.withResolvers<State>();
  readonly #controller = new AbortController();
  readonly #cancelled = new AbortController();
  /** What the user's log listener threw, if that ended the run. */
  listenerFailure: Error | undefined;

  constructor(signal: AbortSignal | undefined) {
    const abort = () => this.cancel(whyAborted(signal!));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    this.#stopListening = () => signal?.removeEventListener('abort', abort);
  }

  [Symbol.dispose](): void {
    this.#stopListening();
  }

  /** The state to end in, once there is one. */
  get end(): Promise<State> {
    return this.#end.promise;
  }

  /** Aborted when it is over, for whoever is still starting something. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborted when somebody cancelled it, be it when it had ended another way; the reason is a sentence. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  cancel(why: string): void {
    const message = `The flow run was cancelled: ${why}.`;
    this.#cancelled.abort(message);
    this.endAs(new State('Cancelled', message));
  }

  fail(error: Error): void {
    if (error instanceof HeddleError && error.code === 'LOG_LISTENER_FAILED') this.listenerFailure ??= error;
    this.endAs(new State('Failed', error.message, { error }));
  }

  endAs(end: State): void {
    this.#end.resolve(end);
    this.#controller.abort(new DOMException(end.message, 'AbortError'));
  }
}

/** The secrets that were given to a run: none that cannot travel, and from here on none is shown by the log. */
function secretsFor({ name: task }: { readonly name: string }, { secrets = {} }: FlowRunRequest) {
  hideSecret(Object.values(secrets));
  for (const [name, value] of Object.entries(secrets)) sendable(value, { role: 'secret', task, name });
  return secrets;
}

/** The journal of a run, if it was given an id, or if every run is to be resumable. */
function journalFor(flowRunId: string, request: FlowRunRequest, warn: (text: string) => void): Journal | undefined {
  const { results, flows } = config();
  const isResumable = request.flowRunId !== undefined || flows.checkpointing;
  return isResumable ? new Journal(results.directory, flowRunId, warn) : undefined;
}

/**
 * The session, or nothing when the run is over before there is one. What comes later is closed again, and waited for as
 * long as one may: of a run that is over nothing shall be left, neither processes nor ports.
 */
async function startedUnless(over: Over, start: () => Promise<Session>): Promise<Session | undefined> {
  if (over.signal.aborted) return undefined;
  const starting = start();
  const session = await Promise.race([starting, over.end.then(() => undefined)]);
  if (session !== undefined) return session;
  const gone = starting.then(
    (late) => late[Symbol.asyncDispose](),
    () => {},
  );
  await inTime(endPatienceMs, gone);
  return undefined;
}

interface Circumstances {
  readonly over: Over;
  readonly request: FlowRunRequest;
  readonly log: FlowRunLog;
}

/** Runs all there is, or until the run is over; then nothing is left running, as far as that can be had in time. */
async function carryThrough(
  runner: FlowRunner,
  session: Session | undefined,
  { over, request, log }: Circumstances,
): Promise<void> {
  const { logger } = log;
  using _progress = logProgress([...runner.runs.values()], log);
  if (session !== undefined) await runner.attach(session);
  const running = session === undefined ? over.end : runner.run();
  const end = await Promise.race([over.end, running.then(() => undefined)]);
  if (end !== undefined) runner.abandon(end);
  if (session === undefined) return;
  const { closingMs } = runner.resources;
  if (end === undefined) {
    if (closingMs !== undefined) await endOf(session, { graceMs: 0, closingMs, logger });
    return;
  }
  if (!end.isCancelled()) return;
  const { cancelGraceMs: graceMs } = request;
  logger.warn(`${end.message} Running tasks have ${formatDuration(graceMs)} to end by themselves.`);
  await endOf(session, { graceMs, closingMs, logger });
}

/** Waits until nothing is running or open; or until nobody can be expected to wait any longer. */
async function endOf(
  session: Session,
  { graceMs, closingMs, logger }: { graceMs: number; closingMs: number | undefined; logger: Logger },
): Promise<void> {
  const limitMs = graceMs + (closingMs ?? 0) + endPatienceMs;
  const isOver = (await inTime(limitMs, session.cancel(graceMs))) !== undefined;
  if (isOver || closingMs === undefined) return;
  const message = `some worker has not closed its resources within ${formatDuration(limitMs)}`;
  logger.warn(`${message}; it does so as soon as it can, unless it ends`);
}

/** How many task runs there were, and how many of them were done before this flow run, or tried again in it. */
function countTaskRuns({ runs }: FlowRunner) {
  const ofTasks = [...runs.values()].filter(({ node }) => node.task !== undefined && !(node instanceof Resource));
  const taskRuns = ofTasks.reduce((sum, run) => sum + run.settledCount, 0);
  const keptTaskRuns = ofTasks.reduce((sum, run) => sum + run.kept.size, 0);
  const retriedTaskRuns = ofTasks.reduce((sum, run) => sum + run.retriedCount, 0);
  return { taskRuns, keptTaskRuns, retriedTaskRuns };
}

function listenerOf({ onLog }: FlowRunRequest, over: Over): ((record: LogRecord) => void) | undefined {
  return onLog && guardedListener(onLog, { whose: "the run's onLog", failed: (error) => over.fail(error) });
}
