import type { LogRecord } from '../lib/log-record.ts';

/** One line of a run's log: time, level, flow run, task with map index and name, worker, logger, message. */
export function formatRecord({
  time,
  level,
  message,
  task,
  mapIndex,
  taskRun,
  logger,
  worker,
  flowRun,
  flow,
}: LogRecord): string {
  const index = mapIndex === undefined ? '' : `[${mapIndex}]`;
  const name = taskRun === undefined ? '' : ` '${taskRun}'`;
  const where = task === undefined ? '' : ` ${task}${index}${name}`;
  const who = worker === undefined ? '' : ` @${worker}`;
  const whose = logger === undefined ? '' : ` (${logger})`;
  const names = new Set([flow ?? 'heddle', flowRun ?? flow ?? 'heddle']);
  const head = `${new Date(time).toISOString()} ${level.toUpperCase().padEnd(5)} ${[...names].join('/')}`;
  return `${head}${where}${who}${whose} | ${message}`;
}
