// Logs that the process ends before its flow run does, as when a task on this thread calls `process.exit()`: it would
// end without a word.

import { currentRun } from '../context.ts';
import type { Logger } from '../logger.ts';

/** What to call for each flow run that goes on; one listener serves them all. */
const tells = new Set<(status: number) => void>();
const tellAll = (status: number) => tells.forEach((tell) => tell(status));

/** Logs it if the process ends, and in which task, until it is disposed. */
export function tellOfEarlyExit(flowRunId: string, logger: Logger): Disposable {
  const tell = (status: number) => {
    const run = currentRun();
    const isOurs = run?.taskName !== undefined && run.flowRunId === flowRunId;
    if (!isOurs) return logger.error(`the process ends with status ${status} before the flow run does`);
    // A run that its own task cut short has not succeeded, whatever the task said.
    process.exitCode = status || 1;
    const which = run.mapIndex === undefined ? `'${run.taskName}'` : `'${run.taskName}' [map index ${run.mapIndex}]`;
    const remedy = 'If it called process.exit(): a task ends by returning or throwing.';
    const how = `the process ends with status ${process.exitCode} in task ${which}, and the flow run with it`;
    logger.error(`${how}. ${remedy}`);
  };
  if (tells.size === 0) process.on('exit', tellAll);
  tells.add(tell);
  return {
    [Symbol.dispose]: () => {
      tells.delete(tell);
      if (tells.size === 0) process.off('exit', tellAll);
    },
  };
}
