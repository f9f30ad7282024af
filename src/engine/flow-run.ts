// One flow run from its parameters to its final state.

import { nanoid } from 'nanoid';
import { formatDuration } from '../lib/duration.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { timerMs } from '../lib/timer.ts';
import type { LogRecord } from '../lib/log-record.ts';
import { config } from '../config/config.ts';
import { State } from '../flow/state.ts';
import { beginningAgain, beginningOf } from './beginning.ts';
import type { Executor, FlowRunFacts, Session, SessionListener } from './executor.ts';
import { finalState, throughFlowHandlers } from './final-state.ts';
import type { Flow, FlowRunName } from './flow.ts';
import { FlowRunner } from './flow-runner.ts';
import type { FlowState } from './flow-state.ts';
import { listenForInterrupts } from './interrupt.ts';
import { Journal } from './journal.ts';
import { createLogger, type Logger } from './logger.ts';
import { UnheardLoggers } from './loggers/unheard.ts';
import { hideSecret } from './secrets.ts';
import { Terminal } from './terminal.ts';

export interface FlowRunRequest {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly executor: Executor;
  readonly cancelGraceMs: number;
  readonly scheduledStartTime?: Date;
  readonly flowRunName?: FlowRunName;
  readonly flowRunId?: string;
  readonly approve?: readonly string[];
  readonly signal?: AbortSignal;
  readonly secrets?: Readonly<Record<string, unknown>>;
  readonly onLog?: (record: LogRecord) => void;
}

/** How much longer than its grace a cancel may take, before nobody waits for it any more. */
const cancelPatienceMs = 5_000;

/** Rejects when the run could not start; resolves with its final state otherwise, however its tasks ended. */
export async function carryOut<Plan>(flow: Flow<Plan>, request: FlowRunRequest): Promise<FlowState<Plan>> {
  const calledAt = Date.now();
  request.signal?.throwIfAborted();
  using over = new Over(request.signal);
  using _interrupts = listenForInterrupts((why) => over.cancel(`the process got ${why}`));
  // Work on other threads does not keep a process alive, and neither does a promise.
  using _alive = keptAlive();
  const flowRunId = request.flowRunId ?? nanoid();
  using journal = journalFor(flowRunId, request, (text) => logger.warn(text));
  const begun = journal?.beginning;
  const beginning =
    begun === undefined
      ? await beginningOf(flow, { ...request, flowRunId })
      : await beginningAgain(flow, begun, { ...request, flowRunId });
  const { flowRunName, parameters, startedAt, scheduledStartTime } = beginning;
  using terminal = new Terminal();
  const write = request.onLog === undefined ? terminal.write : guarded(request.onLog, (error) => over.fail(error));
  const { secrets = {} } = request;
  hideSecret(Object.values(secrets));
  const { logging } = config();
  const logger = createLogger({ flow: flow.name, flowRun: flowRunName }, write, logging.level);
  if (begun === undefined) journal?.begin(beginning);
  else logger.info(`resumes what was begun ${new Date(startedAt).toISOString()}`);
  const facts: FlowRunFacts = {
    flowName: flow.name,
    flowRunId,
    flowRunName,
    parameters,
    logger,
    signal: over.signal,
    ...(scheduledStartTime !== undefined && { scheduledStartTime: new Date(scheduledStartTime) }),
  };

  const unheard = new UnheardLoggers(logging.extraLoggers);
  const mostHands = { workers: 0, threads: 0 };
  const listener: SessionListener = {
    // What the scheduler says of a task run of ours does not know which flow run that is.
    log: (records) =>
      records.forEach((record) => {
        unheard.note(record);
        write({ flow: flow.name, flowRun: flowRunName, ...record });
      }),
    workers: ({ workers, threads, lost: news }) => {
      if (threads > mostHands.threads) Object.assign(mostHands, { workers, threads });
      if (news === undefined) logger.debug(`workers there: ${workers}, threads: ${threads}`);
      else logger.warn(news);
    },
    lost: (error) => over.fail(error),
  };
  const forTasks = { secrets, startedAt, journal, approved: request.approve ?? [], result: flow.settings.result };
  const runner = new FlowRunner(flow.graph, { ...facts, ...forTasks });
  await using session = await startedUnless(over, request.executor.start(facts, listener));
  if (request.onLog === undefined) terminal.follow([...runner.runs.values()]);
  await carryThrough(runner, session, { over, request, logger });

  const durationMs = Date.now() - calledAt;
  const { taskRuns, keptTaskRuns } = countTaskRuns(runner);
  const statistics = { startedAt: calledAt, durationMs, taskRuns, keptTaskRuns, ...mostHands };
  const state = await throughFlowHandlers(flow, finalState(flow, runner, { flowRunId, flowRunName, statistics }));
  if (unheard.advice !== undefined) logger.info(unheard.advice);
  const kept = keptTaskRuns === 0 ? '' : `; ${keptTaskRuns} of ${taskRuns} task runs were done before`;
  const report = `${state.toString()} (${formatDuration(durationMs)}${kept})`;
  if (state.isFailed()) logger.error(report);
  else logger.info(report);
  if (journal !== undefined && !state.isSuccessful()) {
    logger.info(`to do only what is missing, run the flow again with flowRunId '${flowRunId}'`);
  }
  if (over.listenerFailure !== undefined) throw over.listenerFailure;
  return state;
}

