import { HeddleError } from './heddle-error.ts';
import type { LogRecord } from './log-record.ts';
import { isThenable } from './thenable.ts';
import { messageIn } from './thrown-text.ts';

/**
 * Calls a log listener of the user's so that what it throws cannot break the step in which a line was logged: `failed`
 * is given it as `LOG_LISTENER_FAILED`, each time. `whose` it is begins the message.
 */
export function guardedListener(
  listener: (record: LogRecord) => void,
  { whose, failed }: { readonly whose: string; readonly failed: (error: HeddleError) => void },
): (record: LogRecord) => void {
  return (record) => {
    const fail = (cause: unknown) => {
      failed(new HeddleError('LOG_LISTENER_FAILED', `${whose} threw: ${messageIn(cause)}`, { cause }));
    };
    try {
      const given: unknown = listener(record);
      if (isThenable(given)) given.then(undefined, fail);
    } catch (cause) {
      fail(cause);
    }
  };
}
