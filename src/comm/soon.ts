/** So long may a turn of the event loop be, in milliseconds, before what is to be sent waits for the next one. */
const longTurnMs = 1;
let turnBeganAt: number | undefined;

/**
 * Calls back in this turn of the event loop, once all that is ready to run in it has run: another turn takes as long as
 * dozens of small messages. In the next turn, if this one has become long: two busy ends would starve all IO, and where
 * there is much to do, batches shall be large.
 */
export function soon(callback: () => void): void {
  const now = performance.now();
  if (turnBeganAt === undefined) {
    turnBeganAt = now;
    // It may come whenever the loop turns, and shall not make it turn.
    setImmediate(() => (turnBeganAt = undefined)).unref();
  }
  if (now - turnBeganAt < longTurnMs) process.nextTick(callback);
  else setImmediate(callback);
}
