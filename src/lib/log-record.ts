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
  /** What the logger of another library is called that wrote it; absent when the task's own did. */
  readonly logger?: string;
  readonly worker?: string;
  readonly flowRun?: string;
  readonly flow?: string;
}