/** How a run ends that does not end by itself: somebody cancelled it, or the means to run it are gone. */
class Over implements Disposable {
  readonly #stopListening: () => void;
  readonly #end = Promise.withResolvers<State>();
  readonly #controller = new AbortController();
  /** What the user's own listener to the log threw, if that is why. */
  listenerFailure: Error | undefined;

  constructor(signal: AbortSignal | undefined) {
    const abort = () => this.cancel('its signal was aborted');
    signal?.addEventListener('abort', abort, { once: true });
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

  cancel(why: string): void {
    this.#conclude(new State('Cancelled', `The flow run was cancelled: ${why}.`));
  }

  fail(error: Error): void {
    if (error instanceof HeddleError && error.code === 'LOG_LISTENER_FAILED') this.listenerFailure ??= error;
    this.#conclude(new State('Failed', error.message, { error }));
  }

  #conclude(end: State): void {
    this.#end.resolve(end);
    this.#controller.abort(new DOMException(end.message, 'AbortError'));
  }
}

/** Where it is noted how far the run is, when it was given an id to be resumed by, or every run is to be resumable. */
function journalFor(flowRunId: string, request: FlowRunRequest, warn: (text: string) => void): Journal | undefined {
  const { results, flows } = config();
  const isResumable = request.flowRunId !== undefined || flows.checkpointing;
  return isResumable ? new Journal(results.directory, flowRunId, warn) : undefined;
}

/** The session, or nothing when the run is over before there is one; what comes later is closed again. */
async function startedUnless(over: Over, starting: Promise<Session>): Promise<Session | undefined> {
  const session = await Promise.race([starting, over.end.then(() => undefined)]);
  if (session === undefined) {
    void starting.then(
      (late) => late[Symbol.asyncDispose](),
      () => {},
    );
  }
  return session;
}

interface Circumstances {
  readonly over: Over;
  readonly request: FlowRunRequest;
  readonly logger: Logger;
}

/** Runs all there is, or until the run is over; then nothing is left running, as far as that can be had in time. */
async function carryThrough(
  runner: FlowRunner,
  session: Session | undefined,
  { over, request, logger }: Circumstances,
): Promise<void> {
  if (session !== undefined) runner.attach(session);
  const running = session === undefined ? over.end : runner.run();
  const end = await Promise.race([over.end, running.then(() => undefined)]);
  if (end === undefined) return;
  runner.abandon(end);
  if (!end.isCancelled() || session === undefined) return;
  const { cancelGraceMs } = request;
  logger.warn(`${end.message} Running tasks have ${formatDuration(cancelGraceMs)} to end by themselves.`);
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, timerMs(cancelGraceMs + cancelPatienceMs));
  await Promise.race([session.cancel(cancelGraceMs), patience.promise]);
  clearTimeout(timer);
}

/** How many task runs there were, and how many of them were done before this flow run. */
function countTaskRuns({ runs }: FlowRunner): { taskRuns: number; keptTaskRuns: number } {
  const ofTasks = [...runs.values()].filter(({ node }) => node.task !== undefined);
  const taskRuns = ofTasks.reduce((sum, run) => sum + run.settledCount, 0);
  const keptTaskRuns = ofTasks.reduce((sum, run) => sum + run.kept.size, 0);
  return { taskRuns, keptTaskRuns };
}

function keptAlive(): Disposable {
  const timer = setInterval(() => {}, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Whoever listens to the log is called between our own steps, where what it throws must not get. */
function guarded(listener: (record: LogRecord) => void, failed: (error: Error) => void): (record: LogRecord) => void {
  return (record) => {
    const fail = (cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      failed(new HeddleError('LOG_LISTENER_FAILED', `the run's onLog threw: ${why}`, { cause }));
    };
    try {
      const promise: unknown = listener(record);
      if (promise instanceof Promise) promise.catch(fail);
    } catch (cause) {
      fail(cause);
    }
  };
}
