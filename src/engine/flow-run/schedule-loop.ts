// Runs a flow at the times of its schedule, one run after the other, for as long as this process lives. It stores
// nothing: runs that were due while the process was not running are not made up for.

import { setTimeout } from 'node:timers/promises';
import { config } from '../../config/config.ts';
import { formatDuration } from '../../lib/duration.ts';
import { UsageError } from '../../lib/heddle-error.ts';
import { describe } from '../../lib/options.ts';
import { whyAborted } from '../../lib/why-aborted.ts';
import type { ScheduledEvent } from '../../schedules/clock.ts';
import type { Schedule } from '../../schedules/schedule.ts';
import { flowRunIdRule, type FlowRunRequest, type ScheduledRun, type Served } from './flow-options.ts';
import { carryOut } from './flow-run.ts';
import type { Flow } from './flow.ts';
import { errorOf, failed, stackOf } from '../failures.ts';
import { listenForInterrupts } from '../interrupt.ts';
import { createLogger, type Logger } from '../logger.ts';
import { resolveParameters } from './parameters.ts';
import { Terminal } from './terminal.ts';

type DueRun = Pick<ScheduledRun, 'scheduledStartTime' | 'parameters'>;

/** What a loop needs to know besides the flow. */
export interface ServeRequest<Plan> {
  readonly schedule: Schedule;
  /** What all runs have in common; its signal ends the loop. */
  readonly run: FlowRunRequest;
  readonly maxRuns: number | undefined;
  /** Gives each run its id, when its author has ids of their own. */
  readonly idOf: ((run: DueRun) => string) | undefined;
  readonly onRun: ((run: ScheduledRun<Plan>) => unknown) | undefined;
}

/** What time it is, and how to wait for a later one. */
export interface WallClock {
  readonly now: () => number;
  /** Resolves after so many milliseconds; rejects once `signal` is aborted. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * How often to look at the clock again. A timer does not count the time that the machine sleeps or that its clock is
 * set forward by, and takes more than 24.8 days for 1 ms.
 */
const lookAgainMs = 60_000;
/** Up to how many missed events are counted. */
const countedEvents = 1_000;

/** A schedule whose filters pass nothing for so long is taken for one that has no more events. */
const longestQuietMs = 10 * 365 * 86_400_000;
/** How often it is asked to look further ahead, which takes some milliseconds each time. */
const mostLooks = 50;

const systemClock: WallClock = {
  now: Date.now,
  wait: async (milliseconds, signal) => await setTimeout(milliseconds, undefined, { signal }),
};

/**
 * Runs `flow` at each event of the schedule, until there are no more of them. Throws `SCHEDULE_EXHAUSTED` when there
 * was none at all, what `resolveParameters` says against the parameters of the first run before waiting for it, and
 * what `onRun` throws. Whatever a run ends in, or throws, is logged and counted.
 */
export async function followSchedule<Plan>(
  flow: Flow<Plan>,
  request: ServeRequest<Plan>,
  clock: WallClock = systemClock,
): Promise<Served> {
  const stop = new AbortController();
  // A run that is under way listens for Ctrl-C itself, and is told first, so that its state says so.
  const { signal = stop.signal, handleSignals = true } = request.run;
  const interrupt = (why: string) => queueMicrotask(() => stop.abort(`the process got ${why}`));
  using _ = handleSignals ? listenForInterrupts(interrupt) : undefined;
  using terminal = new Terminal();
  const write = request.run.onLog ?? terminal.write;
  return await new ScheduleLoop(flow, request, {
    clock,
    signal: AbortSignal.any([signal, stop.signal]),
    logger: createLogger({ flow: flow.name }, write, config().logging.level),
  }).follow();
}

interface Means {
  readonly clock: WallClock;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

class ScheduleLoop<Plan> {
  readonly #flow: Flow<Plan>;
  readonly #request: ServeRequest<Plan>;
  readonly #clock: WallClock;
  readonly #signal: AbortSignal;
  readonly #logger: Logger;
  #runs = 0;
  #failures = 0;

  constructor(flow: Flow<Plan>, request: ServeRequest<Plan>, { clock, signal, logger }: Means) {
    this.#flow = flow;
    this.#request = request;
    this.#clock = clock;
    this.#signal = signal;
    this.#logger = logger;
  }

