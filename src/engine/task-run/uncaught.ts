// What a task left behind and did not await can fail outside of every `try`. This ends the process or thread, as in any
// Node program; before that, the log says which task it was.

import { isMainThread } from 'node:worker_threads';
import type { LogRecord } from '../../lib/log-record.ts';
import { processWide } from '../../lib/process-wide.ts';
import { currentRun, type Run } from '../context.ts';
import { formatRecord } from '../logger.ts';
import { withoutSecrets } from '../secrets.ts';
import { failed, stackOf } from '../failures.ts';

/** To be called once in every thread that runs tasks. */
export function listenForUncaught(): void {
  // It only watches: others decide whether the process goes on.
  processWide('uncaught', () => process.on('uncaughtExceptionMonitor', tell));
}

/**
 * For a thread that is not the flow's: `say` is given an error that ends the thread and belongs to no known task run.
 * The error itself is shown elsewhere as well, where the secrets of this thread are unknown, so they are masked in it.
 */
export function hearStray(say: (record: LogRecord) => void): void {
  process.on('uncaughtExceptionMonitor', (thrown) => {
    if (process.listenerCount('uncaughtException') > 0) return;
    const message = withoutSecrets(stackOf(failed(thrown)));
    if (currentRun() === undefined) say({ time: Date.now(), level: 'error', message });
    hideSecretsIn(thrown);
    refuseToShow(thrown);
  });
}

/** Of what cannot be changed, like a text: a thread dies of what is thrown here, in place of that. */
function refuseToShow(thrown: unknown): void {
  const { message, error } = failed(thrown);
  const stack = error?.stack ?? message;
  if (withoutSecrets(message) === message && withoutSecrets(stack) === stack) return;
  throw Object.assign(new Error(withoutSecrets(message)), { stack: withoutSecrets(stack) });
}

function hideSecretsIn(thrown: unknown): void {
  try {
    if (!(thrown instanceof Error)) return;
    const { message, stack } = thrown;
    thrown.message = withoutSecrets(message);
    if (stack !== undefined) thrown.stack = withoutSecrets(stack);
  } catch {
    // It lets nobody look, or is frozen.
  }
}

function tell(thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  const run = currentRun();
  if (run === undefined) return;
  const left =
    origin === 'unhandledRejection'
      ? 'it left a promise behind that nobody awaited, and that failed. Await it or return it (for many: ' +
        'await Promise.all(…), rather than forEach)'
      : 'it left something behind (a timer, a listener) that threw where nobody can catch it. Catch it there';
  const message = `${left}: ${stackOf(failed(thrown))}`;
  const isEnd = isMainThread && process.listenerCount('uncaughtException') === 0;
  if (isEnd) process.stderr.write(`${lastWords(run, message)}\n`);
  else run.logger.error(message);
}

/** Written at once, since the process is about to end: what needs another turn of the event loop would be lost. */
function lastWords({ flowName, flowRunName, taskName, mapIndex }: Run, message: string): string {
  const task = { ...(taskName !== undefined && { task: taskName }), ...(mapIndex !== undefined && { mapIndex }) };
  const flow = { ...(flowName !== undefined && { flow: flowName }), ...(flowRunName && { flowRun: flowRunName }) };
  return formatRecord({ time: Date.now(), level: 'error', message: withoutSecrets(message), ...flow, ...task });
}
