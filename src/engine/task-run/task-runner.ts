// The life of one task run, as a pipeline that reads from top to bottom: what its upstream runs say, the call of its
// function, what its state handlers make of it, whether to try again. It knows nothing of chunks, threads or wires.

import { setImmediate } from 'node:timers';
import { UsageError } from '../../lib/heddle-error.ts';
import { controlWords, type Control } from '../../lib/control.ts';
import { isThenable } from '../../lib/thenable.ts';
import { formatDuration } from '../../lib/duration.ts';
import { Signal } from '../../flow/signals.ts';
import { pending, State, success } from '../../flow/state.ts';
import { allSuccessful } from '../../flow/triggers.ts';
import { isCancelled } from './abort-watch.ts';
import { argumentsOf, inputsOf } from './arguments.ts';
import { withContext } from '../context.ts';
import { Ending, endingOf, type Progress } from './endings.ts';
import { changeState, isWatched } from '../handlers.ts';
import type { ChunkFacts, LoadedTask } from './loaded-task.ts';
import { createLogger, isLogged, type Logger } from '../logger.ts';
import { refuseProxy } from '../outgoing.ts';
import { stateAt } from '../outcomes.ts';
import { firstClosed, lendWriter, openResource, refuseOpen, type UsedResource } from './resources.ts';
import { lateFor, limitOf, overtime, untimed, within, type CallLimit } from './call-limit.ts';
import { retrying } from './retries.ts';
import { StorageSteps } from './storage-steps.ts';
import { RunContext, sourceOf } from './run-context.ts';
import { answerOf } from './sensing.ts';
import { nameTaskRun } from './task-run-name.ts';
import { endedByGates, endedByUpstream } from './upstream-steps.ts';
import { failed } from '../failures.ts';

/** What is known of a run that is under way, if there is anything to know. */
interface Begun {
  /** What it is called, if the task names its runs. */
  readonly name: string | undefined;
  /** When it started, if that is told. */
  readonly startedAt: number | undefined;
}

/** Runs the indices of one chunk of a loaded task, one at a time or several. */
export class TaskRunner {
  readonly #loaded: LoadedTask;
  readonly #facts: ChunkFacts;
  /** Whether all upstream runs simply succeeded and the trigger is the usual one: no check can end a run then. */
  readonly #isPlain: boolean;
  readonly #isWatched: boolean;
  /** Whether there are steps besides the call of the function. */
  readonly #isStepwise: boolean;
  /** Whether the log says when a run starts and ends. Of the children of a mapped task, only a debug log does. */
  readonly #isTold: boolean;
  /** The runs that are under way, by index. */
  readonly #begun = new Map<number, Begun>();
  /** The opening of resources that goes on; all runs that need them wait for it. */
  #opening: Promise<Ending | undefined> | undefined;
  /** The states of upstreams that are needed whole, which are the same for every index. */
  #sharedStates: readonly State[] | undefined;

  constructor(loaded: LoadedTask, facts: ChunkFacts) {
    this.#loaded = loaded;
    this.#facts = facts;
    const upstream = [...facts.elementwise, ...loaded.whole.map(({ outcomes }) => outcomes)];
    this.#isPlain = loaded.trigger === allSuccessful && upstream.every(({ states }) => states === undefined);
    this.#isWatched = isWatched(loaded.task);
    this.#isStepwise = this.#isWatched || loaded.storage !== undefined;
    this.#isTold = !loaded.plan.isResource && isLogged(loaded.plan.isMapped ? 'debug' : 'info', loaded.plan.logLevel);
    if (loaded.resources !== undefined) lendWriter(loaded.resources, facts.write);
  }

  /** The value that the function returned, or an `Ending`; a promise of it when anything in it is asynchronous. */
  run(index: number, progress: Progress): unknown {
    this.#begun.delete(index);
    if (this.#isStepwise) {
      const storage = this.#storageOf(index);
      return this.#loop(progress, (now) => this.#runStepwise(index, now, storage));
    }
    const ended = this.#runOnce(index, progress);
    const isOver = !(ended instanceof Promise) && !(ended instanceof Ending && ended.state.isLooped());
    return isOver ? ended : this.#loop(progress, (now) => this.#runOnce(index, now), ended);
  }

