import { timerMs } from './timer.ts';

/** What a promise gives within so many milliseconds, or nothing. Rejects as it does. */
export async function inTime<Value>(
  limitMs: number,
  promise: Promise<Value>,
): Promise<{ readonly value: Value } | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timerMs(limitMs));
  try {
    return await Promise.race([promise.then((value) => ({ value })), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
