// Has a cluster follow its work: every now and then it looks at what is queued, and scales to what that needs.

import { formatDuration, toPositiveMilliseconds, type Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { checkOptions, rules } from '../lib/options.ts';
import { plural } from '../lib/plural.ts';
import { messageIn } from '../lib/thrown-text.ts';
import { timerMs } from '../lib/timer.ts';
import type { Load } from '../scheduler/load.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Workforce } from './workforce.ts';

export interface AdaptOptions {
  /** The least workers to have; 0 by default: then the first run waits for the first one. */
  readonly minimum?: number;
  /** The most workers to have; by default as many as the cluster would start with. */
  readonly maximum?: number;
  /** How long what is queued should take: shorter means more workers. `'5s'` by default. */
  readonly target?: Duration;
  /** How often to look; `'1s'` by default. */
  readonly interval?: Duration;
}

export interface Staff {
  readonly owner: string;
  readonly workers: number;
  readonly threads: number;
}

/** So often in a row there must be too many workers before some are let go: starting one costs more than keeping it. */
const patience = 3;
const firstRetryMs = 2_000;
const lastRetryMs = 30_000;

export class Adapter {
  readonly #minimum: number;
  readonly #maximum: number;
  readonly #targetMs: number;
  readonly #intervalMs: number;
  readonly #threads: number;
  /** What was found enough by the latest looks, each less than what there was. */
  readonly #lower: number[] = [];
  /** Before then it starts no more: the latest that it started failed. */
  #growsAt = 0;
  #retryMs = firstRetryMs;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AdaptOptions, { owner, workers, threads }: Staff) {
    const known = {
      minimum: { ...rules.crew, elsewhere: ['min', 'minWorkers', 'minThreads'] },
      maximum: { ...rules.positiveCrew, elsewhere: ['max', 'maxWorkers', 'maxThreads'] },
      target: rules.anything,
      interval: rules.anything,
    };
    checkOptions('adapt', options, known);
    const { minimum = 0, maximum = Math.max(workers, minimum), target = '5s', interval = '1s' } = options;
    if (minimum > maximum) {
      const message = `${owner} cannot adapt between ${minimum} and ${maximum} workers: the minimum is the greater one`;
      throw new UsageError('INVALID_OPTION', message, { minimum, maximum });
    }
    this.#minimum = minimum;
    this.#maximum = maximum;
    this.#threads = threads;
    // No time at all would mean no end of workers, and no end of looking.
    this.#targetMs = toPositiveMilliseconds(target, { owner: 'adapt', option: 'target' });
    this.#intervalMs = toPositiveMilliseconds(interval, { owner: 'adapt', option: 'interval' });
  }

  clamp(workers: number): number {
    return Math.min(this.#maximum, Math.max(this.#minimum, workers));
  }

  start(scheduler: Scheduler, workforce: Workforce): void {
    this.stop();
    const look = async () => {
      const { load } = scheduler.lookout;
      const before = workforce.wanted;
      const wanted = this.wanted(load, before);
      if (wanted === before || (wanted > before && performance.now() < this.#growsAt)) return;
      const workers = plural(wanted, 'worker');
      scheduler.announce('info', `adapting to ${workers}, from ${before}: ${describeLoad(load)}`);
      try {
        await workforce.scale(wanted);
        this.#retryMs = firstRetryMs;
      } catch (error) {
        const retry = `it is tried again in ${formatDuration(this.#retryMs)}, if it is wanted then`;
        const count = `so there are ${workforce.wanted} of the ${wanted} that are wanted`;
        scheduler.announce('warn', `a worker could not be started, ${count}; ${retry}: ${messageIn(error)}`);
        this.#growsAt = performance.now() + this.#retryMs;
        this.#retryMs = Math.min(lastRetryMs, 2 * this.#retryMs);
      }
    };
    this.#timer = setInterval(() => void look(), timerMs(this.#intervalMs));
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** How many workers there should be, when there are `present`; to be asked at every look. */
  wanted(load: Load, present: number): number {
    const enough = this.clamp(Math.ceil(threadsFor(load, this.#targetMs) / this.#threads));
    if (enough >= present) {
      this.#lower.length = 0;
      return enough;
    }
    this.#lower.push(enough);
    if (this.#lower.length < patience) return present;
    const most = Math.max(...this.#lower);
    this.#lower.length = 0;
    return most;
  }
}

/**
 * Never fewer than have something to run, nor more than could. What nothing is known of gets one more, to see how long
 * it takes: those that are busy may be so for long.
 */
function threadsFor({ busy, arrays }: Load, targetMs: number): number {
  let [known, unknown] = [0, 0];
  for (const { queuedMs, mostThreads } of arrays) {
    if (queuedMs === undefined) unknown += Math.min(1, mostThreads);
    else known += Math.min(queuedMs / targetMs, busy + mostThreads);
  }
  const most = arrays.reduce((sum, { mostThreads }) => sum + mostThreads, busy);
  return Math.min(most, Math.max(busy, Math.ceil(known)) + unknown);
}

function describeLoad({ busy, arrays }: Load): string {
  const queued = arrays.reduce((sum, array) => sum + array.queued, 0);
  const queuedMs = arrays.reduce((sum, array) => sum + (array.queuedMs ?? 0), 0);
  const unknown = arrays.filter((array) => array.queuedMs === undefined).length;
  if (queued === 0) return busy === 0 ? 'there is nothing to do' : 'nothing is queued';
  const runs = plural(queued, 'task run is queued', 'task runs are queued');
  if (unknown === arrays.length) return `${runs}, of which nothing is known yet`;
  const rest = unknown === 0 ? '' : ', besides those of which nothing is known yet';
  return `${runs}, for ${formatDuration(queuedMs)} of one thread${rest}`;
}