  /**
   * For what there is to say of the run that is under way, or was the last. What has the same `once` is told once in a
   * flow run, however many task runs find it out.
   */
  loggerFor(index: number, once?: string): Logger {
    const { plan } = this.#loaded;
    const source = sourceOf({ plan, mapIndex: this.#mapIndex(index), taskRunName: this.#begun.get(index)?.name });
    return createLogger(once === undefined ? source : { ...source, once }, this.#facts.write, plan.logLevel);
  }

  /** Logs how a run ended; without a state, it returned a value. */
  tellEnd(index: number, state?: State): void {
    if (!this.#isTold) return;
    const startedAt = this.#begun.get(index)?.startedAt;
    const time = startedAt === undefined ? '' : ` in ${formatDuration(performance.now() - startedAt)}`;
    const verb = state === undefined || state.isFinished() ? 'finished' : 'stopped';
    const message = `${verb}${time}: ${state === undefined ? 'Success' : wordsFor(state)}`;
    const logger = this.loggerFor(index);
    if (this.#loaded.plan.isMapped) logger.debug(message);
    else logger.info(message);
  }

  /** A function that throws LOOP is called again, and each iteration goes through the whole pipeline. */
  async #loop(
    progress: Progress,
    once: (progress: Progress) => unknown,
    first: unknown = once(progress),
  ): Promise<unknown> {
    let ended = await first;
    for (let loopCount = progress.loopCount + 1; ended instanceof Ending && ended.state.isLooped(); loopCount += 1) {
      const { result } = ended.state;
      const next: Progress = { ...progress, runCount: 1, retriesUsed: 0, loopCount, loopResult: result };
      // A loop that polls must give what it waits for a turn, and hear of a cancel.
      await new Promise((resolve) => setImmediate(resolve));
      if (isCancelled(this.#facts.task.control)) return new Ending(cancelled());
      ended = await once(next);
    }
    return ended;
  }

  #runOnce(index: number, progress: Progress): unknown {
    const ended =
      this.#endedEarly(index, progress) ??
      this.#begin(index, progress) ??
      this.#call(index, progress, this.#context(index, progress));
    if (!(ended instanceof Promise)) return ended instanceof Ending ? this.#judge(ended, progress) : ended;
    return ended.then((value) => (value instanceof Ending ? this.#judge(value, progress) : value));
  }

  /** The same, with stored results, and with the task's state handlers asked at every change of the state. */
  async #runStepwise(index: number, progress: Progress, storage: StorageSteps | undefined): Promise<unknown> {
    const early = this.#endedEarly(index, progress);
    if (early !== undefined) {
      // A run whose thread was ended for its timeout had been seen to start there.
      const from = early.state.isTimedOut() ? running : pending;
      const ended = await this.#inRun(index, progress, (run) => this.#handled(from, early, { run, progress }));
      const isApproved = early.state.isPaused() && ended.state.type === 'Resume';
      if (!isApproved) return ended;
    }
    const misnamed = this.#begin(index, progress);
    return await this.#inRun(index, progress, async (run) => {
      const known = misnamed ?? (await storage?.find(progress));
      if (known !== undefined) return await this.#handled(pending, known, { run, progress });
      const begun = new Ending(running);
      const started = await this.#change(pending, begun, { run, progress });
      if (!started.state.isRunning()) return started;

      const returned = await this.#call(index, progress, run);
      const ending = returned instanceof Ending ? returned : new Ending(success(returned), { isRetriable: true });
      const stored = (await storage?.after('keep', ending, progress)) ?? ending;
      const told = (its: RunContext) => this.#handled(started.state, stored, { run: its, progress, storage });
      // The signal of the function stays aborted, and handlers are to tell somebody that its time was up.
      return stored.state.isTimedOut() ? await this.#inRun(index, progress, told) : await told(run);
    });
  }

  /** Handlers belong to the run like its function: it is over when they have ended. */
  async #inRun<T>(index: number, progress: Progress, body: (run: RunContext) => Promise<T>): Promise<T> {
    const run = this.#context(index, progress);
    try {
      return await body(run);
    } finally {
      run.close();
    }
  }

  /** What the handlers make of an ending, of its storing for later, and of its retry, if it gets one. */
  async #handled(from: State, ending: Ending, stepwise: StepwiseRun): Promise<Ending> {
    const { progress, storage } = stepwise;
    const ended = await this.#change(from, ending, stepwise);
    const cached = (await storage?.after('cache', ended, progress)) ?? ended;
    const last = cached === ended ? ended : await this.#change(ended.state, cached, stepwise);
    const judged = this.#judge(last, progress);
    if (!judged.state.isRetrying() || last.state.isRetrying()) return judged;
    return await this.#change(last.state, judged, stepwise);
  }

  async #change(from: State, ending: Ending, { run, progress }: StepwiseRun): Promise<Ending> {
    if (!this.#isWatched) return ending;
    const { task } = this.#loaded;
    const isAgain = (state: State) => this.#judge(ending.withState(state), progress).state.isRetrying();
    const change = () => changeState(task, { from, to: ending.state, isRetried: isAgain }, run);
    return ending.withState(await untimed(this.#timed, change));
  }

  /** The control words of the chunk, when the task has a time limit. */
  get #timed(): Control | undefined {
    return this.#loaded.plan.timeoutMs === null ? undefined : this.#facts.task.control;
  }

  #storageOf(index: number): StorageSteps | undefined {
    const { storage } = this.#loaded;
    if (storage === undefined) return undefined;
    return new StorageSteps({
      makePlace: () => {
        const inputs = inputsOf(this.#loaded, this.#facts.elementwise, this.#facts.positionOf(index));
        return storage({ mapIndex: this.#mapIndex(index), inputs, logger: (once) => this.loggerFor(index, once) });
      },
      contextOf: (progress) => this.#context(index, progress),
      timed: this.#timed,
    });
  }

  #endedEarly(index: number, progress: Progress): Ending | undefined {
    const { plan } = this.#loaded;
    if (!this.#isPlain) {
      const closed = endedByGates(this.#loaded, this.#facts.elementwise, this.#facts.positionOf(index));
      const state = closed ?? endedByUpstream({ loaded: this.#loaded, upstream: this.#upstreamStates(index) });
      if (state !== undefined) return new Ending(state);
    }
    return this.#facts.task.timedOut.includes(index) ? overtime(plan, progress) : undefined;
  }

  /** Whether to try again: then the ending is a `Retrying` state. */
  #judge(ended: Ending, progress: Progress): Ending {
    return retrying(ended, this.#loaded, progress) ?? ended;
  }

  /** Names the run and logs its start. A name that cannot be made ends the run: a retry would not help. */
  #begin(index: number, { runCount, loopCount }: Progress): Ending | undefined {
    const { plan } = this.#loaded;
    const before = this.#begun.get(index)?.startedAt;
    if (plan.taskRunName !== undefined) {
      try {
        const inputs = inputsOf(this.#loaded, this.#facts.elementwise, this.#facts.positionOf(index));
        const name = nameTaskRun(this.#loaded, { inputs, mapIndex: this.#mapIndex(index) });
        this.#begun.set(index, { name, startedAt: before });
      } catch (thrown) {
        return new Ending(failed(thrown));
      }
    }
    if (!this.#isTold || before !== undefined) return undefined;
    this.#begun.set(index, { name: this.#begun.get(index)?.name, startedAt: performance.now() });
    const logger = this.loggerFor(index);
    // The line about the retry says enough for the usual log.
    if (runCount > 1 || loopCount > 1) logger.debug(`started again, run ${runCount}`);
    else if (plan.isMapped) logger.debug('started');
    else logger.info('started');
    return undefined;
  }

  #context(index: number, progress: Progress): RunContext {
    return new RunContext({
      plan: this.#loaded.plan,
      progress,
      mapIndex: this.#mapIndex(index),
      taskRunName: this.#begun.get(index)?.name,
      control: this.#facts.task.control,
      write: this.#facts.write,
    });
  }

  #call(index: number, progress: Progress, run: RunContext): unknown {
    const { plan, resources } = this.#loaded;
    if (resources === undefined && plan.everyMs === undefined) return this.#callFunction(index, progress, run);
    if (resources !== undefined && firstClosed(resources) !== undefined) {
      this.#opening ??= this.#openAll(resources).finally(() => (this.#opening = undefined));
      return this.#opening.then((failure) => failure ?? this.#call(index, progress, run));
    }
    const judged = (value: unknown) => {
      const refused = resources && refuseOpen(value, resources, plan.name);
      return refused ?? (plan.everyMs === undefined ? value : answerOf(value, plan, progress));
    };
    const returned = this.#callFunction(index, progress, run);
    return returned instanceof Promise ? returned.then(judged) : judged(returned);
  }

  /** Opens the resources that are not open on this thread. Returns the ending of the run when that fails. */
  async #openAll(resources: readonly UsedResource[]): Promise<Ending | undefined> {
    const { plan } = this.#loaded;
    const { control } = this.#facts.task;
    try {
      for (let next = firstClosed(resources); next !== undefined; next = firstClosed(resources)) {
        this.#facts.opening(next);
        await openResource(next, { plan, control, write: this.#facts.write });
        // After a cancel the resource was told to be closed: it must not be opened again.
        if (isCancelled(control)) return new Ending(cancelled());
      }
      return undefined;
    } catch (thrown) {
      return endingOf(thrown, plan);
    } finally {
      // The time that it took does not count for the run.
      Atomics.store(control, controlWords.opening, 0);
      Atomics.add(control, controlWords.starts, 1);
    }
  }

  #callFunction(index: number, progress: Progress, run: RunContext): unknown {
    const { plan, task } = this.#loaded;
    const limit = limitOf(plan, progress);
    try {
      const args = argumentsOf(this.#loaded, this.#facts.elementwise, this.#facts.positionOf(index));
      const result = withContext(run, () => task.run(...args));
      if (isThenable(result)) return this.#settle(result, run, limit);
      refuseProxy(result, { role: 'result', task: plan.name });
      if (run.signalMade !== undefined) missSignal(result, run);
      this.#close(run);
      return lateFor(limit) ?? result;
    } catch (thrown) {
      this.#missMap(thrown, run);
      this.#close(run);
      return lateFor(limit) ?? endingOf(thrown, plan);
    }
  }

  async #settle(result: PromiseLike<unknown>, run: RunContext, limit: CallLimit | undefined): Promise<unknown> {
    const { plan } = this.#loaded;
    try {
      const value = limit === undefined ? await result : await within(limit, result, run);
      if (run.signalMade !== undefined) missSignal(value, run);
      refuseProxy(value, { role: 'result', task: plan.name });
      return lateFor(limit) ?? value;
    } catch (thrown) {
      this.#missMap(thrown, run);
      return lateFor(limit) ?? endingOf(thrown, plan);
    } finally {
      this.#close(run);
    }
  }

  /** A function that is made for an element and gets a list mostly throws a TypeError: a `.map` may be missing. */
  #missMap(thrown: unknown, { logger }: RunContext): void {
    const { plan } = this.#loaded;
    // Ours are thrown before it is called, since its arguments could not be put together.
    if (plan.isMapped || !(thrown instanceof TypeError) || thrown instanceof UsageError) return;
    const list = argumentsOf(this.#loaded, this.#facts.elementwise, 0).find((each) => Array.isArray(each));
    if (list === undefined) return;
    const what = `the function got a list of ${list.length}, and threw a TypeError`;
    logger.warn(`${what}. If it takes one element of that, map the task: ${plan.name}.map(…)`);
  }

  /** The function has ended. If there are more steps, the run is over only after those. */
  #close(run: RunContext): void {
    if (!this.#isStepwise) run.close();
  }

  #mapIndex(index: number): number | undefined {
    return this.#loaded.plan.isMapped ? index : undefined;
  }

  #upstreamStates(index: number): State[] {
    const position = this.#facts.positionOf(index);
    const { literals, gates, repeats } = this.#loaded.plan;
    const own = this.#facts.elementwise.flatMap((outcomes, input) => {
      if (gates?.includes(input) || repeats?.includes(input)) return [];
      const state = stateAt(outcomes, position);
      // An element of the user's list that could not be sent is shown all the same.
      return literals.includes(input) && state.isSuccessful() ? [] : [state];
    });
    this.#sharedStates ??= this.#loaded.whole.flatMap(({ outcomes }) =>
      outcomes.values.map((_, wholePosition) => stateAt(outcomes, wholePosition)),
    );
    return [...own, ...this.#sharedStates];
  }
}

/** A run with more steps than the call of its function: its context for the handlers, and its progress. */
interface StepwiseRun {
  readonly run: RunContext;
  readonly progress: Progress;
  readonly storage?: StorageSteps | undefined;
}

const running = new State('Running', 'Starting task run.');

/** How the log says that a run ended. A failure has a line of its own with its stack, also one of an upstream run. */
function wordsFor(state: State): string {
  const isTold = state.isFailed() && state.type !== 'TriggerFailed';
  return isTold || state.message === success(undefined).message ? state.type : state.toString();
}

function cancelled(): State {
  return new State('Cancelled', 'The flow run was cancelled.');
}

/**
 * A signal was made, and the function returned all the same. To return it can only mean to throw it; else a `catch` has
 * swallowed it, or nobody threw it.
 */
function missSignal(returned: unknown, { logger, signalMade }: RunContext): void {
  if (returned instanceof Signal) throw returned;
  const signal = signalMade!;
  logger.warn(
    `signals.${signal.name}('${signal.message}') was made but never left the task, so it changed nothing: throw ` +
      `it, and have a catch around that throw it on: if (error instanceof signals.Signal) throw error`,
  );
}
