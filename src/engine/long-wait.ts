import { formatDuration } from '../lib/duration.ts';
import { timerMs } from '../lib/timer.ts';

/** When it is told first that something is still waited for; from then on after so many times as long each. */
const firstMs = 10_000;
const growth = 6;

/** Tells now and then how long it has been, `10.0 s` at first, and more and more rarely, until it is disposed. */
export function tellOfLongWait(tell: (elapsed: string) => void): Disposable {
  let elapsedMs = 0;
  let timer: NodeJS.Timeout;
  const tellIn = (delayMs: number): void => {
    timer = setTimeout(() => {
      elapsedMs += delayMs;
      tell(formatDuration(elapsedMs));
      tellIn(timerMs(growth * delayMs));
    }, delayMs).unref();
  };
  tellIn(firstMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
