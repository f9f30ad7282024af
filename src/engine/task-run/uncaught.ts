// What a task left behind and nobody awaits fails outside of every `try`. The process or thread ends of it, as in any
// Node program; before that, the log says whose it was.

import { isMainThread } from 'node:worker_threads';
import type { LogRecord } from '../../lib/log-record.ts';
import { processWide } from '../../lib/process-wide.ts';
import { currentRun, type Run } from '../context.ts';
import { failed, stackOf } from '../endings.ts';
import { formatRecord } from '../run-log.ts';
import { withoutSecrets } from '../secrets.ts';

/** To be called once in every thread that runs tasks. */
export function listenForUncaught(): void {
  // It only looks on: whether the process goes on is for others to say.
  processWide('uncaught', () => process.on('uncaughtExceptionMonitor', tell));
}

/**
 * For a thread that is not the flow's: `say` hears what ends it and was left behind by no task run that is known. The
 * error is told elsewhere too, where nobody knows what was secret here, so from then on it shows no secret itself.
 */
export function hearStray(say: (record: LogRecord) => void): void {
  process.on('uncaughtExceptionMonitor', (thrown) => {
    if (process.listenerCount('uncaughtException') > 0) return;
    const message = withoutSecrets(stackOf(failed(thrown)));
    if (currentRun() === undefined) say({ time: Date.now(), level: 'error', message });
    hideSecretsIn(thrown);
  });
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

/** Of a process that is about to end; what takes turns of the event loop on its way into the log would not arrive. */
function lastWords({ flowName, flowRunName, taskName, mapIndex }: Run, message: string): string {
  const task = { ...(taskName !== undefined && { task: taskName }), ...(mapIndex !== undefined && { mapIndex }) };
  const flow = { ...(flowName !== undefined && { flow: flowName }), ...(flowRunName && { flowRun: flowRunName }) };
  return formatRecord({ time: Date.now(), level: 'error', message: withoutSecrets(message), ...flow, ...task });
}
