import { setImmediate } from 'node:timers';

/** So long may a turn of the event loop be, in milliseconds, before what is to be sent waits for the next one. */
const longTurnMs = 1;
/** Of this thread's event loop, whoever asks. */
let turnBeganAt: number | undefined;
/** Taken once: with a clock that a test of the user's has stopped, no turn would ever be long. */
const clock = performance.now.bind(performance);

/**
 * Calls back before the event loop goes on, and not within this call: another turn would take longer than what most
 * messages ask for. In the next turn, if this one has become long: two busy ends would starve all IO, and where there
 * is much to do, batches shall be large. Time that the thread slept may count: then a turn is little beside it.
 */
export function soon(callback: () => void): void {
  const now = clock();
  if (turnBeganAt === undefined) {
    turnBeganAt = now;
    // It may come whenever the loop turns, and shall not make it turn.
    setImmediate(() => (turnBeganAt = undefined)).unref();
  }
  if (now - turnBeganAt < longTurnMs) process.nextTick(callback);
  else setImmediate(callback);
}
