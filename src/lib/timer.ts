/** `setTimeout` takes anything longer for 1 ms. Whoever waits for more looks again when it fires, or need not care. */
const longestTimerMs = 2 ** 31 - 1;

export function timerMs(milliseconds: number): number {
  return Math.min(milliseconds, longestTimerMs);
}
