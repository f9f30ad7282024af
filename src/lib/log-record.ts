export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line of a run's log, and whose it is. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  readonly message: string;
  /** The name of the task that wrote it; absent when the run itself did. */
  readonly task?: string;
  readonly mapIndex?: number;
  /** What this task run is called, when its task has a `taskRunName`. */
  readonly taskRun?: string;
  /** What the logger of another library is called that wrote it; absent when the task's own did. */
  readonly logger?: string;
  readonly worker?: string;
  readonly flowRun?: string;
  readonly flow?: string;
  /** In the line that tells of it: what the flow run is called from this line on. */
  readonly renamedTo?: string;
  /** What a line says that is to be said once in a run; it is not in the records that are handed out. */
  readonly once?: string;
}
