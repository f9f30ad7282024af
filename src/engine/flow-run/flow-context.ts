import { config } from '../../config/config.ts';
import type { Run } from '../context.ts';
import type { FlowRunFacts } from './executor.ts';
import type { FlowRunLog } from './flow-run-log.ts';
import { secretsOf } from '../secrets.ts';

/** A flow run, as its handlers see it and those of its tasks that are called where it was started. */
export interface FlowRunScope extends Omit<FlowRunFacts, 'logger' | 'flowRunName'> {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly log: FlowRunLog;
}

/** What `context` answers in the handlers of a flow; with the name of a task, in those of that task. */
export function contextOf(run: FlowRunScope, task?: string): Run {
  const { startedAt, log } = run;
  const date = new Date(startedAt);
  return {
    parameters: run.parameters,
    flowName: run.flowName,
    flowRunId: run.flowRunId,
    get flowRunName() {
      return log.flowRunName;
    },
    logger: log.loggerFor(task),
    date,
    scheduledStartTime: run.scheduledStartTime ?? date,
    secrets: secretsOf(run.secrets),
    signal: run.signal,
    extraLoggers: config().logging.extraLoggers,
    isOver: false,
    loggerOf: (name) => log.loggerFor(task, name),
    onceOver: () => {},
    renameFlowRun: (name) => log.rename(name),
    ...(task !== undefined && { taskName: task, taskRunName: task, mapIndex: undefined }),
  };
}
