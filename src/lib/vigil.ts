import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers';

/** For so long a wait keeps its thread awake, in milliseconds. */
const longestMs = 0.3;
/** It does so when the wait before was no longer than this. */
const soonMs = 0.5;
/** After so many in a row that were in vain, waits pass without it: so many at first, and each time twice as many. */
const mostMisses = 4;
const fewestRests = 8;
const mostRests = 128;

/** Taken before a task can stop the clock of its thread: a vigil would never end then. */
const clock = performance.now.bind(performance);

interface VigilOptions {
  /** How many cores there are to stay awake on: on one alone, whatever is waited for would have to wait. */
  readonly cores?: number;
  /** The time, in milliseconds. */
  readonly now?: () => number;
}

/**
 * Keeps the event loop of this thread turning while something is waited for that may come within microseconds: a core
 * that has fallen asleep takes 50 to 90 µs to wake, more than many a task takes. It does so only where waits have been
 * short, and seldom where it is in vain, as on a machine with more to do than it has cores. What else comes to this
 * thread meanwhile is dealt with as ever. The idea is that of Linux’s `haltpoll` governor.
 */
export class Vigil {
  readonly #cores: number;
  readonly #now: () => number;
  /** When the wait began; nothing while there is none. */
  #since: number | undefined;
  #lastMs = Infinity;
  #isAwake = false;
  /** How many in a row were in vain. */
  #misses = 0;
  /** How many waits are to pass without it; and how many the next time. */
  #rests = 0;
  #nextRests = fewestRests;

  constructor({ cores = availableParallelism(), now = clock }: VigilOptions = {}) {
    this.#cores = cores;
    this.#now = now;
  }

  /** From here on something is waited for. */
  begin(): void {
    this.#since = this.#now();
    this.#isAwake = this.#cores > 1 && this.#lastMs <= soonMs && this.#rests === 0;
    if (this.#rests > 0) this.#rests -= 1;
    if (this.#isAwake) this.#turn(this.#since);
  }

  /** It has come; or nobody waits for it any more. */
  end(): void {
    if (this.#since === undefined) return;
    this.#lastMs = this.#now() - this.#since;
    this.#since = undefined;
    if (!this.#isAwake) return;
    if (this.#lastMs <= longestMs) {
      this.#misses = 0;
      this.#nextRests = fewestRests;
    } else if (++this.#misses === mostMisses) {
      this.#misses = 0;
      this.#rests = this.#nextRests;
      this.#nextRests = Math.min(2 * this.#nextRests, mostRests);
    }
  }

  #turn(since: number): void {
    setImmediate(() => {
      if (this.#since === since && this.#now() - since < longestMs) this.#turn(since);
    });
  }
}
