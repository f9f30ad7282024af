import { timerMs } from './timer.ts';

/**
 * What a promise gives within so many milliseconds, or nothing. Rejects as it does. Unless it is to keep the process,
 * that may end meanwhile.
 */
export async function inTime<Value>(
  limitMs: number,
  promise: Promise<Value>,
  { keepsProcess = true } = {},
): Promise<{ readonly value: Value } | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timerMs(limitMs));
  if (!keepsProcess) timer.unref();
  try {
    return await Promise.race([promise.then((value) => ({ value })), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