  async follow(): Promise<Served> {
    let after = this.#clock.now();
    await this.#checkFirst(after);
    while (!this.#signal.aborted) {
      const { due, time, isQuiet } = nextOf(this.#request.schedule, after);
      if (time === undefined) return this.#end('exhausted', 'the schedule has no more of them');
      this.#tellNext(time, isQuiet);
      await this.#waitUntil(time);
      for (const event of due) {
        if (this.#signal.aborted) break;
        await this.#run(event);
        if (this.#runs === this.#request.maxRuns) return this.#end('max-runs', 'no more were asked for');
      }
      if (!this.#signal.aborted) after = this.#pass(time);
    }
    const { reason } = this.#signal as { reason: unknown };
    return this.#end('cancelled', typeof reason === 'string' ? reason : whyAborted(this.#signal));
  }

  /** Checks the first run now: it may be due only in a month. */
  async #checkFirst(after: number): Promise<void> {
    const {
      due: [first],
      time,
    } = nextOf(this.#request.schedule, after);
    if (time === undefined) throw exhausted(this.#flow.name, after);
    if (first === undefined) return;
    try {
      await resolveParameters(this.#flow, this.#parametersOf(first));
    } catch (error) {
      // A default that cannot be made now may be made when the run is due.
      if (error instanceof UsageError) throw error;
    }
  }

  #tellNext(time: number, isQuiet: boolean): void {
    const left = time - this.#clock.now();
    if (isQuiet)
      this.#logger.warn(
        `no time before ${isoTime(time)} passes the filters of the schedule; it looks for the next run again then`,
      );
    else if (left > 0) this.#logger.info(`next run at ${isoTime(time)}, in ${formatDuration(left)}`);
  }

  async #waitUntil(time: number): Promise<void> {
    let left = time - this.#clock.now();
    while (left > 0 && !this.#signal.aborted) {
      try {
        await this.#clock.wait(Math.min(left, lookAgainMs), this.#signal);
      } catch (error) {
        if (!this.#signal.aborted) throw error;
      }
      const before = left;
      left = time - this.#clock.now();
      if (left > before) this.#tellSetBack(time, left);
    }
  }

  #tellSetBack(time: number, left: number): void {
    this.#logger.warn(
      `the clock of this machine was set back: so that no run happens twice, the next one is still at ` +
        `${isoTime(time)}, now in ${formatDuration(left)}; to have those before it, start this program again`,
    );
  }

  async #run(event: ScheduledEvent): Promise<void> {
    this.#runs += 1;
    const run = await this.#carryOut({ scheduledStartTime: event.startTime, parameters: this.#parametersOf(event) });
    if (run.state === undefined || run.state.isFailed()) this.#failures += 1;
    await this.#request.onRun?.(run);
  }

  async #carryOut(facts: DueRun): Promise<ScheduledRun<Plan>> {
    // A signal of its own: listeners of all runs would pile up on the signal of the loop.
    const controller = new AbortController();
    const abort = () => controller.abort(this.#signal.reason);
    this.#signal.addEventListener('abort', abort, { once: true });
    const request = { ...this.#request.run, ...facts, signal: controller.signal };
    try {
      return { ...facts, state: await carryOut(this.#flow, { ...request, ...this.#idOf(facts) }) };
    } catch (thrown) {
      const why = stackOf(failed(thrown));
      this.#logger.error(`the run of ${isoTime(facts.scheduledStartTime.getTime())} could not be carried out: ${why}`);
      return { ...facts, error: errorOf(thrown) };
    } finally {
      this.#signal.removeEventListener('abort', abort);
    }
  }

  #idOf(facts: DueRun): Pick<FlowRunRequest, 'flowRunId'> {
    const { idOf } = this.#request;
    if (idOf === undefined) return {};
    const flowRunId: unknown = idOf(facts);
    const { holds, expected } = flowRunIdRule;
    if (holds(flowRunId)) return { flowRunId: flowRunId as string };
    const owner = `${this.#flow.name}.serve()`;
    const message = `option 'flowRunId' of ${owner} should give ${expected}; it gave ${describe(flowRunId)}`;
    throw new UsageError('INVALID_OPTION', message, { owner, option: 'flowRunId' });
  }

  /** The time after which to look for the next event. Events that were due during a run are skipped, except one now. */
  #pass(time: number): number {
    const { schedule } = this.#request;
    const now = this.#clock.now();
    const isMissed = ({ startTime }: ScheduledEvent) => startTime.getTime() < now;
    const after = new Date(time);
    if (!schedule.next(1, { after }).some(isMissed)) return time;
    const missed = schedule.next(countedEvents, { after }).filter(isMissed);
    const count = missed.length < countedEvents ? String(missed.length) : `${countedEvents} or more`;
    const runs = `${count} scheduled run${missed.length === 1 ? '' : 's'}`;
    const first = isoTime(missed[0]!.startTime.getTime());
    this.#logger.warn(
      `missed ${runs}, from ${first} on, because the one before was not over or the machine slept; they are not made ` +
        `up for`,
    );
    return now - 1;
  }

  #parametersOf({ parameters }: ScheduledEvent): Readonly<Record<string, unknown>> {
    return { ...this.#request.run.parameters, ...parameters };
  }

  #end(end: Served['end'], why: string): Served {
    const [runs, failures] = [this.#runs, this.#failures];
    const failed = failures === 0 ? '' : `, ${failures} of which failed`;
    this.#logger.info(`scheduled runs end after ${runs}${failed}: ${why}`);
    return { end, runs, failures };
  }
}

interface NextRuns {
  /** All events of the next time: there are several when clocks with different parameters agree on it. */
  readonly due: readonly ScheduledEvent[];
  /** Absent if there are no more. */
  readonly time?: number;
  /** Whether there are none until that time, and nobody has looked further. */
  readonly isQuiet: boolean;
}

function nextOf(schedule: Schedule, after: number): NextRuns {
  let from = after;
  for (let look = 1; ; look += 1) {
    const due = eventsAfter(schedule, from);
    if (due.length > 0) return { due, time: due[0]!.startTime.getTime(), isQuiet: false };
    const until = schedule.quietUntil(new Date(from))?.getTime();
    if (until === undefined || until - after > longestQuietMs) return { due, isQuiet: true };
    // To be there in time for what may come then.
    if (look === mostLooks) return { due, time: until - lookAgainMs, isQuiet: true };
    from = until - 1;
  }
}

function eventsAfter(schedule: Schedule, after: number): ScheduledEvent[] {
  for (let count = 2; ; count *= 2) {
    const events = schedule.next(count, { after: new Date(after) });
    const time = events[0]?.startTime.getTime();
    const due = events.filter(({ startTime }) => startTime.getTime() === time);
    if (due.length < count) return due;
  }
}

function exhausted(flow: string, after: number): UsageError {
  const message =
    `flow '${flow}' has no more scheduled runs: its schedule has no time after ${isoTime(after)}. Give its clocks a ` +
    `later end, or none, and look at its filters.`;
  return new UsageError('SCHEDULE_EXHAUSTED', message, { flow });
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
