import type { LogRecord } from '../lib/log-record.ts';

/** One line of a run's log: time, level, flow run, task and map index, worker, logger, message. */
export function formatRecord({
  time,
  level,
  message,
  task,
  mapIndex,
  logger,
  worker,
  flowRun,
  flow,
}: LogRecord): string {
  const index = mapIndex === undefined ? '' : `[${mapIndex}]`;
  const where = task === undefined ? '' : ` ${task}${index}`;
  const who = worker === undefined ? '' : ` @${worker}`;
  const whose = logger === undefined ? '' : ` (${logger})`;
  const names = new Set([flow ?? 'heddle', flowRun ?? flow ?? 'heddle']);
  const head = `${new Date(time).toISOString()} ${level.toUpperCase().padEnd(5)} ${[...names].join('/')}`;
  return `${head}${where}${who}${whose} | ${message}`;
}
